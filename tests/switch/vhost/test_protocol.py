"""The session of a front end: what is done about each request, and what is refused."""

from collections.abc import Sequence

import pytest

from riostat.core.errors import GuestError
from riostat.switch.vhost.actions import (
    Action,
    Discard,
    Reply,
    ReplyBase,
    SetCall,
    SetMemory,
    StartRing,
    StopRing,
)
from riostat.switch.vhost.memory import Attachment
from riostat.switch.vhost.messages import (
    MemoryRegion,
    ProtocolFeature,
    Request,
    encode_memory_table,
    encode_reply,
    encode_u64,
    encode_vring_address,
    encode_vring_file,
    encode_vring_state,
)
from riostat.switch.vhost.protocol import PROTOCOL_FEATURES, Session
from tests.switch.vhost.sessions import (
    FEATURES,
    SIZE,
    USER,
    Sent,
    handshake,
    ring_address,
)

EVENTFD = Attachment(77, eventfd=True)


def say(session: Session, sent: Sent) -> list[Action]:
    return list(
        session.receive(sent.request, sent.payload, sent.attachments, need_reply=sent.need_reply)
    )


def started(pairs: int = 1, *, until: int | None = None) -> Session:
    """A session after the first `until` requests of a handshake; descriptors count from 100."""
    session = Session(FEATURES)
    number = 100
    for sent in handshake(pairs)[:until]:
        say(session, sent.with_descriptors(number))
        number += len(sent.attachments)
    return session


def refuse(session: Session, message: str, request: Request, *rest: object) -> None:
    payload = rest[0] if rest else b""
    attachments = rest[1] if len(rest) > 1 else ()
    assert isinstance(payload, bytes)
    assert isinstance(attachments, Sequence)
    with pytest.raises(GuestError, match=message):
        list(session.receive(request, payload, attachments))


def test_a_handshake_starts_the_rings() -> None:
    session = Session(FEATURES)
    actions: list[Action] = []
    for number, sent in enumerate(handshake()):
        actions += say(session, sent.with_descriptors(100 + 2 * number))
    kinds = [type(action) for action in actions if not isinstance(action, Reply)]
    assert kinds == [SetMemory, StartRing, StartRing]
    replies = [action.data for action in actions if isinstance(action, Reply)]
    acks = [
        (Request.SET_FEATURES, 0),
        (Request.SET_MEM_TABLE, 0),
        (Request.SET_VRING_ENABLE, 0),
        (Request.SET_VRING_ENABLE, 0),
    ]
    answers = [
        (Request.GET_FEATURES, FEATURES | ProtocolFeature.NEGOTIATION),
        (Request.GET_PROTOCOL_FEATURES, PROTOCOL_FEATURES),
        (Request.GET_QUEUE_NUM, 8),
    ]
    assert replies == [encode_reply(r, encode_u64(value)) for r, value in answers + acks]
    ring = session.ring(1)
    assert (ring.size, ring.descriptors, ring.base) == (SIZE, USER + 0x10000, 0)
    assert ring.kick != ring.call
    assert sorted(session.close()) == [112, 113, 120, 122, 132, 134]


def test_a_ring_without_protocol_features_is_enabled_as_it_starts() -> None:
    session = Session(FEATURES)
    for sent in handshake()[:12]:
        payload = encode_u64(FEATURES) if sent.request is Request.SET_FEATURES else sent.payload
        actions = say(session, Sent(sent.request, payload, sent.attachments))
    assert actions == [StartRing(0)]


def test_a_ring_is_stopped_and_told_where_to_go_on() -> None:
    session = started()
    kick = session.ring(0).kick
    asked = Sent(Request.GET_VRING_BASE, encode_vring_state(0, 0))
    iterator = session.receive(asked.request, asked.payload, ())
    assert next(iterator) == StopRing(0)
    session.stopped(0, 41)
    assert list(iterator) == [Discard((kick,)), ReplyBase(0)]
    assert session.base_reply(0) == encode_reply(Request.GET_VRING_BASE, encode_vring_state(0, 41))
    assert say(session, asked) == [ReplyBase(0)]
    kicked = Sent(Request.SET_VRING_KICK, encode_vring_file(0, has_descriptor=True), (EVENTFD,))
    assert say(session, kicked) == [StartRing(0)]
    assert session.ring(0).base == 41


def test_enabling_twice_changes_nothing() -> None:
    session = started()
    on, off = (Sent(Request.SET_VRING_ENABLE, encode_vring_state(0, n)) for n in (1, 0))
    assert say(session, on) == []
    assert say(session, off) == [StopRing(0)]
    assert say(session, off) == []
    assert say(session, on) == [StartRing(0)]


def test_a_running_ring_gets_another_call_eventfd() -> None:
    session = started()
    before = session.ring(0).call
    called = Sent(Request.SET_VRING_CALL, encode_vring_file(0, has_descriptor=True), (EVENTFD,))
    assert say(session, called) == [SetCall(0, 77), Discard((before,))]
    muted = Sent(Request.SET_VRING_CALL, encode_vring_file(0, has_descriptor=False))
    assert say(session, muted) == [SetCall(0, -1), Discard((77,))]
    assert -1 not in session.close()


def test_an_error_eventfd_is_not_kept() -> None:
    told = Sent(Request.SET_VRING_ERR, encode_vring_file(0, has_descriptor=True), (EVENTFD,))
    assert say(started(), told) == [Discard((77,))]


