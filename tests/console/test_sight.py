"""The overview says what can be sampled here, and a remedy for what cannot."""

from riostat.console.sight import Sight, missing_of
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.domain import HOST, Domain, DomainKind
from riostat.core.manifest import new_manifest
from riostat.profiler.capability import Capability, DomainCapability

ALL = Capability(
    pmu=True,
    every_cpu=True,
    kernel=True,
    kernel_names=True,
    paranoid=-1,
    kptr_restrict=0,
    domains=(DomainCapability(HOST, ("cycles",), ()),),
)


def test_this_machine_is_seen_once_for_a_while() -> None:
    machine = new_manifest("x", command=(), clock=SYSTEM_CLOCK).machine
    sight = Sight(machine)
    seen = sight.look()
    assert sight.look() is seen
    assert seen.machine.cpus == machine.cpus
    assert seen.sampling.event in {"cycles", "cpu-clock"}
    assert seen.sampling.domains[0].name == "host"


def test_nothing_is_missing_where_all_is_there() -> None:
    assert list(missing_of(ALL)) == []


def test_each_lack_has_its_reason_and_its_remedy() -> None:
    guest = DomainCapability(Domain("db", DomainKind.VM), (), ("Guests are not sampled.",))
    none = Capability(
        pmu=False,
        every_cpu=False,
        kernel=False,
        kernel_names=False,
        paranoid=4,
        kptr_restrict=2,
        domains=(*ALL.domains, guest),
    )
    missing = list(missing_of(none))
    assert len(missing) == 4
    assert all(m.reason.endswith(".") for m in missing)
    assert all(m.remedy.endswith(".") for m in missing if m.state == "missing")
    assert "paranoid is 4" in missing[1].reason
    assert (missing[-1].name, missing[-1].state) == ("Inside db", "partial")


def test_the_kernel_alone_may_be_missing() -> None:
    user_only = Capability(
        pmu=True,
        every_cpu=True,
        kernel=False,
        kernel_names=True,
        paranoid=2,
        kptr_restrict=0,
        domains=ALL.domains,
    )
    assert [m.name for m in missing_of(user_only)] == ["The kernel's code"]
