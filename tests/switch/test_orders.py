"""Orders arrive as they were sent, with descriptors of the receiver's own."""

import os
import socket
from pathlib import Path

from riostat.switch.orders import Attach, RegionOrder, receive, send


def test_an_order_arrives_with_its_descriptors() -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here, there, Path(os.devnull).open() as file:
        order = Attach(3, "vhost", "reuse", 1 << 32, 7, -1, [RegionOrder(1, 2, 3, 4)], 0)
        send(here, order, [file.fileno()])
        received = receive(there)
        assert received is not None
        assert received[0] == order
        assert os.fstat(received[1][0]).st_rdev == os.fstat(file.fileno()).st_rdev
        assert received[1][0] != file.fileno()
        os.close(received[1][0])


def test_the_end_of_the_engine_is_no_order() -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here.close()
    with there:
        assert receive(there) is None
