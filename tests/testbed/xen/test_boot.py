"""Hosts and domains whose kernels give up while they boot."""

import pytest

from riostat.core.errors import MachineError
from riostat.core.settings import process_settings
from riostat.testbed.folders import CacheFolder
from riostat.testbed.guest.machine import start_machine
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.xen.arguments import host_arguments
from riostat.testbed.xen.boot import await_domain, bring_up
from riostat.testbed.xen.configuration import domain_configuration
from riostat.testbed.xen.host import XenHost
from riostat.testbed.xen.images import make_xen_images
from riostat.testbed.xen.specification import DomainSpecification, XenSpecification
from riostat.testbed.xen.start import start_xen

pytestmark = [pytest.mark.xen, pytest.mark.timeout(400)]

# A kernel takes 32 words for init, and panics early in its start when there are more.
_TOO_MANY_WORDS = " ".join(f"word{number}=1" for number in range(40))


def _cache() -> CacheFolder:
    return CacheFolder(process_settings({}).testbed)


def test_a_dom0_that_panics_is_not_waited_for() -> None:
    cache = _cache()
    specification = XenSpecification(dom0_kernel_arguments=_TOO_MANY_WORDS, domains=())
    images = make_xen_images(cache, packages=PackageCache(cache.packages))
    with (
        start_machine(host_arguments(specification, images), name="panics") as machine,
        XenHost(machine) as host,
        pytest.raises(MachineError, match=r"(?s)panics.*Kernel panic.*Too many boot env vars"),
    ):
        bring_up(host, specification)


def test_a_domain_that_panics_is_not_waited_for() -> None:
    with start_xen(cache=_cache()) as host:
        assert host.run("xl destroy u1").returncode == 0
        with pytest.raises(MachineError, match="u1 does not come up, it is destroyed"):
            await_domain(host, "u1")
        host.create(domain_configuration(DomainSpecification(kernel_arguments=_TOO_MANY_WORDS), 0))
        with pytest.raises(MachineError, match=r"(?s)u1 does not come up.*Too many boot env vars"):
            await_domain(host, "u1")
