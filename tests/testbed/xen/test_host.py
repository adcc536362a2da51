"""A Xen host with a domain that runs, from the snapshot that all tests share."""

import secrets
import time
from collections.abc import Iterator

import pytest

from riostat.core.errors import MachineError, MachineTimeoutError
from riostat.core.settings import process_settings
from riostat.testbed.folders import CacheFolder
from riostat.testbed.xen.domains import DOM0
from riostat.testbed.xen.host import XenHost
from riostat.testbed.xen.start import start_xen

# The first test of all boots a host, where the cache has no snapshot of one.
pytestmark = [pytest.mark.xen, pytest.mark.timeout(400)]

# Registers of a domain as a profiler reads them: rip stands at byte 648 of vcpu_guest_context_t.
_REGISTERS = """
import ctypes, glob, struct, sys, time
(path,) = glob.glob("/usr/lib/x86_64-linux-gnu/libxenctrl.so.4*[0-9]")[:1]
control = ctypes.CDLL(path)
control.xc_interface_open.restype = ctypes.c_void_p
handle = ctypes.c_void_p(control.xc_interface_open(None, None, 0))
context = ctypes.create_string_buffer(8192)
for _ in range(int(sys.argv[2])):
    if control.xc_vcpu_getcontext(handle, int(sys.argv[1]), 0, context) != 0:
        sys.exit("no context")
    print("%x" % struct.unpack_from("<Q", context, 648))
    time.sleep(0.002)
"""


def _cache() -> CacheFolder:
    return CacheFolder(process_settings({}).testbed)


@pytest.fixture(scope="module")
def host() -> Iterator[XenHost]:
    with start_xen(cache=_cache()) as started:
        yield started


@pytest.mark.parametrize("domain", [DOM0, "u1"])
def test_a_command_says_what_it_wrote_and_how_it_ended(host: XenHost, domain: str) -> None:
    done = host.run("cat; echo 'on the side' >&2; exit 3", domain=domain, data=b"\x00\xff read\n")
    assert (done.returncode, done.stdout) == (3, b"\x00\xff read\n")
    assert done.stderr == b"on the side\n"
    kernel = host.run(["uname", "-r"], domain=domain).stdout
    assert (b"cloud" in kernel) == (domain == "u1")


def test_the_domains_are_listed_as_xl_has_them(host: XenHost) -> None:
    dom0, domain = host.domains()
    assert (dom0.name, dom0.number, dom0.memory_mib) == (DOM0, 0, 512)
    assert (domain.name, domain.memory_mib, domain.vcpus) == ("u1", 192, 1)
    assert domain.state in {"running", "blocked", "runnable"}


def test_dom0_and_the_domain_reach_one_another(host: XenHost) -> None:
    assert host.run("ping -c 2 10.90.0.1", domain="u1").returncode == 0
    assert host.run("ping -c 2 10.90.0.11").returncode == 0
    assert host.run("iperf3 -s -D -1", domain="u1").returncode == 0
    sent = host.run("iperf3 -c 10.90.0.11 -n 8M -J")
    assert sent.returncode == 0, sent.stdout
    assert b'"bits_per_second"' in sent.stdout


@pytest.mark.parametrize("domain", [DOM0, "u1"])
def test_a_program_is_put_in_and_runs(host: XenHost, domain: str) -> None:
    token = secrets.token_hex(8)
    program = f"#!/usr/bin/python3 -IS\nprint('{token}')\n".encode()
    host.put(program, "/run/agent", domain=domain, mode=0o755)
    assert host.run("/run/agent", domain=domain).stdout.decode() == f"{token}\n"
    fetched = host.get("/run/agent", domain=domain)
    assert (fetched.content, fetched.mode) == (program, 0o755)


@pytest.mark.parametrize("domain", [DOM0, "u1"])
def test_a_command_that_hangs_is_ended_in_its_time(host: XenHost, domain: str) -> None:
    with pytest.raises(MachineTimeoutError, match=r"`?sleep 600.*did not end within 0\.5 s"):
        host.run("sleep 600", domain=domain, timeout_s=0.5)
    assert host.run("true", domain=domain).returncode == 0
    assert b"sleep 600" not in host.run("ps", domain=domain).stdout


def test_a_host_that_hangs_is_told_in_time(host: XenHost) -> None:
    host.qmp.execute("stop")
    try:
        with pytest.raises(MachineTimeoutError, match=r"The machine xen-.* does not answer"):
            host.run("true", timeout_s=0.1)
    finally:
        host.qmp.execute("cont")
    assert host.run("true").returncode == 0


def test_a_domain_that_hangs_is_told_with_its_state_and_console(host: XenHost) -> None:
    assert host.run("xl pause u1").returncode == 0
    with pytest.raises(MachineTimeoutError, match=r"(?s)u1 does not answer.*It is paused.*READY"):
        host.run("true", domain="u1", timeout_s=0.1)
    assert host.run("xl unpause u1").returncode == 0
    assert host.run("true", domain="u1").returncode == 0


def test_a_domain_that_is_not_there_is_named_with_those_that_are(host: XenHost) -> None:
    with pytest.raises(MachineError, match="no domain named 'u7'; it has Domain-0, u1"):
        host.run("true", domain="u7")


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ('name = "x"\ntype = "pv"\nkernel = "/boot/none"\n', "failed to open file '/boot/none'"),
        ("name = [\n", "config parsing error"),
        ('type = "pv"\n', "Domain name must be specified"),
    ],
)
def test_a_broken_configuration_is_refused_in_the_words_of_xl(
    host: XenHost, configuration: str, words: str
) -> None:
    with pytest.raises(MachineError, match=f"The domain does not start: .*{words}"):
        host.create(configuration)
    assert len(host.domains()) == 2


def test_what_is_too_big_for_memory_is_refused_and_the_domain_lives(host: XenHost) -> None:
    with pytest.raises(MachineError, match="'/run/big' of 96 MiB does not fit into the mem"):
        host.put(bytes(96 << 20), "/run/big", domain="u1")
    assert host.run("ls /run/big*", domain="u1").stdout == b""


def test_registers_of_the_domain_lie_in_its_kernel(host: XenHost) -> None:
    symbols = {
        name.decode(): int(address, 16)
        for address, _, name in (
            line.split()[:3] for line in host.kernel_symbols("u1").splitlines()
        )
    }
    busy = "dd if=/dev/zero of=/dev/null bs=1M"
    assert host.run(f"{busy} >/dev/null 2>&1 &", domain="u1").returncode == 0
    number = next(domain.number for domain in host.domains() if domain.name == "u1")
    sampled = host.run(["python3", "-IS", "-c", _REGISTERS, str(number), "100"])
    host.run("killall dd", domain="u1")
    assert sampled.returncode == 0, sampled.stderr
    addresses = [int(line, 16) for line in sampled.stdout.split()]
    inside = [at for at in addresses if symbols["_text"] <= at < symbols["_etext"]]
    assert len(addresses) == 100
    assert len(inside) > 50


def test_xen_is_traced_and_names_its_functions(host: XenHost) -> None:
    traced = host.run("timeout 1 xentrace -D -e 0x0002f000 /run/trace; xenalyze /run/trace")
    assert b"|-- Domain " in traced.stdout, traced.stderr
    assert b" T do_sched_op\n" in host.hypervisor_symbols()
    assert b" T start_kernel\n" in host.kernel_symbols()


def test_the_clock_of_each_domain_is_right(host: XenHost) -> None:
    for domain in (DOM0, "u1"):
        seconds = int(host.run("date +%s", domain=domain).stdout)
        assert abs(seconds - time.time()) < 300  # the snapshot may be of any day
