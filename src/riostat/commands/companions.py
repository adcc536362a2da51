"""What `riostat up` runs beside its console.

The recorder, a switch and a store, in one run; and once, a child that reads riostat's own notes
into the library.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Lock

from riostat.commands.keptprocess import KeptProcess
from riostat.console.tether import tethered
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.settings import Settings

__all__ = ["Companions", "shares"]

_LEAST_BYTES = 8 << 20
_PART_SHARE = 16
_GRACE_S = 10.0


def shares(settings: Settings) -> tuple[int, int]:
    """Return how many bytes of the run the recorder may keep, and each part.

    Together they are `keep_bytes`, or the least that three writers can work with.
    """
    part = max(settings.keep_bytes // _PART_SHARE, _LEAST_BYTES)
    return max(settings.keep_bytes - len(settings.parts) * part, _LEAST_BYTES), part


class Companions:
    """The processes beside the console; those that stay write into one rolling run."""

    def __init__(self, settings: Settings, runs: RunDirectory) -> None:
        self._settings = settings
        self._runs = runs
        self._data = DataDirectory(settings.data)
        self._run: Path | None = None
        self._making = Lock()
        self._kept = {"recorder": KeptProcess("The recorder", self._recorder)}
        self._kept["library"] = KeptProcess("The ingest", self._ingest, once=True)
        parts = {"switch": self._switch, "store": self._store}
        for name in sorted(settings.parts):
            self._kept[name] = KeptProcess(f"The {name}", parts[name], grace_s=_GRACE_S)

    @property
    def problems(self) -> Mapping[str, Callable[[], str | None]]:
        """What says of each why it does not work, None while it does."""
        return {name: partial(_problem, name, kept) for name, kept in self._kept.items()}

    def start(self) -> None:
        """Start them all."""
        for kept in self._kept.values():
            kept.start()

    def stop(self) -> None:
        """End them all, together, and remove the run where nothing could be recorded."""
        for kept in self._kept.values():
            kept.ask_to_stop()
        for kept in self._kept.values():
            kept.stop()
        if self._run is not None and not Run.open(self._run).files():
            self._runs.remove(self._run)

    def _recorder(self) -> Sequence[str]:
        settings = self._settings
        return [
            sys.executable,
            "-m",
            "riostat.profiler.rolling",
            f"--run={self._rolling_run()}",
            f"--symbols={self._data.symbols}",
            f"--frequency={settings.frequency_hz}",
            f"--keep-seconds={settings.keep_seconds}",
            f"--keep-bytes={shares(settings)[0]}",
            f"--parent={os.getpid()}",
        ]

    def _switch(self) -> Sequence[str]:
        return tethered(["-m", "riostat", "switch", "run", "--demo", *self._flags()])

    def _store(self) -> Sequence[str]:
        settings = self._settings
        serve = ["store", "serve", f"--store={settings.store}", f"--port={settings.store_port}"]
        arguments = [str(settings.store), *serve, *self._flags()]
        return tethered(["-m", "riostat.commands.firststore", *arguments])

    def _ingest(self) -> Sequence[str]:
        arguments = ["cite", "ingest", "--jobs=1", f"--data={self._data.root}"]
        return tethered(["-m", "riostat", *arguments])

    def _rolling_run(self) -> Path:
        """Return the run that is recorded from this start on, made when it is first asked for."""
        with self._making:
            if self._run is None:
                _, self._run = self._runs.create(
                    command=("riostat", "up"), clock=SYSTEM_CLOCK, rolling=True
                )
            return self._run

    def _flags(self) -> list[str]:
        settings = self._settings
        return [
            "--json",
            f"--data={settings.data}",
            f"--run={self._rolling_run()}",
            f"--keep-seconds={settings.keep_seconds}",
            f"--keep-bytes={shares(settings)[1]}",
        ]


def _problem(name: str, kept: KeptProcess) -> str | None:
    """Return why a child does not work, with the names that our own flags have."""
    sentence = kept.problem
    if sentence is None or name != "store":
        return sentence
    return sentence.replace(" --port", " --store-port")
