"""A worker's process as the engine holds it: orders out, answers back, links to others."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from riostat.core.errors import GuestError, PortError
from riostat.switch.board import Board
from riostat.switch.kernels import limits
from riostat.switch.orders import Answer, Link, Order, send
from riostat.switch.ports import PORTS_MAX

__all__ = ["LINK", "START_SECONDS", "WorkerProcess", "join", "link_name"]

START_SECONDS: Final = 300.0
"""How long a worker may take for what compiles, or measures."""

LINK: Final = "\0"
"""What the names of links begin with, and those of ports never."""

_ANSWER_SECONDS: Final = 10.0


class WorkerProcess:
    """A worker process as the engine holds it."""

    def __init__(self, index: int, cpu: int, kernels: Path, *, owner: int = 0) -> None:
        self.index = index
        self.cpu = cpu
        self.owner = owner  # the guest process that it is there for, 0 for any
        self.board = Board.create()
        self.alarm = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.slots: dict[int, str] = {}  # links have slots without a name
        self.lost = False
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        passed = (theirs.fileno(), self.board.descriptor, self.alarm, self.bell)
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "riostat.switch.worker", str(os.getpid())),
                *map(str, (*passed, cpu)),
                str(kernels),
            ],
            pass_fds=passed,
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self.exit = os.pidfd_open(self.process.pid)

    def order(
        self, order: Order, descriptors: Sequence[int] = (), *, seconds: float = _ANSWER_SECONDS
    ) -> int:
        """Give an order and return its answer.

        Raises `GuestError` where the worker refuses, `PortError` where it has ended.
        """
        self.board.stop()
        try:
            send(self._orders, order, descriptors)
            self._orders.settimeout(seconds)
            packet = self._orders.recv(1 << 16)
        except (ConnectionError, BrokenPipeError):
            packet = b""
        except TimeoutError as error:
            self.process.kill()
            raise PortError(
                f"The worker {self.index} did not answer for {seconds:.0f} seconds and was ended; "
                "its ports have to be attached again."
            ) from error
        if not packet:
            raise PortError(
                f"The worker {self.index} of the switch has ended; its ports have to be attached "
                "again."
            )
        answer = msgspec.msgpack.decode(packet, type=Answer)
        if answer.refusal:
            raise GuestError(answer.refusal)
        return answer.value

    def free_slot(self) -> int:
        """Return a slot that nobody has."""
        for slot in range(PORTS_MAX):
            if slot not in self.slots:
                return slot
        raise PortError(
            f"A worker serves at most {PORTS_MAX} ports; start the switch with more workers."
        )

    def close(self) -> None:
        """End the process and forget it."""
        self._orders.close()
        self.board.stop()
        try:
            self.process.wait(_ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for descriptor in (self.alarm, self.bell, self.exit):
            os.close(descriptor)
        self.board.close()


def link_name(worker: WorkerProcess) -> str:
    """Return what the others call their links to a worker."""
    return f"{LINK}{worker.process.pid}"


def join(one: WorkerProcess, other: WorkerProcess) -> None:
    """Give two workers a link to each other."""
    to_other, to_one = (os.memfd_create("riostat-link", os.MFD_CLOEXEC) for _ in range(2))
    for memory in (to_other, to_one):
        os.ftruncate(memory, limits.LINK_FILE_BYTES)
    for worker, peer, out, back in (
        (one, other, to_other, to_one),
        (other, one, to_one, to_other),
    ):
        slot = worker.free_slot()
        worker.order(Link(slot=slot), [out, back, peer.bell])
        worker.slots[slot] = link_name(peer)
    for memory in (to_other, to_one):
        os.close(memory)
