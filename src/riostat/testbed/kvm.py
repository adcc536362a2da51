"""Whether KVM runs guests here: a guest of four bytes says so.

There are machines whose /dev/kvm makes virtual machines of which only those run that were built for
them (PVM, whose virtual processors otherwise run what KVM's emulator of instructions knows, which
is what touches memory and devices). Ordinary kernels hang there. So the guest adds two registers,
which is not emulated anywhere, and halts. Source: Documentation/virt/kvm/api.rst of the kernel.
"""

import ctypes
import fcntl
import mmap
import os
import struct
import subprocess
import sys
from contextlib import ExitStack
from errno import EACCES, ENOENT, ENXIO, EPERM
from pathlib import Path

__all__ = ["kvm_fault", "main"]

_DEVICE = Path("/dev/kvm")
_TIME_OUT_S = 5.0
_PAGE = 4096
# paddd mm0, mm0; hlt: whatever real processors have run since 1997.
_PROGRAM = b"\x0f\xfe\xc0\xf4"
_ADDRESS = 0x1000
_VERSION = 12
_EXIT_HLT = 5
_GET_API_VERSION, _CREATE_VM, _GET_VCPU_MMAP_SIZE, _CREATE_VCPU = 0xAE00, 0xAE01, 0xAE04, 0xAE41
_SET_USER_MEMORY_REGION, _RUN = 0x4020AE46, 0xAE80
_GET_SREGS, _SET_SREGS, _SREGS_BYTES = 0x8138AE83, 0x4138AE84, 312
_SET_REGS, _REGS_BYTES = 0x4090AE82, 144
_RIP_AT = 128  # the flags follow
_EXIT_REASON_AT = 8


def kvm_fault() -> str:
    """Return why KVM runs no guests on this machine, empty where it runs them.

    A process of its own tries it, which is ended when its guest hangs.
    """
    command = [sys.executable, "-I", "-S", __file__]
    try:
        tried = subprocess.run(
            command, capture_output=True, check=False, timeout=_TIME_OUT_S, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return f"a guest that should halt at once still runs after {_TIME_OUT_S:.0f} s"
    if tried.returncode:
        return "the process that tried it ended unexpectedly"
    return tried.stdout.decode().strip()


def main() -> None:
    """Print why KVM runs no guests, or nothing."""
    try:
        words = _try()
    except OSError as error:
        words = _reason(error)
    sys.stdout.write(words)


def _reason(error: OSError) -> str:
    if error.errno in {ENOENT, ENXIO}:
        return "there is no /dev/kvm: this machine offers no hardware virtualisation"
    if error.errno in {EACCES, EPERM}:
        return "this user may not open /dev/kvm: add the user to the group kvm"
    return f"KVM refuses to make a guest ({error.strerror})"


def _try() -> str:
    with ExitStack() as stack:

        def closing(descriptor: int) -> int:
            stack.callback(os.close, descriptor)
            return descriptor

        kvm = closing(os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC))
        version = fcntl.ioctl(kvm, _GET_API_VERSION, 0)
        if version != _VERSION:
            return f"KVM has the version {version} of its interface, not {_VERSION}"
        machine = closing(fcntl.ioctl(kvm, _CREATE_VM, 0))
        memory = mmap.mmap(-1, _PAGE)
        memory[: len(_PROGRAM)] = _PROGRAM
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        region = struct.pack("<IIQQQ", 0, 0, _ADDRESS, _PAGE, address)
        fcntl.ioctl(machine, _SET_USER_MEMORY_REGION, region)
        processor = closing(fcntl.ioctl(machine, _CREATE_VCPU, 0))
        state = mmap.mmap(processor, fcntl.ioctl(kvm, _GET_VCPU_MMAP_SIZE, 0))
        stack.callback(state.close)
        special = bytearray(_SREGS_BYTES)
        fcntl.ioctl(processor, _GET_SREGS, special)
        struct.pack_into("<Q", special, 0, 0)  # the code segment begins at 0
        fcntl.ioctl(processor, _SET_SREGS, bytes(special))
        registers = bytearray(_REGS_BYTES)
        struct.pack_into("<QQ", registers, _RIP_AT, _ADDRESS, 2)
        fcntl.ioctl(processor, _SET_REGS, bytes(registers))
        fcntl.ioctl(processor, _RUN, 0)
        (reason,) = struct.unpack_from("<I", state, _EXIT_REASON_AT)
    if reason == _EXIT_HLT:
        return ""
    return f"its virtual processors cannot run ordinary instructions (exit reason {reason})"


if __name__ == "__main__":
    main()
