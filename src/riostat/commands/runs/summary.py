"""A run as `runs list` and `runs show` print it."""

from datetime import UTC, datetime

from riostat.core.run import Run, RunState

__all__ = ["show_bytes", "summary"]


def summary(run: Run, state: RunState) -> dict[str, object]:
    """Return the JSON object of a run in `riostat runs list --json`."""
    started = datetime.fromtimestamp(run.manifest.started_realtime_ns / 1e9, UTC)
    return {
        "id": run.id,
        "started": started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "seconds": round(state.seconds, 6),
        "command": " ".join(run.manifest.command),
        "channels": len(state.channels),
        "bytes": state.bytes,
        "complete": state.complete,
        "recording": state.recording,
        "rolling": run.manifest.rolling,
    }


def show_bytes(count: int) -> str:
    """Return a number of bytes in the decimal unit that a person would use."""
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
