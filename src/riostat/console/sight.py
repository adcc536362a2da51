"""What can be seen of this machine, what is missing, and how to add it."""

import time
from collections.abc import Iterator
from threading import Lock

import msgspec

from riostat.core.domain import DomainKind
from riostat.core.manifest import Machine
from riostat.profiler.capability import Capability, probe
from riostat.profiler.events import CPU_CLOCK, CYCLES

__all__ = ["Missing", "OwnMachine", "SampledDomain", "Sampling", "Seen", "Sight", "missing_of"]

_KEPT_S = 30.0


class Missing(msgspec.Struct, frozen=True):
    """One thing that cannot be sampled here, or only in part."""

    name: str
    state: str
    reason: str
    remedy: str


class SampledDomain(msgspec.Struct, frozen=True):
    """One domain that runs now, with the events that can be sampled in it."""

    name: str
    kind: str
    sampling: list[str]
    missing: list[str]


class Sampling(msgspec.Struct, frozen=True):
    """What a recording without an event samples, and in whom."""

    event: str
    requested: str
    kernel: bool
    domains: list[SampledDomain]


class OwnMachine(msgspec.Struct, frozen=True):
    """The machine that the console runs on."""

    system: str
    cpus: int
    memory_bytes: int
    model: str


class Seen(msgspec.Struct, frozen=True):
    """What the overview says of this machine."""

    machine: OwnMachine
    sampling: Sampling
    missing: list[Missing]


class Sight:
    """Looks at the machine, and remembers for a while what it saw. For any thread."""

    def __init__(self, machine: Machine) -> None:
        self._machine = OwnMachine(
            system=f"Linux {machine.kernel}",
            cpus=machine.cpus,
            memory_bytes=machine.memory_bytes,
            model=machine.cpu_model,
        )
        self._lock = Lock()
        self._seen: Seen | None = None
        self._until_s = 0.0

    def look(self) -> Seen:
        """Return what is there now, or was there less than half a minute ago."""
        with self._lock:
            if self._seen is None or time.monotonic() >= self._until_s:
                capability = probe()
                missing = list(missing_of(capability))
                self._seen = Seen(self._machine, _sampling(capability), missing)
                self._until_s = time.monotonic() + _KEPT_S
            return self._seen


def _sampling(capability: Capability) -> Sampling:
    return Sampling(
        event=CYCLES.name if capability.pmu else CPU_CLOCK.name,
        requested=CYCLES.name,
        kernel=capability.kernel,
        domains=[
            SampledDomain(d.domain.name, d.domain.kind.value, [*d.sampling], [*d.missing])
            for d in capability.domains
        ],
    )


def missing_of(capability: Capability) -> Iterator[Missing]:
    """Yield what this process cannot sample, each with a reason and a remedy."""
    if not capability.pmu:
        yield Missing(
            "Cycles, cache and TLB misses",
            "missing",
            "This machine shows no performance counters; cpu-clock is sampled instead.",
            "Run on the hardware, or give the guest a PMU (QEMU: -cpu host,pmu=on).",
        )
    if not capability.every_cpu:
        yield Missing(
            "Processes of other users",
            "missing",
            f"kernel.perf_event_paranoid is {capability.paranoid}.",
            "Run as root, give CAP_PERFMON, or `sysctl kernel.perf_event_paranoid=-1`.",
        )
    elif not capability.kernel:
        yield Missing(
            "The kernel's code",
            "missing",
            f"kernel.perf_event_paranoid is {capability.paranoid}.",
            "Run as root, or `sysctl kernel.perf_event_paranoid=1`.",
        )
    if not capability.kernel_names:
        yield Missing(
            "Names of the kernel's functions",
            "missing",
            f"kernel.kptr_restrict is {capability.kptr_restrict}.",
            "Run as root, or `sysctl kernel.kptr_restrict=0`.",
        )
    for entry in capability.domains:
        if entry.domain.kind is DomainKind.VM:
            yield Missing(f"Inside {entry.domain.name}", "partial", " ".join(entry.missing), "")
