"""What a port carried is kept over the comings and goings of its guests."""

from pathlib import Path

from riostat.core.run import Run
from riostat.switch.configuration import Configuration
from riostat.switch.control import Detach, Done
from riostat.switch.vhost.frames import FrameQueue
from riostat.switch.vhost.frontend import Guest
from tests.switch.switching import running, vhost

FRAME = b"\xff" * 6 + b"\x02\0\0\0\0\x0a" + b"\x88\xb5" + bytes(46)


def test_counters_go_on_where_they_stood(tmp_path: Path, kernels_cache: Path) -> None:
    configuration = Configuration(port=vhost(tmp_path, "a", "b"))
    with running(tmp_path, kernels_cache, configuration) as switch:
        for visit in (1, 2, 3):
            with Guest.connect(tmp_path / "a.sock") as guest:
                queue = FrameQueue(guest, 0, kernels=kernels_cache)
                assert queue.send([FRAME] * 10) == 10
                switch.until("a", lambda port, visit=visit: port.rx.frames == 10 * visit)  # type: ignore[misc]  # a default binds it
            port = switch.until("a", lambda port: port.state == "waiting")
            assert (port.rx.frames, port.rx.bytes) == (10 * visit, 600 * visit)
            assert sum(port.drops.values()) == 10 * visit  # nobody else was there
            assert (port.grants.live, port.worker, port.pid) == (0, -1, 0)
        assert switch.ask(Detach("a")) == Done()
    times, values = Run.open(switch.run).series("switch.a.rx.frames")
    assert list(values) == sorted(values)
    assert values[-1] == 30
    assert list(times) == sorted(times)
