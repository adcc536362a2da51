"""A worker process: ``python -m riostat.switch.worker``, started by the engine alone.

It serves its ports in a loop, and sleeps on their kicks when nothing has come for a while. The
engine's orders come over a socket; when that closes, or the engine ends, the worker ends too.
"""

import os
import select
import signal
import socket
import sys
from pathlib import Path

import msgspec

from riostat.core.errors import GuestError
from riostat.switch.board import Board
from riostat.switch.child import become_child
from riostat.switch.orders import Answer, receive
from riostat.switch.plane import Plane

__all__ = ["Worker", "main"]

_SPIN_NS = 50_000  # how long a worker looks for frames before it sleeps
_POLL_SECONDS = 0.001  # how long it sleeps where a guest gave a ring that it never kicks
_EDGE = select.EPOLLIN | select.EPOLLET


class Worker:
    """Serves a plane until its engine has gone."""

    def __init__(self, orders: socket.socket, bell: int, plane: Plane) -> None:
        self._orders = orders
        self._plane = plane
        self._bell = bell
        self._poll = select.epoll()
        self._watch()

    def run(self) -> None:
        """Serve, sleep and obey until the engine closes its end."""
        while True:
            ordered = self._plane.serve(_SPIN_NS)
            if not ordered:
                ordered = self._sleep()
            if ordered and not self._obey():
                return

    def _sleep(self) -> bool:
        """Wait for something to do; return whether it is an order."""
        timeout = 0.0
        if self._plane.fall_asleep():
            timeout = _POLL_SECONDS if self._plane.must_poll else -1
        found = {descriptor for descriptor, _ in self._poll.poll(timeout)}
        self._plane.wake_up()
        return self._orders.fileno() in found

    def _obey(self) -> bool:
        packet = receive(self._orders)
        if packet is None:
            return False
        try:
            answer = Answer(value=self._plane.carry_out(*packet))
        except GuestError as error:
            answer = Answer(refusal=str(error))
        self._watch()
        self._plane.board.resume()
        self._orders.send(msgspec.msgpack.encode(answer))
        return True

    def _watch(self) -> None:
        """Wait, from the next sleep on, for the bells that there are now.

        An eventfd that was closed here lives on with its guest, and so would its place in the
        old set. A guest may take from its eventfd what it has put there, so none is ever read:
        each new kick is an edge.
        """
        self._poll.close()
        self._poll = select.epoll()
        self._poll.register(self._orders, select.EPOLLIN)
        for bell in {self._bell, *self._plane.bells}:
            self._poll.register(bell, _EDGE)


def main() -> None:
    """Serve the ports that the engine gives, over the descriptors that it names."""
    engine, orders, board, alarm, bell, cpu = map(int, sys.argv[1:7])
    if not become_child(engine, "switch-worker"):
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the engine says when to end
    if cpu >= 0:
        os.sched_setaffinity(0, {cpu})
    plane = Plane(Board(board), alarm, Path(sys.argv[7]))
    plane.warm_up()
    if plane.was_compiled:
        # Now that the machine code is kept, begin anew without what compiling has left in memory.
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - the program that this is
    Worker(socket.socket(fileno=orders), bell, plane).run()


if __name__ == "__main__":
    main()
