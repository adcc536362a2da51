"""Hosts that are started, refused, and ended."""

import mmap
import os
import secrets
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.core.errors import MachineError
from riostat.core.settings import process_settings
from riostat.testbed.folders import CacheFolder
from riostat.testbed.ownership import Owner
from riostat.testbed.xen.specification import DomainSpecification, XenSpecification
from riostat.testbed.xen.start import start_xen
from tests.testbed.belongings import belongings

# The first test of all boots a host, where the cache has no snapshot of one.
pytestmark = [pytest.mark.xen, pytest.mark.timeout(400)]

_ENDS_WITHIN_S = 5.0
_OWNER = """
import sys, time
from pathlib import Path
from riostat.testbed.folders import CacheFolder
from riostat.testbed.xen.start import start_xen
host = start_xen(cache=CacheFolder(Path(sys.argv[1])))
print(host.pid, host.machine.folder, flush=True)
time.sleep(600)
"""


def _cache() -> CacheFolder:
    return CacheFolder(process_settings({}).testbed)


def test_a_host_that_cannot_be_is_refused_before_anything_is_made() -> None:
    with pytest.raises(MachineError, match="The domain u1 cannot have 1 MiB"):
        start_xen(XenSpecification(domains=(DomainSpecification(memory_mib=1),)), cache=_cache())


def test_a_second_host_has_its_own_folder_and_memory_that_others_can_read() -> None:
    with (
        start_xen(cache=_cache()) as host,
        start_xen(XenSpecification(shared_memory=True), cache=_cache()) as second,
    ):
        assert second.machine.folder != host.machine.folder
        token = secrets.token_hex(16)
        second.run(f"echo {token} >/run/token", domain="u1")
        assert host.run("cat /run/token", domain="u1").returncode != 0
        assert host.memory is None
        assert second.memory is not None
        with (
            second.memory.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory,
        ):
            assert memory.find(token.encode()) >= 0
        assert second.qmp.execute("query-status")["status"] == "running"
        process = Owner.of(second.pid)
    assert not process.is_alive()
    assert not second.machine.folder.exists()


def test_a_host_whose_owner_is_killed_ends_itself() -> None:
    program = [sys.executable, "-c", _OWNER, str(_cache().root)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid, folder = process.stdout.readline().split()
        owner = Owner.of(process.pid)
        watch = os.pidfd_open(int(pid))
        process.send_signal(signal.SIGKILL)
        assert select.select([watch], [], [], _ENDS_WITHIN_S)[0]
        os.close(watch)
    _await_gone(Path(folder))
    assert belongings(lambda found: found == owner) == set()


def _await_gone(folder: Path) -> None:
    """Wait until a folder is gone; its keeper removes it when QEMU has ended."""
    keeper = Owner.parse((folder / "processes").read_text().split()[0]) if folder.exists() else None
    if keeper is not None and keeper.is_alive():
        watch = os.pidfd_open(keeper.pid)
        assert select.select([watch], [], [], _ENDS_WITHIN_S)[0]
        os.close(watch)
    assert not folder.exists()
