"""What can be sampled on this machine, and what is missing for the rest."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from riostat.core.domain import HOST, Domain, DomainKind
from riostat.core.text import printable
from riostat.profiler.cgroups import process_domain
from riostat.profiler.events import CPU_CLOCK, CYCLES, EVENT_NAMES, find_event
from riostat.profiler.opening import PARANOID, event_refusal, online_cpus
from riostat.profiler.snapshot import NAMESPACES, running_processes, unified_path
from riostat.profiler.symbols.boot import hidden_symbols

__all__ = ["Capability", "DomainCapability", "guest_name", "probe"]

_KPTR_RESTRICT = Path("/proc/sys/kernel/kptr_restrict")
_KALLSYMS = Path("/proc/kallsyms")
_KALLSYMS_BYTES = 64 << 10  # the first symbols are data of each CPU; code follows
_QEMU = ("qemu-system-", "qemu-kvm")
_COMMAND_LINE_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class DomainCapability:
    """One domain: the events that can be sampled in it, and a sentence for each thing missing."""

    domain: Domain
    sampling: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Capability:
    """What this process can sample on this machine.

    `every_cpu` says that all processes can be sampled, not this user's alone, and `kernel` that
    the kernel's code can; `kernel_names` that the addresses of its functions can be read.
    """

    pmu: bool
    every_cpu: bool
    kernel: bool
    kernel_names: bool
    paranoid: int
    kptr_restrict: int
    domains: tuple[DomainCapability, ...]


def probe() -> Capability:
    """Ask the kernel what this process can sample, and look for the domains that run."""
    cpu = online_cpus()[0]
    every_cpu = event_refusal(CPU_CLOCK, kernel=True, cpu=cpu) is None
    kernel = every_cpu or event_refusal(CPU_CLOCK, kernel=True) is None
    pmu = event_refusal(CYCLES) is None
    events = tuple(name for name in EVENT_NAMES if event_refusal(find_event(name)) is None)
    paranoid, kptr_restrict = (int(path.read_text()) for path in (PARANOID, _KPTR_RESTRICT))
    hidden = _hidden_names()
    missing = []
    if not pmu:
        missing.append(
            "No cycle counter (PMU): events of the processor cannot be counted, and cpu-clock is "
            "sampled instead of cycles."
        )
    restriction = []
    if not every_cpu:
        restriction.append(
            f"No right to sample others' processes: kernel.perf_event_paranoid is {paranoid}; set "
            "it to -1 with sysctl or give CAP_PERFMON."
        )
    if hidden is not None:
        missing.append(hidden)
    host = DomainCapability(HOST, events, (*missing, *restriction))
    sampled = events if every_cpu else ()
    domains = sorted(_running_domains(), key=lambda domain: (domain.kind, domain.name))
    return Capability(
        pmu=pmu,
        every_cpu=every_cpu,
        kernel=kernel,
        kernel_names=hidden is None,
        paranoid=paranoid,
        kptr_restrict=kptr_restrict,
        domains=(host, *(_of(domain, sampled, (*missing, *restriction)) for domain in domains)),
    )


def _of(domain: Domain, events: tuple[str, ...], missing: tuple[str, ...]) -> DomainCapability:
    if domain.kind is DomainKind.VM:
        return DomainCapability(
            domain,
            (),
            ("Guests are not sampled yet: their time is that of QEMU's threads on the host.",),
        )
    return DomainCapability(domain, events, missing)


def _hidden_names() -> str | None:
    """Return why the kernel's functions have no names for this user, or None where they have."""
    try:
        with _KALLSYMS.open("rb") as file:
            return hidden_symbols(file.read(_KALLSYMS_BYTES))
    except OSError as error:
        return f"The kernel's symbols cannot be read ({error.strerror}); run as root."


def _running_domains() -> set[Domain]:
    """Return the containers and guests that have a process here now."""
    host = _namespaces(1) or _namespaces(os.getpid())
    domains = set()
    for pid in running_processes():
        process = Path("/proc", str(pid))
        try:
            comm = (process / "comm").read_bytes()
            cgroup = unified_path((process / "cgroup").read_bytes())
            domains.add(process_domain(os.fsdecode(cgroup), _namespaces(pid), host))
            if comm.startswith(tuple(map(str.encode, _QEMU))):
                domains.add(Domain(_guest_of(process, pid), DomainKind.VM))
        except OSError:
            continue  # the process ended
    return domains - {HOST}


def _namespaces(pid: int) -> dict[str, int]:
    """Return the namespaces of a process, without those that may not be looked at."""
    found = {}
    for kind in NAMESPACES:
        try:
            found[kind] = Path("/proc", str(pid), "ns", kind).stat().st_ino
        except OSError:
            continue
    return found


def _guest_of(process: Path, pid: int) -> str:
    with (process / "cmdline").open("rb") as file:
        words = file.read(_COMMAND_LINE_MAX).split(b"\0")
    return guest_name([os.fsdecode(word) for word in words]) or f"qemu {pid}"


def guest_name(command: Sequence[str]) -> str:
    """Return what ``-name NAME`` or ``-name guest=NAME,...`` of QEMU says, "" without one."""
    for option, value in pairwise(command):
        if option in {"-name", "--name"}:
            first = value.split(",")[0]
            return printable(first.removeprefix("guest="))
    return ""
