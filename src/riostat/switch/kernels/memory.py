"""Raw memory that other processes write: atomic loads and stores, fences, copies, system calls.

Loads widen to a signed 64-bit integer, stores narrow from one. A word that a guest writes is read
with `load*`, once, so that what was checked is what is used; the C11 memory model that LLVM
follows gives acquire and release their meaning (VIRTIO 1.2, 2.7.13, says where the barriers go).
"""

from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = [
    "address",
    "c_clock_gettime",
    "c_memcmp",
    "c_mmap",
    "c_munmap",
    "c_poll",
    "c_process_vm_readv",
    "c_process_vm_writev",
    "c_read",
    "c_sched_yield",
    "c_write",
    "c_writev",
    "copy",
    "fence",
    "load8",
    "load16",
    "load16_acquire",
    "load32",
    "load64",
    "load64_acquire",
    "pause",
    "prefetch",
    "store8",
    "store16",
    "store16_release",
    "store32",
    "store64",
    "store64_release",
    "words",
]

# What tells the other hardware thread of a core, or a hypervisor, that a loop is waiting.
_PAUSES = {"x86_64": ("llvm.x86.sse2.pause", ()), "aarch64": ("llvm.aarch64.hint", (1,))}

_BYTE_POINTER = ir.IntType(8).as_pointer()
_I64 = ir.IntType(64)


def _load(bits: int, ordering: str) -> Any:
    @intrinsic
    def load(typing_context: Any, address: Any) -> Any:  # noqa: ARG001 - numba's signature
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001 - numba's signature
            pointer = builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer())
            value = builder.load_atomic(pointer, ordering, bits // 8)
            return value if bits == 64 else builder.zext(value, _I64)

        return types.int64(types.int64), generate

    return load


def _store(bits: int, ordering: str) -> Any:
    @intrinsic
    def store(typing_context: Any, address: Any, value: Any) -> Any:  # noqa: ARG001 - numba's signature
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001 - numba's signature
            pointer = builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer())
            narrow = arguments[1] if bits == 64 else builder.trunc(arguments[1], ir.IntType(bits))
            builder.store_atomic(narrow, pointer, ordering, bits // 8)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64), generate

    return store


load8: Any = _load(8, "monotonic")
load16: Any = _load(16, "monotonic")
load32: Any = _load(32, "monotonic")
load64: Any = _load(64, "monotonic")
load16_acquire: Any = _load(16, "acquire")
load64_acquire: Any = _load(64, "acquire")
store8: Any = _store(8, "monotonic")
store16: Any = _store(16, "monotonic")
store32: Any = _store(32, "monotonic")
store64: Any = _store(64, "monotonic")
store16_release: Any = _store(16, "release")
store64_release: Any = _store(64, "release")


def _fence(typing_context: Any) -> Any:  # noqa: ARG001 - numba's signature
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001 - numba's signature
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


def _copy(typing_context: Any, target: Any, source: Any, length: Any) -> Any:  # noqa: ARG001 - numba's signature
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001 - numba's signature
        to = builder.inttoptr(arguments[0], _BYTE_POINTER)
        source_pointer = builder.inttoptr(arguments[1], _BYTE_POINTER)
        cgutils.raw_memcpy(builder, to, source_pointer, arguments[2], ir.Constant(_I64, 1))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


def _words(typing_context: Any, array: Any) -> Any:  # noqa: ARG001 - numba's signature
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(types.int64)(array), generate


def _address(typing_context: Any, pointer: Any) -> Any:  # noqa: ARG001 - numba's signature
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001 - numba's signature
        return builder.ptrtoint(arguments[0], _I64)

    return types.int64(pointer), generate


def _prefetch(typing_context: Any, address: Any) -> Any:  # noqa: ARG001 - numba's signature
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001 - numba's signature
        i32 = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [_BYTE_POINTER, i32, i32, i32])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        pointer = builder.inttoptr(arguments[0], _BYTE_POINTER)
        builder.call(function, [pointer, i32(0), i32(3), i32(1)])
        return context.get_dummy_value()

    return types.void(types.int64), generate


def _pause(typing_context: Any) -> Any:  # noqa: ARG001 - numba's signature
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001 - numba's signature
        machine = binding.get_default_triple().partition("-")[0]
        if machine in _PAUSES:
            name, values = _PAUSES[machine]
            i32 = ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [i32] * len(values))
            function = cgutils.get_or_insert_function(builder.module, kind, name)
            builder.call(function, [i32(value) for value in values])
        return context.get_dummy_value()

    return types.void(), generate


fence: Any = intrinsic(_fence)
"""Order all that stands before it before all that stands behind it (seq_cst)."""

copy: Any = intrinsic(_copy)
"""Copy bytes between places that do not overlap: target, source, length."""

words: Any = intrinsic(_words)
"""Take an array of words as a pointer, which is indexed alike.

An array that is passed on costs seven arguments and two counts of its references for each call.
"""

address: Any = intrinsic(_address)
"""Return where a pointer points to."""

prefetch: Any = intrinsic(_prefetch)
"""Ask for the cache line at an address, which need not be mapped."""

pause: Any = intrinsic(_pause)
"""Wait a moment inside a loop that polls; nothing on machines that have no word for it."""

_i32, _i64 = types.int32, types.int64

c_mmap: Any = types.ExternalFunction("mmap", _i64(_i64, _i64, _i32, _i32, _i32, _i64))
c_munmap: Any = types.ExternalFunction("munmap", _i32(_i64, _i64))
c_read: Any = types.ExternalFunction("read", _i64(_i32, _i64, _i64))
c_write: Any = types.ExternalFunction("write", _i64(_i32, _i64, _i64))
c_writev: Any = types.ExternalFunction("writev", _i64(_i32, _i64, _i32))
c_poll: Any = types.ExternalFunction("poll", _i32(_i64, _i64, _i32))
c_memcmp: Any = types.ExternalFunction("memcmp", _i32(_i64, _i64, _i64))
c_sched_yield: Any = types.ExternalFunction("sched_yield", _i32())
c_clock_gettime: Any = types.ExternalFunction("clock_gettime", _i32(_i32, _i64))
c_process_vm_readv: Any = types.ExternalFunction(
    "process_vm_readv", _i64(_i32, _i64, _i64, _i64, _i64, _i64)
)
c_process_vm_writev: Any = types.ExternalFunction(
    "process_vm_writev", _i64(_i32, _i64, _i64, _i64, _i64, _i64)
)
