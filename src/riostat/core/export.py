"""Runs in one file: an archive that another riostat reads, or lines that any program reads."""

import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from riostat.core.channels import decode_event, decode_histogram, decode_points
from riostat.core.errors import RunError, RunFormatError
from riostat.core.framefile import Frame
from riostat.core.frames import FrameKind
from riostat.core.histogram import LogHistogram
from riostat.core.manifest import MANIFEST_NAME
from riostat.core.run import Run
from riostat.core.text import printable

__all__ = ["export_archive", "export_lines"]

_QUANTILES = (0.5, 0.9, 0.99, 0.999)


def export_archive(run: Run, path: Path) -> None:
    """Write the run's directory as a compressed tar file; raises `RunError` where it cannot be."""
    with _new_file(path) as output, tarfile.open(fileobj=output, mode="w:gz") as archive:
        for file in [run.path / MANIFEST_NAME, *run.files()]:
            archive.add(file, arcname=f"{run.id}/{file.name}", recursive=False)


def export_lines(run: Run, path: Path) -> None:
    """Write series, events and histograms as JSON lines, in the order of their frames.

    Every line has `channel` and `time_s`, seconds from the start of the run; a point has `value`,
    an event `name` and `fields`, a histogram `count` and some quantiles.
    """
    kinds = {FrameKind.SERIES, FrameKind.EVENT, FrameKind.HISTOGRAM}
    with _new_file(path) as output:
        for frame in run.frames(kinds=kinds):
            for time_ns, entry in _entries(frame):
                time_s = (time_ns - run.started_ns) / 1e9
                line = {"channel": frame.channel, "time_s": round(time_s, 9)} | entry
                output.write(json.dumps(line).encode() + b"\n")


def _entries(frame: Frame) -> Iterator[tuple[int, dict[str, object]]]:
    try:
        if frame.kind is FrameKind.SERIES:
            for time_ns, value in decode_points(frame.payload):
                yield time_ns, {"value": value}
        elif frame.kind is FrameKind.EVENT:
            event = decode_event(frame.payload)
            yield event.time_ns, {"name": event.name, "fields": dict(event.fields)}
        else:
            time_ns, encoded = decode_histogram(frame.payload)
            histogram = LogHistogram.decode(encoded)
            entry: dict[str, object] = {"count": histogram.count}
            if histogram.count:
                entry |= {f"p{q * 100:g}": histogram.quantile(q) for q in _QUANTILES}
            yield time_ns, entry
    except RunFormatError:
        return  # one foreign frame costs only itself


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    shown = printable(str(path))
    try:
        with path.open("xb") as output:
            try:
                yield output
            except BaseException:
                path.unlink()
                raise
    except FileExistsError as error:
        raise RunError(f"The file {shown} exists already; choose another with -o.") from error
    except OSError as error:
        raise RunError(
            f"The file {shown} cannot be written ({error.strerror}); choose another with -o."
        ) from error
