"""A pickle machine that builds nothing.

A pickle is a program that may import and call anything. Here it runs on an exact list of names, and
importing one gives a `Name`, calling one a `Made`: inert records of what the pickle asks for. No function
or class of the pickle's choosing is ever called, so what it can do is fill memory within the file's size.
`pickle_tables` turns the records into arrays.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn

from hepack._errors import BadInputError


@dataclass(frozen=True)
class Name:
    """An admitted class or function, by its plain name (``ndarray``)."""

    name: str


@dataclass(eq=False)
class Made:
    """A call of a `Name`, and the state that the pickle gave to the result."""

    name: str
    args: tuple[Any, ...] = ()
    state: Any = None
    items: list[Any] = field(default_factory=list)


_INDEXES = (
    "Index Int64Index UInt64Index Float64Index RangeIndex NumericIndex MultiIndex DatetimeIndex "
    "CategoricalIndex"
)
_ARRAYS = (
    "ArrowStringArray StringArray Categorical DatetimeArray TimedeltaArray IntegerArray FloatingArray "
    "BooleanArray PandasArray NumpyExtensionArray"
)
_DTYPES = (
    "CategoricalDtype StringDtype DatetimeTZDtype BooleanDtype Int8Dtype Int16Dtype Int32Dtype Int64Dtype "
    "UInt8Dtype UInt16Dtype UInt32Dtype UInt64Dtype Float32Dtype Float64Dtype"
)

_MODULES = {
    "builtins": "slice bytearray bytes object",
    "__builtin__": "slice bytearray bytes object",
    "_codecs": "encode",
    "collections": "OrderedDict",
    "copyreg": "_reconstructor",
    "copy_reg": "_reconstructor",
    "numpy": "ndarray dtype recarray record float64 float32 int64",
    "numpy.rec": "recarray",
    "numpy.core.records": "recarray record",
    "numpy._core.records": "recarray record",
    "numpy.core.multiarray": "_reconstruct scalar",
    "numpy._core.multiarray": "_reconstruct scalar",
    "numpy.core.numeric": "_frombuffer",
    "numpy._core.numeric": "_frombuffer",
    "pandas": f"DataFrame Series {_INDEXES} Categorical {_DTYPES}",
    "pandas.core.frame": "DataFrame",
    "pandas.core.series": "Series",
    "pandas.core.internals": "BlockManager SingleBlockManager",
    "pandas.core.internals.managers": "BlockManager SingleBlockManager",
    "pandas._libs.internals": "_unpickle_block",
    "pandas._libs.arrays": "__pyx_unpickle_NDArrayBacked",
    "pandas.core.indexes.base": "_new_Index Index",
    "pandas.core.indexes.numeric": "Int64Index UInt64Index Float64Index",
    "pandas.core.indexes.range": "RangeIndex",
    "pandas.core.indexes.multi": "MultiIndex",
    "pandas.core.indexes.datetimes": "DatetimeIndex _new_DatetimeIndex",
    "pandas.core.indexes.category": "CategoricalIndex",
    "pandas.arrays": _ARRAYS,
    "pandas.core.arrays.string_": "StringArray StringDtype",
    "pandas.core.arrays.string_arrow": "ArrowStringArray",
    "pandas.core.arrays.categorical": "Categorical",
    "pandas.core.arrays.datetimes": "DatetimeArray",
    "pandas.core.arrays.timedeltas": "TimedeltaArray",
    "pandas.core.arrays.integer": f"IntegerArray {_DTYPES}",
    "pandas.core.arrays.floating": f"FloatingArray {_DTYPES}",
    "pandas.core.arrays.boolean": "BooleanArray BooleanDtype",
    "pandas.core.dtypes.dtypes": "CategoricalDtype DatetimeTZDtype",
    "pyarrow.lib": "_restore_array type_for_alias py_buffer",
}

_ADMITTED = frozenset((module, name) for module, names in _MODULES.items() for name in names.split())


def load_records(data: bytes, label: str) -> Any:
    """What a pickle describes: plain Python values, and `Made` records for everything else.

    Raises:
        BadInputError: the pickle is broken, or asks for a name that is not on the list; it is named.
    """
    try:
        machine: Any = _Machine(io.BytesIO(data), encoding="latin1")
        return machine.load()
    except _RefusedError as refused:
        raise BadInputError(f"{label} is refused: {refused}") from None
    except MemoryError as error:
        raise BadInputError(f"{label} asks for more memory than there is") from error
    except Exception as error:  # a broken pickle can fail in any way; nothing in it was called
        raise BadInputError(f"{label} is a broken pickle: {type(error).__name__}: {error}") from error


class _RefusedError(Exception):
    """The pickle asks for something that it may not have."""


class _Machine(pickle._Unpickler):  # the machine in C would allocate by the file's own numbers
    stack: list[Any]
    pop_mark: Callable[[], list[Any]]
    append: Callable[[Any], None]

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise _RefusedError(
                f"it asks for '{module}.{name}', and only NumPy and pandas data may be unpickled; "
                f"convert it to parquet or npz with the program that wrote it"
            )
        return Name(name)

    def persistent_load(self, pid: Any) -> Any:
        self._refuse("a persistent object")

    def get_extension(self, code: int) -> None:
        self._refuse(f"the extension code {code}")

    def _refuse(self, what: str) -> NoReturn:
        raise _RefusedError(f"it asks for {what}, and only NumPy and pandas data may be unpickled")

    def _call(self, function: Any, args: Any) -> Any:
        if not isinstance(function, Name) or not isinstance(args, tuple):
            self._refuse("a call of something that is no function")
        if function.name in _SIMPLE:
            return _SIMPLE[function.name](*args)
        return Made(function.name, args)

    def _reduce(self) -> None:
        args = self.stack.pop()
        self.stack[-1] = self._call(self.stack[-1], args)

    def _new_with_keywords(self) -> None:
        keywords = self.stack.pop()
        if keywords:
            self._refuse("a call with keywords")
        self._reduce()

    def _inst(self) -> None:
        module = self.readline()[:-1].decode("ascii")  # type: ignore[attr-defined]
        name = self.readline()[:-1].decode("ascii")  # type: ignore[attr-defined]
        self.append(self._call(self.find_class(module, name), tuple(self.pop_mark())))

    def _obj(self) -> None:
        function, *args = self.pop_mark()
        self.append(self._call(function, tuple(args)))

    def _build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, Made):
            self._refuse(f"setting the state of a {type(target).__name__}")
        # __pyx_unpickle_NDArrayBacked has its state among its arguments already
        target.state = state if target.state is None else target.state

    def _append_one(self) -> None:
        value = self.stack.pop()
        self._listed(self.stack[-1]).append(value)

    def _append_many(self) -> None:
        values = self.pop_mark()
        self._listed(self.stack[-1]).extend(values)

    def _listed(self, target: Any) -> list[Any]:
        if isinstance(target, list):
            return target
        if isinstance(target, Made):
            return target.items
        return self._refuse(f"appending to a {type(target).__name__}")

    def _set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._dict(self.stack[-1])[key] = value

    def _set_items(self) -> None:
        items = self.pop_mark()
        self._dict(self.stack[-1]).update(zip(items[::2], items[1::2], strict=True))

    def _dict(self, target: Any) -> dict[Any, Any]:
        if not isinstance(target, dict):
            self._refuse(f"setting items of a {type(target).__name__}")
        return target

    _own: ClassVar[dict[int, Any]] = {
        pickle.REDUCE[0]: _reduce,
        pickle.NEWOBJ[0]: _reduce,
        pickle.NEWOBJ_EX[0]: _new_with_keywords,
        pickle.INST[0]: _inst,
        pickle.OBJ[0]: _obj,
        pickle.BUILD[0]: _build,
        pickle.APPEND[0]: _append_one,
        pickle.APPENDS[0]: _append_many,
        pickle.SETITEM[0]: _set_item,
        pickle.SETITEMS[0]: _set_items,
    }
    dispatch = {**pickle._Unpickler.dispatch, **_own}  # noqa: RUF012  (the base class has it so)


def _encode(text: str, encoding: str = "latin1") -> bytes:
    """How protocol 2 spells bytes."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise _RefusedError(f"it asks for the codec {encoding!r:.40}")
    return text.encode("latin-1")


def _bytearray(data: Any = b"", encoding: str = "latin1") -> bytes:
    """A call on bytes is how old protocols spell them; one on a number would allocate."""
    if isinstance(data, str):
        return _encode(data, encoding)
    if not isinstance(data, bytes):
        raise _RefusedError("it asks for a bytearray of something else than bytes")
    return data


def _ordered_dict(pairs: Any = ()) -> dict[Any, Any]:
    return dict(pairs) if isinstance(pairs, (list, tuple, dict)) else {}


def _reconstructor(cls: Any, *_: Any) -> Made:
    """How protocols 0 and 1 make an object."""
    if not isinstance(cls, Name):
        raise _RefusedError("it asks to make an object of something that is no class")
    return Made(cls.name)


_SIMPLE: dict[str, Callable[..., Any]] = {
    "encode": _encode,
    "bytearray": _bytearray,
    "bytes": _bytearray,
    "OrderedDict": _ordered_dict,
    "_reconstructor": _reconstructor,
}
