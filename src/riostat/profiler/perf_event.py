"""perf_event_open(2) over ctypes: opening one event, and what can be asked of it.

The layouts and numbers are those of ``include/uapi/linux/perf_event.h``. Nothing here decides
what to sample: refusals of the kernel come back as `OSError`.
"""

import ctypes
import errno
import fcntl
import os
import struct
from typing import NamedTuple

__all__ = [
    "SAMPLE_TYPE",
    "EventType",
    "PerfEvent",
    "Sampling",
    "open_event",
]

_SYSCALL_NUMBERS = {"x86_64": 298, "aarch64": 241}

# PERF_SAMPLE_*: IDENTIFIER, IP, TID, TIME, CALLCHAIN, CPU, PERIOD, CGROUP.
SAMPLE_TYPE = 1 << 16 | 1 << 0 | 1 << 1 | 1 << 2 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 21

_DISABLED = 1 << 0
_INHERIT = 1 << 1
_EXCLUDE_KERNEL = 1 << 5
_EXCLUDE_IDLE = 1 << 7
_MMAP = 1 << 8
_COMM = 1 << 9
_FREQUENCY = 1 << 10
_TASK = 1 << 13
_WATERMARK = 1 << 14
_SAMPLE_ID_ALL = 1 << 18
_EXCLUDE_CALLCHAIN_KERNEL = 1 << 21
_MMAP2 = 1 << 23
_COMM_EXEC = 1 << 24
_USE_CLOCKID = 1 << 25
_NAMESPACES = 1 << 28
_KSYMBOL = 1 << 29
_CGROUP = 1 << 32
_SIDE_RECORDS = _MMAP | _MMAP2 | _COMM | _COMM_EXEC | _TASK | _KSYMBOL | _CGROUP

_FORMAT_ID = 1 << 2
_FORMAT_LOST = 1 << 4

_CLOCK_MONOTONIC = 1
_FLAG_FD_CLOEXEC = 1 << 3
_IOC_ENABLE = 0x2400
_IOC_DISABLE = 0x2401
_IOC_SET_OUTPUT = 0x2405

# struct perf_event_attr up to PERF_ATTR_SIZE_VER5: type, size, config, sample_period,
# sample_type, read_format, flags, wakeup_watermark, bp_type, config1, config2,
# branch_sample_type, sample_regs_user, sample_stack_user, clockid, sample_regs_intr,
# aux_watermark, sample_max_stack, reserved.
_ATTRIBUTES = struct.Struct("<IIQQQQQIIQQQQIiQIHH")
_COUNTS = struct.Struct("<QQQ")

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = [
    ctypes.c_long,
    ctypes.c_char_p,
    ctypes.c_long,
    ctypes.c_long,
    ctypes.c_long,
    ctypes.c_long,
]


class EventType(NamedTuple):
    """What an event counts: PERF_TYPE_* and the configuration that belongs to it."""

    name: str
    type: int
    config: int


class Sampling(NamedTuple):
    """How an event samples.

    One of `frequency_hz` and `period` is given. `side_records` asks for mmap, comm, fork, exit,
    ksymbol and cgroup records; `namespaces`, which needs CAP_PERFMON, for those too. With
    `inherit` threads and processes that the sampled task makes are sampled as well. The reader is
    woken when `wakeup_bytes` are unread.
    """

    frequency_hz: int | None
    period: int | None
    wakeup_bytes: int
    kernel: bool = True
    side_records: bool = False
    namespaces: bool = False
    inherit: bool = False


class PerfEvent:
    """One open event on one CPU.

    `id` is what the kernel writes into each of its samples; `counts_lost` says whether the kernel
    (6.0 and later) keeps a count of the samples that found no room.
    """

    __slots__ = ("counts_lost", "cpu", "descriptor", "id")

    def __init__(self, descriptor: int, cpu: int, *, counts_lost: bool) -> None:
        self.descriptor = descriptor
        self.cpu = cpu
        self.counts_lost = counts_lost
        self.id = _COUNTS.unpack(self._read())[1]

    def enable(self) -> None:
        """Start counting and sampling."""
        fcntl.ioctl(self.descriptor, _IOC_ENABLE, 0)

    def disable(self) -> None:
        """Stop counting and sampling."""
        fcntl.ioctl(self.descriptor, _IOC_DISABLE, 0)

    def redirect(self, ring_owner: "PerfEvent") -> None:
        """Write the samples of this event into the ring of another one of the same CPU."""
        fcntl.ioctl(self.descriptor, _IOC_SET_OUTPUT, ring_owner.descriptor)

    def lost(self) -> int:
        """Return how many samples found no room in the ring, 0 where the kernel does not count."""
        return int(_COUNTS.unpack(self._read())[2]) if self.counts_lost else 0

    def close(self) -> None:
        """Close the event; closing it twice does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _read(self) -> bytes:
        return os.read(self.descriptor, _COUNTS.size).ljust(_COUNTS.size, b"\0")


def open_event(event: EventType, sampling: Sampling, *, pid: int, cpu: int) -> PerfEvent:
    """Open an event, disabled: of one task on one CPU, or of a whole CPU with `pid` -1.

    Raises `OSError` as perf_event_open(2) says, with ENOSYS on an architecture that riostat has
    no system call number for.
    """
    try:
        return _open(event, sampling, pid, cpu, counts_lost=True)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    return _open(event, sampling, pid, cpu, counts_lost=False)


def _open(
    event: EventType, sampling: Sampling, pid: int, cpu: int, *, counts_lost: bool
) -> PerfEvent:
    number = _SYSCALL_NUMBERS.get(os.uname().machine)
    if number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    attributes = _ATTRIBUTES.pack(
        event.type,
        _ATTRIBUTES.size,
        event.config,
        sampling.frequency_hz or sampling.period or 0,
        SAMPLE_TYPE,
        _FORMAT_ID | (_FORMAT_LOST if counts_lost else 0),
        _flags(sampling),
        sampling.wakeup_bytes,
        *(0,) * 6,
        _CLOCK_MONOTONIC,
        *(0,) * 4,
    )
    buffer = ctypes.create_string_buffer(attributes, len(attributes))  # the kernel may answer in it
    descriptor = _syscall(number, buffer, pid, cpu, -1, _FLAG_FD_CLOEXEC)
    if descriptor < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return PerfEvent(descriptor, cpu, counts_lost=counts_lost)


def _flags(sampling: Sampling) -> int:
    flags = _DISABLED | _EXCLUDE_IDLE | _WATERMARK | _SAMPLE_ID_ALL | _USE_CLOCKID
    if sampling.frequency_hz is not None:
        flags |= _FREQUENCY
    if sampling.side_records:
        flags |= _SIDE_RECORDS
    if sampling.namespaces:
        flags |= _NAMESPACES
    if sampling.inherit:
        flags |= _INHERIT
    if not sampling.kernel:
        flags |= _EXCLUDE_KERNEL | _EXCLUDE_CALLCHAIN_KERNEL
    return flags
