"""Kernels: functions compiled by numba, kept in its cache, free of the interpreter while they run.

A signed place in an array may count from its end, and each use of one asks whether it does. Where a loop is
hot, `np.uint64(place)` says that it does not: the rule of crossings took an eighth less time for it. Signed
and unsigned numbers are not added up, since numba makes a fraction of them.

`load8` and `store8` move eight bytes at any position of a byte array; the caller leaves eight spare bytes
at its end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

__all__ = [
    "Bytes",
    "Integers",
    "Spans",
    "compiled",
    "compiled_into_callers",
    "compiled_lean",
    "load8",
    "lowest_bit",
    "store8",
]

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Integers = np.ndarray[Any, np.dtype[np.int64]]
Spans = np.ndarray[Any, np.dtype[np.int32]]

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
WORD = ir.IntType(64)
_LEAN: dict[str, Any] = {"nogil": True, "_nrt": False, "forceinline": True}


def compiled(function: Kernel) -> Kernel:
    """The function as machine code, compiled when it is first called.

    Where no folder can be written the kernel is compiled anew in every process. numba's cache notices a
    change only in the file in which a kernel stands: whoever changes a kernel touches the modules that call
    it.
    """
    try:
        return cast("Kernel", njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast("Kernel", njit(nogil=True)(function))


def compiled_into_callers(function: Kernel) -> Kernel:
    """The function as a part of the kernels that call it, where a call costs more than what it does."""
    return cast("Kernel", njit(cache=True, nogil=True, inline="always")(function))


def compiled_lean(function: Kernel) -> Kernel:
    """The function as machine code that makes no array and so counts no references to those it is given.

    A kernel that reads many arrays for each of many small steps spends most of its time on such counts.
    """
    try:
        return cast("Kernel", njit(cache=True, **_LEAN)(function))
    except RuntimeError:
        return cast("Kernel", njit(**_LEAN)(function))


def _word_at(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.bitcast(builder.gep(array.data, [arguments[1]]), WORD.as_pointer())


def _load8(typing_context: Any, array: Any, index: Any) -> Any:
    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_word_at(context, builder, signature, arguments), align=1)

    return types.uint64(array, types.intp), generated


def _store8(typing_context: Any, array: Any, index: Any, word: Any) -> Any:
    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _word_at(context, builder, signature, arguments), align=1)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.uint64), generated


def _lowest_bit(typing_context: Any, word: Any) -> Any:
    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generated


load8 = cast("Callable[[Bytes, int], np.uint64]", intrinsic(_load8))
store8 = cast("Callable[[Bytes, int, np.uint64], None]", intrinsic(_store8))
lowest_bit = cast("Callable[[np.uint64], int]", intrinsic(_lowest_bit))
