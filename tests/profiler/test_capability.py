"""What can be sampled here, held against what the kernel says when it is tried."""

import subprocess
import sys
from pathlib import Path

import pytest

from riostat.core.domain import HOST, Domain, DomainKind
from riostat.profiler.capability import guest_name, probe
from riostat.profiler.events import find_event
from riostat.profiler.opening import PARANOID, SamplingRequest, open_sampler
from tests.profiler.rights import needs_root


def test_the_host_can_be_sampled_by_what_is_named() -> None:
    capability = probe()
    host = capability.domains[0]
    assert host.domain == HOST
    assert capability.paranoid == int(PARANOID.read_text())
    assert capability.pmu == ("cycles" in host.sampling)
    sampler = open_sampler(SamplingRequest(host.sampling, 99, None))
    assert sampler.events == tuple(map(find_event, host.sampling))
    assert (sampler.system, sampler.kernel) == (capability.every_cpu, capability.kernel)
    sampler.close()
    assert capability.pmu == (not any("PMU" in sentence for sentence in host.missing))


@needs_root
def test_a_process_with_namespaces_of_its_own_is_a_container() -> None:
    waits = "import sys; print(flush=True); sys.stdin.read()"
    command = ["unshare", "--net", sys.executable, "-c", waits]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        inode = Path(f"/proc/{process.pid}/ns/net").stat().st_ino
        domains = {domain.domain: domain for domain in probe().domains}
        assert process.stdin is not None
        process.stdin.close()
    found = domains[Domain(f"net:[{inode}]", DomainKind.CONTAINER)]
    assert found.sampling == domains[HOST].sampling


def test_a_guest_is_listed_with_what_is_missing(tmp_path: Path) -> None:
    qemu = tmp_path / "qemu-system-x86_64"
    qemu.symlink_to("/bin/sh")
    script = "echo; read line"
    command = [str(qemu), "-c", script, "-name", "guest=web\x1b,debug-threads=on"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert Path(f"/proc/{process.pid}/comm").read_text() == "qemu-system-x86\n"
        guests = [d for d in probe().domains if d.domain.kind is DomainKind.VM]
        process.kill()
    (guest,) = [guest for guest in guests if guest.domain.name == "web\\x1b"]
    assert guest.sampling == ()
    assert guest.missing


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["qemu", "-name", "web"], "web"),
        (["qemu", "-m", "1G", "--name", "guest=web,process=x"], "web"),
        (["qemu", "-name"], ""),
        (["qemu"], ""),
        ([], ""),
    ],
)
def test_the_name_of_a_guest(command: list[str], name: str) -> None:
    assert guest_name(command) == name


def test_probing_leaves_nothing_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    probe()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
