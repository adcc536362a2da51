"""Reading xl's table of domains."""

import pytest

from riostat.core.errors import MachineError
from riostat.testbed.xen.domains import Domain, find_domain, parse_domains

# What `xl list` of Xen 4.17 prints.
_TABLE = """\
Name                                        ID   Mem VCPUs\tState\tTime(s)
Domain-0                                     0   512     1     r-----      11.9
u1                                           1   192     1     -b----       0.5
a name with spaces                          12   128     2     ---sc-       3.0
new                                         13   128     1     ------       0.0
"""


def test_each_domain_of_the_table_is_read() -> None:
    domains = parse_domains(_TABLE)
    assert domains[0] == Domain(
        name="Domain-0", number=0, memory_mib=512, vcpus=1, state="running", cpu_s=11.9
    )
    assert [domain.name for domain in domains[1:]] == ["u1", "a name with spaces", "new"]
    assert [domain.state for domain in domains[1:]] == ["blocked", "crashed", "runnable"]


def test_another_table_is_refused() -> None:
    with pytest.raises(MachineError, match="xl listed a domain as 'u1 one 192"):
        parse_domains("Name\nu1 one 192 1 -b---- 0.5\n")
    with pytest.raises(MachineError, match=r"as '.+x1b.2J', which cannot be read"):
        parse_domains("Name\n\x1b[2J\n")


def test_a_domain_is_found_by_its_name_or_all_names_are_given() -> None:
    domains = parse_domains(_TABLE)
    assert find_domain(domains, "u1").number == 1
    with pytest.raises(
        MachineError, match="no domain named 'u2'; it has Domain-0, u1, a name with spaces, new"
    ):
        find_domain(domains, "u2")
