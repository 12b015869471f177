#!/usr/bin/env bash
# An emulated aarch64 Python with what unpacking needs, in a folder of its own:
#
#     benchmarks/exactness/aarch64.sh FOLDER          (Debian, as root; PYTHON=the interpreter with hepack)
#     FOLDER/python tests/exactness/digests.py | diff - tests/exactness/digests.json
#
# qemu-user runs the processor's instructions, Debian's arm64 Python 3.11 and the aarch64 wheels of the same versions
# as here are real. HEPACK_NO_NUMBA=0 compiles the loops for aarch64, which takes minutes under emulation.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
python=${PYTHON:-python3}

apt-get install -y qemu-user-static debootstrap
debootstrap --arch=arm64 --foreign --variant=minbase --include=python3,libgomp1,libstdc++6 bookworm "$folder/root"
for package in "$folder"/root/var/cache/apt/archives/*.deb; do dpkg -x "$package" "$folder/root"; done

"$python" -m pip freeze --exclude-editable > "$folder/versions"
platforms=()
for glibc in 2_17 2_26 2_27 2_28; do platforms+=(--platform "manylinux_${glibc}_aarch64"); done
"$python" -m pip download --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi abi3 \
    --abi none --platform manylinux2014_aarch64 "${platforms[@]}" -c "$folder/versions" -d "$folder/wheels" \
    awkward click fsspec importlib_metadata numba numpy pcodec pydantic rich uproot zstandard
for wheel in "$folder"/wheels/*.whl; do "$python" -m zipfile -e "$wheel" "$folder/site"; done

sources=$(cd "$(dirname "$0")/../../src" && pwd)
cat > "$folder/python" <<END
#!/bin/sh
export PYTHONPATH="$folder/site:$sources" HEPACK_NO_NUMBA="\${HEPACK_NO_NUMBA:-1}" OPENBLAS_NUM_THREADS=1
export NUMBA_CACHE_DIR="$folder/numba"
exec qemu-aarch64-static -L "$folder/root" "$folder/root/usr/bin/python3.11" "\$@"
END
chmod +x "$folder/python"
