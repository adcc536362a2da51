"""A running switch: its ports, its control socket and the loop that drives them.

One thread does all of it. The workers of the engine move frames; this loop hears front ends, the
control socket and the engine's news, and once a second writes the counters into the run.
"""

import selectors
from pathlib import Path
from typing import Final, TypeAlias, TypedDict

from riostat.core.clock import Clock
from riostat.core.errors import PortError
from riostat.core.text import printable
from riostat.switch.configuration import Configuration, PortConfiguration, Queues
from riostat.switch.control import (
    Answer,
    Attach,
    ControlServer,
    Detach,
    Done,
    GetStatus,
    Request,
    SetPolicy,
)
from riostat.switch.engine import Engine
from riostat.switch.ledger import Ledger
from riostat.switch.ports import PORTS_MAX, Policy, PortState
from riostat.switch.recording import SwitchRecording
from riostat.switch.status import PortStatus, SwitchStatus, Worker, count_port
from riostat.switch.uplinks.port import TapPort
from riostat.switch.vhost.server import Report, VhostPort

__all__ = ["Switch"]

_SAMPLE_NS: Final = 1_000_000_000

_Port: TypeAlias = VhostPort | TapPort


class _Way(TypedDict):
    ledger: Ledger
    report: Report
    policy: Policy
    segmentation: bool
    worker: int | None


class Switch:
    """Ports on an engine, with a control socket at `control`.

    `run` is the name of the run that `recording` writes. Raises `SwitchError` where the control
    socket cannot be made.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        engine: Engine,
        recording: SwitchRecording,
        run: str,
        control: Path,
        clock: Clock,
    ) -> None:
        self._policy = configuration.policy
        self._queues = configuration.queues
        self._segmentation = configuration.segmentation
        self._engine = engine
        self._recording = recording
        self._run = run
        self._clock = clock
        self._started_ns = clock.monotonic_ns()
        self._ledger = Ledger(engine)
        self._ports: dict[str, _Port] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(engine.descriptor, selectors.EVENT_READ, self._hear_engine)
        self._control = ControlServer(control, self._selector, self._handle)

    def attach(self, port: PortConfiguration) -> None:
        """Open a port; raises `SwitchError`, and then nothing has changed."""
        port.check()
        if port.name in self._ports:
            raise PortError(f"The switch has a port {port.name} already; choose another name.")
        if len(self._ports) == PORTS_MAX:
            raise PortError(f"The switch has {PORTS_MAX} ports, and takes no more; detach one.")
        made: _Port
        if port.vhost is not None:
            made = VhostPort(port, selector=self._selector, clock=self._clock, **self._way(port))
        else:
            made = TapPort(port, **self._way(port))
        self._ports[port.name] = made

    def detach(self, name: str) -> None:
        """Close a port; raises `PortError` where there is none of that name."""
        port = self._port(name)
        self._sample()
        del self._ports[name]
        port.close()
        self._ledger.forget(name)

    def status(self) -> SwitchStatus:
        """Return how the switch stands now."""
        counted = self._ledger.counters()
        ports = []
        for name, port in self._ports.items():
            count = counted.get(name)
            state = "waiting"
            if port.attached and count is not None:
                state = str(count.state)
            elif port.reason:
                state = str(PortState.BROKEN)
            ports.append(
                PortStatus(
                    name=name,
                    kind=str(port.kind),
                    role=port.role,
                    place=port.place,
                    state=state,
                    reason=port.reason,
                    policy=str(port.policy),
                    pid=port.pid,
                    queues=port.queues or (0 if count is None else len(count.queues)),
                    **count_port(count),
                )
            )
        return SwitchStatus(
            time_ns=self._clock.monotonic_ns(),
            started_ns=self._started_ns,
            run=self._run,
            queues=str(self._queues),
            workers=tuple(
                Worker(w.index, w.cpu, w.pid, "running" if w.alive else "ended")
                for w in self._engine.workers()
            ),
            ports=tuple(ports),
        )

    def serve(self, ending: int) -> None:
        """Drive the switch until the descriptor `ending` is readable."""
        self._selector.register(ending, selectors.EVENT_READ, None)
        due_ns = self._clock.monotonic_ns()
        while True:
            now_ns = self._clock.monotonic_ns()
            if now_ns >= due_ns:
                self._sample()
                due_ns = now_ns + _SAMPLE_NS
            for key, _ in self._selector.select((due_ns - now_ns) / 1e9):
                if key.fd == ending:
                    return
                # What was called before may have closed this one, or opened another of its number.
                if self._selector.get_map().get(key.fd) is key:
                    key.data()

    def close(self) -> None:
        """Close every port and the control socket; the engine is left to its owner."""
        self._sample()
        for port in self._ports.values():
            port.close()
        self._ports.clear()
        self._control.close()
        self._selector.close()

    def _way(self, port: PortConfiguration) -> _Way:
        """Return what every port is made with."""
        return {
            "ledger": self._ledger,
            "report": self._report,
            "policy": port.policy or self._policy,
            "segmentation": self._segmentation,
            "worker": 0 if self._queues is Queues.SHARED else None,
        }

    def _port(self, name: str) -> _Port:
        port = self._ports.get(name)
        if port is None:
            known = ", ".join(self._ports) or "none"
            raise PortError(f"The switch has no port {printable(name)!r}; its ports are: {known}.")
        return port

    def _handle(self, request: Request) -> Answer:
        match request:
            case GetStatus():
                return self.status()
            case Attach(port):
                self.attach(port)
            case Detach(name):
                self.detach(name)
            case SetPolicy(name, policy):
                self._port(name).set_policy(policy)
                self._recording.event("policy", {"port": name, "policy": str(policy)})
        return Done()

    def _hear_engine(self) -> None:
        for name, fault in self._engine.events():
            if name in self._ports:
                self._ports[name].give_up(fault)

    def _report(self, event: str, port: str, reason: str) -> None:
        fields = {"port": port, "reason": reason} if reason else {"port": port}
        self._recording.event(event, fields)

    def _sample(self) -> None:
        self._recording.counters(self._ledger.counters())
