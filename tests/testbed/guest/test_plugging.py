from collections.abc import Callable

import pytest

from riostat.core.errors import MachineError
from riostat.testbed.guest.guest import Guest, join
from riostat.testbed.guest.networks import Datagram
from riostat.testbed.guest.plugging import SLOTS


@pytest.mark.guest
def test_devices_are_plugged_until_there_is_no_slot(start: Callable[..., Guest]) -> None:
    guest, other = start(), start()
    for number in range(SLOTS):
        join(guest, other, addresses=(f"10.{number}.0.1/24", f"10.{number}.0.2/24"))
    assert guest.run(f"ping -c 1 -W 10 10.{SLOTS - 1}.0.2").returncode == 0
    with pytest.raises(MachineError, match=f"at most {SLOTS} network devices"):
        join(guest, other, addresses=("10.9.0.1/24", "10.9.0.2/24"))


@pytest.mark.guest
def test_an_address_that_the_guest_refuses_is_said(start: Callable[..., Guest]) -> None:
    guest = start()
    here = guest.machine.folder
    with pytest.raises(MachineError, match="cannot be set up"):
        guest.plug(Datagram(here / "a", here / "b", address="10.0.0.0.1/24"))
