"""Channels and events of a switch in its run."""

from pathlib import Path

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.seriesfile import SeriesFile
from riostat.switch.ports import (
    Drop,
    Policy,
    PortCounters,
    PortKind,
    PortState,
    QueueCounters,
)
from riostat.switch.recording import SwitchRecording


def test_counters_are_series_and_what_happens_is_an_event(tmp_path: Path) -> None:
    _, path = RunDirectory(tmp_path).create(command=(), clock=SYSTEM_CLOCK)
    with SeriesFile(path, "switch", None, SYSTEM_CLOCK) as file:
        recording = SwitchRecording(file, SYSTEM_CLOCK)
        recording.event("broken", {"port": "a", "reason": "It lied."})
        for frames in (1, 5):
            queue = QueueCounters(rx_frames=frames, rx_bytes=60, tx_frames=2, tx_bytes=3)
            counted = PortCounters(
                name="a",
                kind=PortKind.VHOST,
                policy=Policy.REUSE,
                state=PortState.RUNNING,
                queues=[queue, queue],
                drops={Drop.NO_BUFFER: 2, Drop.TOO_LONG: 1},
            )
            recording.counters({"a": counted})
    run = Run.open(path)
    assert [(c.name, c.unit) for c in run.state().channels] == [
        ("switch", ""),
        ("switch.a.rx.frames", "frames"),
        ("switch.a.rx.bytes", "bytes"),
        ("switch.a.tx.frames", "frames"),
        ("switch.a.tx.bytes", "bytes"),
        ("switch.a.dropped.frames", "frames"),
    ]
    assert list(run.series("switch.a.rx.frames")[1]) == [2, 10]
    assert list(run.series("switch.a.dropped.frames")[1]) == [3, 3]
    (event,) = run.events()
    assert (event.name, event.fields) == ("broken", {"port": "a", "reason": "It lied."})
