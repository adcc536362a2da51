"""Opening a sampler: on which CPUs and tasks, and what is given up where the kernel forbids it.

What the kernel allows is found out by asking it. The order of what is tried: every CPU with the
kernel's own code and namespaces; the same without namespaces, which need CAP_PERFMON; and then
tasks of this user alone, without the kernel's code where ``kernel.perf_event_paranoid`` forbids it.
"""

import errno
import os
import resource
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from riostat.core.errors import SamplingError
from riostat.profiler.events import CPU_CLOCK, CYCLES, find_event
from riostat.profiler.perf_event import EventType, Sampling, open_event
from riostat.profiler.ring import PAGE_BYTES, Ring
from riostat.profiler.sampler import Sampler

__all__ = [
    "MAX_SAMPLE_RATE",
    "PARANOID",
    "SamplingRequest",
    "event_refusal",
    "online_cpus",
    "open_sampler",
]

PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")
MAX_SAMPLE_RATE = Path("/proc/sys/kernel/perf_event_max_sample_rate")
_LOCKED_MEMORY = Path("/proc/sys/kernel/perf_event_mlock_kb")
_ONLINE = Path("/sys/devices/system/cpu/online")

# PERF_COUNT_SW_DUMMY: holds the rings where tasks are sampled, because a task's event ends with it.
_DUMMY = EventType("dummy", 1, 9)

_DENIED = frozenset({errno.EACCES, errno.EPERM})
_ABSENT = frozenset({errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV, errno.EINVAL})
_EXPECTED_SAMPLE_BYTES = 512
_RING_BYTES_MIN = 64 << 10
_RING_BYTES_MAX = 4 << 20
_RING_BYTES_UNPRIVILEGED = 512 << 10
_TASKS_MAX = 8192


class SamplingRequest(NamedTuple):
    """What to sample: event names (none: the default), and how often.

    One of `frequency_hz` (samples a second of each event and CPU) and `period` (event counts
    between two samples) is given.
    """

    events: Sequence[str]
    frequency_hz: int | None
    period: int | None


class _LockedMemoryError(Exception):
    """The kernel will not lock the memory of a ring."""


def open_sampler(request: SamplingRequest, *, workload: int | None = None) -> Sampler:
    """Open what was asked for, disabled, or as much of it as the kernel allows.

    Every CPU is sampled; where that is denied, the process `workload` and what it starts, or
    without one every process of this user. Raises `SamplingError` with the remedy.
    """
    if request.frequency_hz is not None:
        _check_frequency(request.frequency_hz)
    events, fallback = _resolve(request.events)
    _raise_descriptor_limit()
    for namespaces in (True, False):
        sampler = Sampler(events, fallback)
        try:
            _fill(sampler, request, tasks=None, namespaces=namespaces)
        except OSError as error:
            if error.errno not in _DENIED:
                raise _refusal(error) from error
        else:
            return sampler
    return _open_own(request, events, fallback, workload)


def _open_own(
    request: SamplingRequest,
    events: Sequence[EventType],
    fallback: str | None,
    workload: int | None,
) -> Sampler:
    sampler = Sampler(events, fallback)
    sampler.system = False
    sampler.kernel = event_refusal(events[0], kernel=True) is None
    tasks = _own_tasks() if workload is None else (workload,)
    try:
        if (error := event_refusal(events[0])) is not None:
            raise error
        _fill(sampler, request, tasks=tasks, namespaces=False)
    except OSError as error:
        raise _refusal(error) from error
    if sampler.empty:
        sampler.close()
        raise SamplingError(
            "No process of yours runs that can be sampled, and kernel.perf_event_paranoid, which "
            f"is {_number(PARANOID)}, forbids the others; start one, record around a command, or "
            "set it to -1 with sysctl."
        )
    whose = "your own processes were" if workload is None else "the command was"
    how = "" if sampler.kernel else ", without the kernel's code"
    sampler.restriction = (
        f"Only {whose} sampled{how}: kernel.perf_event_paranoid is {_number(PARANOID)}; set it "
        "to -1 with sysctl, or give CAP_PERFMON, to sample every domain."
    )
    return sampler


