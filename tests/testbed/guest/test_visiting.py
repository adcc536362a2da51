import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from tempfile import TemporaryDirectory

import pytest

from riostat.core.errors import MachineError
from riostat.testbed.folders import runtime_folder
from riostat.testbed.guest.guest import Guest
from riostat.testbed.guest.machine import VISITORS, machine_folders
from riostat.testbed.guest.visiting import end_machine, visited

pytestmark = pytest.mark.guest

# Whether a process of this command line is there, other than the one that looks.
SLEEPING = "grep -l 'sleep.123[6]' /proc/[0-9]*/cmdline"


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with TemporaryDirectory() as folder:  # where no other test has machines
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield
        assert not list(runtime_folder().iterdir())


def test_visitors_run_commands_while_the_owner_does(start: Callable[..., Guest]) -> None:
    guest = start(name="host")
    found: list[bytes] = []
    waiting = threading.Thread(
        target=lambda: found.append(guest.run("until [ -e /tmp/go ]; do usleep 9000; done").stdout)
    )
    waiting.start()
    with visited("host") as one, visited("host") as other:
        one.channel.put(b"words", "/tmp/words")
        assert other.channel.run("cat /tmp/words").stdout == b"words"
        other.channel.run("touch /tmp/go")
    waiting.join()
    assert found == [b""]
    assert guest.run("echo here").stdout == b"here\n"


def test_a_visitor_that_goes_ends_what_it_began(start: Callable[..., Guest]) -> None:
    guest = start(name="host")
    with visited("host") as machine:
        machine.channel.greet(10)
        machine.channel._send(
            machine.channel._conversation.run(b"sleep 1236", timeout_s=60, limit=1, data=b""),
            time.monotonic() + 60,
        )
        guest.run(f"until {SLEEPING}; do usleep 9000; done")
    guest.run(f"while {SLEEPING}; do usleep 9000; done")


def test_more_visitors_than_there_are_channels_are_refused(start: Callable[..., Guest]) -> None:
    start(name="host")
    with ExitStack() as stack:
        for _ in range(VISITORS):
            stack.enter_context(visited("host"))
        with pytest.raises(MachineError, match="wait for one"):
            stack.enter_context(visited("host"))


def test_a_machine_is_ended_by_its_name(start: Callable[..., Guest]) -> None:
    guest = start(name="host")
    assert [name for name, _ in machine_folders()] == ["host"]
    end_machine("host")
    assert machine_folders() == []
    with pytest.raises(MachineError, match="has ended"):
        guest.run("true")
    with pytest.raises(MachineError, match="No machine called 'host' runs"):
        end_machine("host")
