"""The recorder, for a duration; signals and commands are tested with the command itself."""

from pathlib import Path

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter
from riostat.profiler.opening import SamplingRequest, open_sampler
from riostat.profiler.recorder import EndedBy, Recorder
from riostat.profiler.recording import RecordingFile
from riostat.profiler.signals import EndingSignals


def test_a_recording_of_a_duration(tmp_path: Path) -> None:
    name, path = RunDirectory(tmp_path).create(command=["x"], clock=SYSTEM_CLOCK)
    sampler = open_sampler(SamplingRequest(("cpu-clock",), 499, None))
    with EndingSignals() as signals, RunWriter.create(path, writer="x", run_id=name) as writer:
        recorder = Recorder(sampler, RecordingFile(writer, sampler, SYSTEM_CLOCK), SYSTEM_CLOCK)
        summary = recorder.run(duration_s=1.2, signals=signals, workload=None)
    sampler.close()
    assert summary.ended_by is EndedBy.DURATION
    assert summary.seconds >= 1.2
    assert summary.status is None
    assert 0 <= summary.steady_cpu_seconds <= summary.recorder_cpu_seconds
    run = Run.open(path)
    started, stopped = (e for e in run.events() if e.name in {"started", "stopped"})
    assert (started.name, stopped.name) == ("started", "stopped")
    assert stopped.fields["lost"] == summary.lost
    assert (stopped.time_ns - started.time_ns) / 1e9 >= 1.2
    times, _ = run.series(f"cpu.idle.{sampler.cpus[0]}")
    assert len(times) == 3  # at the start, after a second, at the end
    assert run.state().complete
    assert summary.bytes <= run.state().bytes
