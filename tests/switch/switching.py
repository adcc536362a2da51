"""A whole switch in a thread of the test, on real workers, asked over its control socket."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.segments import Retention
from riostat.core.seriesfile import SeriesFile
from riostat.switch.configuration import Configuration, PortConfiguration
from riostat.switch.control import Answer, Request, ask, control_path, read_status
from riostat.switch.engine import Engine
from riostat.switch.recording import SwitchRecording
from riostat.switch.status import PortStatus, SwitchStatus
from riostat.switch.switch import Switch

__all__ = ["Running", "running", "vhost"]

_PAUSE_S = 0.02


class Running:
    """A switch that runs; its sockets and its run are in `folder`."""

    def __init__(self, folder: Path, run: Path) -> None:
        self.folder = folder
        self.run = run

    def ask(self, request: Request) -> Answer:
        answer = ask(control_path(self.folder), request)
        assert answer is not None
        return answer

    def status(self) -> SwitchStatus:
        status = read_status(control_path(self.folder))
        assert status is not None
        return status

    def port(self, name: str) -> PortStatus:
        (port,) = [port for port in self.status().ports if port.name == name]
        return port

    def until(self, name: str, holds: Callable[[PortStatus], bool]) -> PortStatus:
        """Ask for a port again and again until something holds of it; pytest limits the time."""
        while not holds(port := self.port(name)):
            time.sleep(_PAUSE_S)  # counters have nothing that could be awaited
        return port

    def events(self) -> list[tuple[str, str]]:
        """Name and port of what happened, as far as the run tells."""
        return [(e.name, str(e.fields["port"])) for e in Run.open(self.run).events()]


def vhost(folder: Path, *names: str) -> tuple[PortConfiguration, ...]:
    return tuple(PortConfiguration(name=name, vhost=str(folder / f"{name}.sock")) for name in names)


@contextlib.contextmanager
def running(folder: Path, kernels: Path, configuration: Configuration) -> Iterator[Running]:
    (folder / "switch").mkdir(exist_ok=True)
    run, path = RunDirectory(folder / "runs").create(command=(), clock=SYSTEM_CLOCK)
    ending, end = os.pipe()
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(Engine.start(cpus=configuration.cpus, kernels_cache=kernels))
        file = SeriesFile(path, "switch", Retention(3600, 1 << 28), SYSTEM_CLOCK)
        stack.enter_context(file)
        switch = Switch(
            configuration,
            engine=engine,
            recording=SwitchRecording(file, SYSTEM_CLOCK),
            run=run,
            control=control_path(folder),
            clock=SYSTEM_CLOCK,
        )
        stack.callback(switch.close)
        for port in configuration.port:
            switch.attach(port)
        thread = threading.Thread(target=switch.serve, args=(ending,))
        thread.start()
        try:
            yield Running(folder, path)
        finally:
            os.close(end)
            thread.join()
            os.close(ending)
