"""What xl reads; that xl takes it is shown by the hosts of test_host."""

from riostat.testbed.xen.configuration import domain_address, domain_configuration
from riostat.testbed.xen.specification import DOMAINS_MAX, DomainSpecification


def test_a_configuration_says_what_the_domain_is_to_be() -> None:
    lines = domain_configuration(
        DomainSpecification(name="web", memory_mib=256, kernel_arguments="loglevel=7"), 1
    ).splitlines()
    assert lines[0] == 'name = "web"'
    assert "memory = 256" in lines
    assert 'cpus = "1"' in lines
    assert 'vif = ["mac=00:16:3e:00:00:0c"]' in lines
    (extra,) = (line for line in lines if line.startswith("extra"))
    assert " riostat.ip=10.90.0.12/24@eth0 " in extra
    assert extra.endswith(' loglevel=7"')


def test_each_domain_of_a_host_has_an_address_and_a_device_of_its_own() -> None:
    addresses = {domain_address(index) for index in range(DOMAINS_MAX)}
    devices = {
        line
        for index in range(DOMAINS_MAX)
        for line in domain_configuration(DomainSpecification(), index).splitlines()
        if line.startswith("vif")
    }
    assert len(addresses) == len(devices) == DOMAINS_MAX