def _fill(
    sampler: Sampler,
    request: SamplingRequest,
    *,
    tasks: Sequence[int] | None,
    namespaces: bool,
) -> None:
    try:
        sampling = _open_rings(sampler, request, namespaces=namespaces)
        for cpu in sampler.cpus:
            if tasks is None:
                _open_further(sampler, sampling, cpu)
            else:
                _open_tasks(sampler, sampling, cpu, tasks)
    except BaseException:
        sampler.close()
        raise


def _open_rings(sampler: Sampler, request: SamplingRequest, *, namespaces: bool) -> Sampling:
    """Map a ring on every CPU, smaller ones where the kernel will not lock so much memory."""
    size = _ring_bytes(request, len(sampler.events), system=sampler.system)
    while True:
        sampling = Sampling(
            frequency_hz=request.frequency_hz,
            period=request.period,
            wakeup_bytes=size // 4,
            kernel=sampler.kernel,
            side_records=True,
            namespaces=namespaces,
            inherit=not sampler.system,
        )
        try:
            for cpu in online_cpus():
                _open_ring(sampler, sampling, cpu, size)
        except _LockedMemoryError as error:
            sampler.close()
            size //= 2
            if size < 2 * PAGE_BYTES:
                raise SamplingError(
                    "The kernel will not lock memory for the rings of "
                    f"{len(online_cpus())} CPUs: kernel.perf_event_mlock_kb is "
                    f"{_number(_LOCKED_MEMORY)}; raise it with sysctl or end other profilers."
                ) from error
        else:
            return sampling


def _open_ring(sampler: Sampler, sampling: Sampling, cpu: int, size: int) -> None:
    if sampler.system:
        kind, pid = sampler.events[0], -1
    else:
        kind, pid = _DUMMY, 0
        sampling = sampling._replace(kernel=False, side_records=False, inherit=False)
    try:
        owner = open_event(kind, sampling, pid=pid, cpu=cpu)
    except OSError as error:
        if error.errno == errno.ENODEV:
            return  # the CPU went offline since
        raise
    try:
        ring = Ring(owner.descriptor, cpu=cpu, data_bytes=size)
    except OSError as error:
        owner.close()
        if error.errno in {errno.EPERM, errno.ENOMEM}:
            raise _LockedMemoryError from error
        raise
    sampler.add_ring(cpu, owner, ring)
    if sampler.system:
        sampler.add_event(kind, owner)


def _open_further(sampler: Sampler, sampling: Sampling, cpu: int) -> None:
    plain = sampling._replace(side_records=False, namespaces=False)
    for kind in sampler.events[1:]:
        sampler.add_event(kind, open_event(kind, plain, pid=-1, cpu=cpu))


def _open_tasks(sampler: Sampler, sampling: Sampling, cpu: int, tasks: Sequence[int]) -> None:
    plain = sampling._replace(side_records=False)
    for kind in sampler.events:
        settings = sampling if kind is sampler.events[0] else plain
        for task in tasks:
            try:
                event = open_event(kind, settings, pid=task, cpu=cpu)
            except OSError as error:
                if error.errno in {errno.ESRCH, *_DENIED}:
                    continue  # the task ended, or is not this user's to look at
                raise
            sampler.add_event(kind, event)


def event_refusal(event: EventType, *, kernel: bool = False, cpu: int = -1) -> OSError | None:
    """Return why this process cannot sample an event, or None where it can.

    Of its own tasks without `cpu`, else of all tasks on that CPU.
    """
    sampling = Sampling(frequency_hz=None, period=1 << 30, wakeup_bytes=1, kernel=kernel)
    try:
        open_event(event, sampling, pid=0 if cpu < 0 else -1, cpu=cpu).close()
    except OSError as error:
        return error
    return None


