"""Domains compare by what they are."""

from riostat.core.domain import HOST, Domain, DomainKind


def test_a_domain_is_its_name_and_kind() -> None:
    assert Domain("host", DomainKind.HOST) == HOST
    assert len({HOST, Domain("host", DomainKind.VM), Domain("host", DomainKind.HOST)}) == 2
    assert DomainKind("xen") is DomainKind.XEN
