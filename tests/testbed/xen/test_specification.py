"""Hosts that can be, and those that are refused before anything starts."""

import pytest

from riostat.core.errors import MachineError
from riostat.testbed.xen.specification import DOMAINS_MAX, DomainSpecification, XenSpecification


def _domains(*names: str) -> tuple[DomainSpecification, ...]:
    return tuple(DomainSpecification(name=name) for name in names)


@pytest.mark.parametrize(
    "specification",
    [
        XenSpecification(),
        XenSpecification(domains=()),
        XenSpecification(domains=_domains("u1", "web-2"), dom0_memory_mib=768),
        XenSpecification(domains=_domains(*(f"u{number}" for number in range(DOMAINS_MAX)))),
        XenSpecification(dom0_kernel_arguments="loglevel=7 memtest=1,2"),
    ],
)
def test_a_host_that_can_be_is_let_through(specification: XenSpecification) -> None:
    specification.check()


@pytest.mark.parametrize(
    ("specification", "words"),
    [
        (XenSpecification(domains=_domains("U1")), "No domain can be named 'U1'"),
        (XenSpecification(domains=_domains("u1\n")), r"No domain can be named 'u1\\n'"),
        (XenSpecification(domains=_domains("a", "b", "a")), "Two domains are named 'a'"),
        (XenSpecification(domains=_domains(*map("u{}".format, range(9)))), "with 9 domains"),
        (
            XenSpecification(domains=(DomainSpecification(memory_mib=64),)),
            "The domain u1 cannot have 64 MiB of memory; give from 128 to 16384",
        ),
        (XenSpecification(dom0_memory_mib=1 << 20), "The domain dom0 cannot have 1048576 MiB"),
        (
            XenSpecification(domains=(DomainSpecification(kernel_arguments='a"b'),)),
            "The kernel of u1 cannot be told 'a\"b'",
        ),
        (XenSpecification(dom0_kernel_arguments="a\nb"), "The kernel of dom0 cannot be told"),
    ],
)
def test_a_host_that_cannot_be_is_refused(specification: XenSpecification, words: str) -> None:
    with pytest.raises(MachineError, match=words):
        specification.check()