def online_cpus() -> tuple[int, ...]:
    """Return the numbers of the CPUs that are online."""
    cpus: list[int] = []
    for part in _ONLINE.read_text().strip().split(","):
        first, _, last = part.partition("-")
        cpus.extend(range(int(first), int(last or first) + 1))
    return tuple(cpus)


def _resolve(names: Sequence[str]) -> tuple[list[EventType], str | None]:
    events: dict[str, EventType] = {}
    fallback = None
    for event in map(find_event, names or (CYCLES.name,)):
        error = event_refusal(event)
        chosen = event
        if error is not None and error.errno in _ABSENT:
            if event is not CYCLES:
                raise SamplingError(
                    f"The event {event.name} cannot be sampled on this machine "
                    f"({error.strerror}); `riostat profile domains` says what can be."
                ) from error
            chosen = CPU_CLOCK
            fallback = (
                "This machine gives no cycle counter (PMU), as most virtual machines: "
                "cpu-clock was sampled instead of cycles."
            )
        events[chosen.name] = chosen
    return list(events.values()), fallback


def _own_tasks() -> tuple[int, ...]:
    """Return the threads of this user's processes, without those of this one."""
    user, this = os.geteuid(), os.getpid()
    tasks: list[int] = []
    for pid in _numbers_in("/proc"):
        try:
            if pid != this and os.stat(f"/proc/{pid}").st_uid == user:  # noqa: PTH116 - hot
                tasks.extend(_numbers_in(f"/proc/{pid}/task"))
        except OSError:
            continue  # the process ended
    return tuple(tasks[:_TASKS_MAX])


def _numbers_in(directory: str) -> Iterator[int]:
    return (int(name) for name in os.listdir(directory) if name.isdecimal())  # noqa: PTH208 - one Path for each is slow


def _ring_bytes(request: SamplingRequest, events: int, *, system: bool) -> int:
    """Return a size that holds about a second of samples."""
    if request.frequency_hz is None:
        size = _RING_BYTES_MAX // 2
    else:
        expected = request.frequency_hz * events * _EXPECTED_SAMPLE_BYTES
        size = min(max(1 << (expected - 1).bit_length(), _RING_BYTES_MIN), _RING_BYTES_MAX)
    return size if system else min(size, _RING_BYTES_UNPRIVILEGED)


def _raise_descriptor_limit() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _check_frequency(frequency_hz: int) -> None:
    limit = _number(MAX_SAMPLE_RATE)
    if frequency_hz > limit:
        raise SamplingError(
            f"{frequency_hz} samples a second are more than this kernel takes: "
            f"kernel.perf_event_max_sample_rate is {limit}; raise it with sysctl or lower -F."
        )


def _number(path: Path) -> int:
    return int(path.read_text())


def _refusal(error: OSError) -> SamplingError:
    """Return the sentence for what perf_event_open(2) refuses."""
    if error.errno in _DENIED:
        return SamplingError(
            "This user may not sample: kernel.perf_event_paranoid is "
            f"{_number(PARANOID)}; set it to 2 or less with sysctl, give CAP_PERFMON, and in a "
            "container a seccomp profile that allows perf_event_open."
        )
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return SamplingError(
            f"Sampling needs more than the {limit} open files that are allowed; raise the limit "
            "with `ulimit -n`, or record around a command."
        )
    if error.errno == errno.ENOSYS:
        return SamplingError(
            f"This kernel has no perf_event_open for {os.uname().machine}; a Linux kernel with "
            "CONFIG_PERF_EVENTS on x86_64 or aarch64 is needed."
        )
    if error.errno in {errno.EINVAL, errno.E2BIG}:
        return SamplingError(
            f"This kernel ({os.uname().release}) does not know what a recording asks for; Linux "
            "5.9 or later, built with CONFIG_CGROUP_PERF, is needed."
        )
    return SamplingError(
        f"The kernel refuses to sample ({error.strerror}); `riostat profile domains` says what "
        "can be sampled here."
    )
