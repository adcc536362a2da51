"""What a worker counts is what the engine reads, in another mapping of the same memory."""

import os

from riostat.switch.board import Board
from riostat.switch.kernels import layout as at
from riostat.switch.ports import Drop, Fault, GrantCounters, QueueCounters


def test_counters_are_read_through_another_mapping() -> None:
    ours = Board.create()
    theirs = Board(os.dup(ours.descriptor))
    row = theirs.row(2)
    row[at.COUNT_QUEUES : at.COUNT_QUEUES + 4] = [1, 60, 2, 120]
    row[at.COUNT_DROPS + Drop.SPOOFED] = 5
    row[at.COUNT_FAULT] = Fault.CHAIN_LOOP
    row[at.COUNT_FLOODED] = 7
    row[at.COUNT_LIVE : at.COUNT_COPIED + 1] = [1, 2, 3, 4, 5]
    assert ours.queues(2) == (QueueCounters(rx_frames=1, rx_bytes=60, tx_frames=2, tx_bytes=120),)
    assert ours.drops(2) == {Drop.SPOOFED: 5}
    assert ours.fault(2) is Fault.CHAIN_LOOP
    assert ours.flooded(2) == 7
    assert ours.grants(2) == GrantCounters(live=1, mapped=2, reused=3, revoked=4, copied=5)
    assert ours.drops(1) == {}
    ours.close()
    theirs.close()
    assert ours.flooded(2) == 7


def test_a_stop_is_seen_and_taken_back() -> None:
    board = Board.create()
    board.stop()
    assert board.words[at.CONTROL_STOP] == 1
    board.resume()
    assert board.words[at.CONTROL_STOP] == 0
    board.close()
