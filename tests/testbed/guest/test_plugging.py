import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from riostat.core.errors import MachineError, MachineTimeoutError
from riostat.testbed.guest.guest import Guest, join
from riostat.testbed.guest.networks import Datagram, VhostUser
from riostat.testbed.guest.plugging import SLOTS


@pytest.mark.guest
def test_devices_are_plugged_until_there_is_no_slot(start: Callable[..., Guest]) -> None:
    guest, other = start(), start()
    for number in range(SLOTS):
        join(guest, other, addresses=(f"10.{number}.0.1/24", f"10.{number}.0.2/24"))
    assert guest.run(f"ping -c 1 -W 10 10.{SLOTS - 1}.0.2").returncode == 0
    with pytest.raises(MachineError, match=f"at most {SLOTS} network devices"):
        join(guest, other, addresses=("10.9.0.1/24", "10.9.0.2/24"))


@pytest.mark.soak  # QEMU is given half a minute
@pytest.mark.guest
def test_a_socket_at_which_no_switch_answers_is_said(
    start: Callable[..., Guest], tmp_path: Path
) -> None:
    path = tmp_path / "mute"
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(path))
        mute.listen()
        with pytest.raises(MachineTimeoutError, match=r"No switch answers .*mute; see that one"):
            start(networks=(VhostUser(path),))


@pytest.mark.guest
def test_an_address_that_the_guest_refuses_is_said(start: Callable[..., Guest]) -> None:
    guest = start()
    here = guest.machine.folder
    with pytest.raises(MachineError, match="cannot be set up"):
        guest.plug(Datagram(here / "a", here / "b", address="10.0.0.0.1/24"))