def test_memory_is_replaced_under_running_rings() -> None:
    session = started()
    before = tuple(region.descriptor for region in session.regions)
    again = handshake()[6].with_descriptors(300)
    memory, discard, _reply = say(session, again)
    assert isinstance(memory, SetMemory)
    assert [region.descriptor for region in memory.regions] == [300, 301]
    assert discard == Discard(before)


def test_what_is_being_replaced_is_still_held() -> None:
    session = started()
    before = [region.descriptor for region in session.regions]
    again = handshake()[6].with_descriptors(300)
    next(session.receive(again.request, again.payload, again.attachments))
    assert set(session.close()) > {*before, 300, 301}


def test_memory_that_leaves_a_running_ring_outside_is_refused() -> None:
    session = started()
    first = handshake()[6]
    table = encode_memory_table([MemoryRegion(0, 1 << 20, USER + (1 << 30), 0)])
    refuse(session, "is not inside", Request.SET_MEM_TABLE, table, first.attachments[:1])
    assert session.regions[0].user_address == USER


def test_resetting_the_owner_stops_everything() -> None:
    session = started()
    actions = say(session, Sent(Request.RESET_OWNER))
    assert [a for a in actions if isinstance(a, StopRing)] == [StopRing(0), StopRing(1)]
    assert say(session, Sent(Request.SET_OWNER)) == []


@pytest.mark.parametrize(
    ("until", "message", "request_", "rest"),
    [
        (1, "came before SET_OWNER", Request.SET_FEATURES, [encode_u64(0)]),
        (2, "GET_QUEUE_NUM came before PROTOCOL_F_MQ", Request.GET_QUEUE_NUM, []),
        (5, "came before SET_FEATURES", Request.SET_MEM_TABLE, [b""]),
        (6, "came before SET_MEM_TABLE", Request.SET_VRING_KICK, [b""]),
        (7, "size or addresses are not known", Request.SET_VRING_KICK, [encode_u64(0x100)]),
        (2, "SET_OWNER came twice", Request.SET_OWNER, []),
        (2, "SET_OWNER came with 1 descriptors", Request.SET_OWNER, [b"", [EVENTFD]]),
        (2, "GET_FEATURES came with 8 bytes", Request.GET_FEATURES, [bytes(8)]),
        (2, "has the bits 0x1, which", Request.SET_FEATURES, [encode_u64(1)]),
        (2, "has the bits 0x2, which", Request.SET_PROTOCOL_FEATURES, [encode_u64(2)]),
        (2, "A payload has 7 bytes where 8 belong", Request.SET_FEATURES, [bytes(7)]),
        (None, "while rings are started", Request.SET_FEATURES, [encode_u64(0)]),
        (7, "There is no ring 16", Request.SET_VRING_NUM, [encode_vring_state(16, 256)]),
        (7, "There is no ring 255", Request.SET_VRING_CALL, [encode_u64(0x1FF)]),
        (7, "to have 0 entries", Request.SET_VRING_NUM, [encode_vring_state(0, 0)]),
        (7, "to have 1 entries", Request.SET_VRING_NUM, [encode_vring_state(0, 1)]),
        (7, "to have 255 entries", Request.SET_VRING_NUM, [encode_vring_state(0, 255)]),
        (7, "to have 65536 entries", Request.SET_VRING_NUM, [encode_vring_state(0, 65536)]),
        (7, "begin at 65536", Request.SET_VRING_BASE, [encode_vring_state(0, 65536)]),
        (None, "ring 0, which is started", Request.SET_VRING_NUM, [encode_vring_state(0, 256)]),
        (None, "ring 1, which is started", Request.SET_VRING_BASE, [encode_vring_state(1, 0)]),
        (
            None,
            "ring 0, which is started",
            Request.SET_VRING_ADDR,
            [encode_vring_address(ring_address(0))],
        ),
        (None, "ring 0, which is started", Request.SET_VRING_KICK, [encode_u64(0x100)]),
        (7, "the value 2; 0 or 1", Request.SET_VRING_ENABLE, [encode_vring_state(0, 2)]),
        (7, "announced as 1 descriptors, and 0 came", Request.SET_VRING_CALL, [encode_u64(0)]),
        (
            7,
            "announced as 0 descriptors, and 1 came",
            Request.SET_VRING_CALL,
            [encode_u64(0x100), [EVENTFD]],
        ),
        (
            7,
            "announced as 1 descriptors, and 2 came",
            Request.SET_VRING_CALL,
            [encode_u64(0), [EVENTFD, EVENTFD]],
        ),
        (7, "ring 0 is none", Request.SET_VRING_CALL, [encode_u64(0), [Attachment(7)]]),
        (7, "only bits 0 to 8", Request.SET_VRING_CALL, [encode_u64(0x300)]),
    ],
)
def test_what_breaks_a_rule_is_one_sentence(
    until: int | None, message: str, request_: Request, rest: list[object]
) -> None:
    refuse(started(until=until), message, request_, *rest)


def test_logging_is_refused() -> None:
    logged = encode_vring_address(ring_address(0)).replace(bytes(8), b"\0\0\0\0\1\0\0\0", 1)
    refuse(started(until=7), "logging was not offered", Request.SET_VRING_ADDR, logged)
