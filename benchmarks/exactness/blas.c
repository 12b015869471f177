/* Lets a numpy wheel, which brings its own OpenBLAS, call another BLAS instead:

       cc -O2 -shared -fPIC -o blas.so benchmarks/exactness/blas.c -ldl
       OTHER_BLAS=/path/to/libblas.so.3 LD_PRELOAD=$PWD/blas.so python ...

   The wheel calls scipy_cblas_dgemm64_ and so on, with sizes of 64 bits; OTHER_BLAS has cblas_dgemm, with 32. Of the
   real types, all that numpy calls is here. COUNT_BLAS=1 says at the end how often it was called. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int64_t wide;
static long calls;

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("OTHER_BLAS");
    const char *slash = path ? strrchr(path, '/') : NULL;
    if (path && getenv("COUNT_BLAS")) fprintf(stderr, "%ld calls of %s\n", calls, slash ? slash + 1 : path);
}

static void *find(const char *name) {
    static void *library;
    const char *path = getenv("OTHER_BLAS");
    if (!library && path) library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, name) : NULL;
    if (!symbol) {
        fprintf(stderr, "OTHER_BLAS=%s has no %s: %s\n", path ? path : "", name, dlerror());
        abort();
    }
    calls++;
    return symbol;
}

#define FOR_TYPE(T, t)                                                                                        \
    void scipy_cblas_##t##gemm64_(int o, int ta, int tb, wide m, wide n, wide k, T alpha, const T *a, wide la, \
                                  const T *b, wide lb, T beta, T *c, wide lc) {                                \
        static void (*f)(int, int, int, int, int, int, T, const T *, int, const T *, int, T, T *, int);       \
        f = find("cblas_" #t "gemm");                                                                          \
        f(o, ta, tb, m, n, k, alpha, a, la, b, lb, beta, c, lc);                                               \
    }                                                                                                         \
    void scipy_cblas_##t##gemv64_(int o, int ta, wide m, wide n, T alpha, const T *a, wide la, const T *x,     \
                                  wide ix, T beta, T *y, wide iy) {                                            \
        static void (*f)(int, int, int, int, T, const T *, int, const T *, int, T, T *, int);                 \
        f = find("cblas_" #t "gemv");                                                                          \
        f(o, ta, m, n, alpha, a, la, x, ix, beta, y, iy);                                                      \
    }                                                                                                         \
    void scipy_cblas_##t##syrk64_(int o, int u, int ta, wide n, wide k, T alpha, const T *a, wide la, T beta,  \
                                  T *c, wide lc) {                                                             \
        static void (*f)(int, int, int, int, int, T, const T *, int, T, T *, int);                            \
        f = find("cblas_" #t "syrk");                                                                          \
        f(o, u, ta, n, k, alpha, a, la, beta, c, lc);                                                          \
    }                                                                                                         \
    T scipy_cblas_##t##dot64_(wide n, const T *x, wide ix, const T *y, wide iy) {                              \
        static T (*f)(int, const T *, int, const T *, int);                                                   \
        f = find("cblas_" #t "dot");                                                                           \
        return f(n, x, ix, y, iy);                                                                             \
    }                                                                                                         \
    void scipy_cblas_##t##axpy64_(wide n, T a, const T *x, wide ix, T *y, wide iy) {                           \
        static void (*f)(int, T, const T *, int, T *, int);                                                   \
        f = find("cblas_" #t "axpy");                                                                          \
        f(n, a, x, ix, y, iy);                                                                                 \
    }

FOR_TYPE(float, s)
FOR_TYPE(double, d)
