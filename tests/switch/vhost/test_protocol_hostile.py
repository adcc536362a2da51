"""Mutated sessions against the state machine alone: refused in words, or carried out soundly."""

import random
from dataclasses import dataclass, field, replace

import pytest

from riostat.core.errors import GuestError
from riostat.switch.vhost.actions import Discard, SetCall, SetMemory, StartRing, StopRing
from riostat.switch.vhost.memory import Attachment
from riostat.switch.vhost.messages import Request
from riostat.switch.vhost.protocol import Session
from tests.switch.vhost.sessions import FEATURES, LENGTH, Sent, handshake

HANDSHAKE = handshake(pairs=2)
ODD = [0, 1, 2, 7, 255, 256, 4095, 4096, 65535, 65536, 2**31, 2**32 - 1, 2**63, 2**64 - 1]


@dataclass
class Engine:
    """What an engine was told, checked by rules of its own."""

    open: set[int] = field(default_factory=set)
    serving: set[int] = field(default_factory=set)

    def carry_out(self, session: Session, sent: Sent) -> None:
        self.open |= {attachment.descriptor for attachment in sent.attachments}
        for action in session.receive(
            sent.request, sent.payload, sent.attachments, need_reply=sent.need_reply
        ):
            match action:
                case SetMemory(regions):
                    for region in regions:
                        assert region.descriptor in self.open
                        assert 0 < region.length <= 2 * LENGTH - region.offset
                case StartRing(index):
                    assert index not in self.serving
                    self.serving.add(index)
                    self.check(session, index)
                case SetCall(index, call):
                    assert index in self.serving
                    assert call == -1 or call in self.open
                case StopRing(index):
                    self.serving.remove(index)
                    session.stopped(index, 17)
                case Discard(descriptors):
                    assert self.open.issuperset(descriptors)
                    self.open.difference_update(descriptors)

    def check(self, session: Session, index: int) -> None:
        ring = session.ring(index)
        assert ring.size in {1 << bit for bit in range(1, 16)}
        assert 0 <= ring.base < 65536
        assert {ring.kick, ring.call} <= self.open | {-1}
        parts = {
            ring.descriptors: 16 * ring.size,
            ring.available: 2 * ring.size + 6,
            ring.used: 8 * ring.size + 6,
        }
        for start, size in parts.items():
            assert any(
                r.user_address <= start < start + size <= r.user_address + r.length
                for r in session.regions
            )


def spoil(rng: random.Random, sent: Sent) -> Sent:
    """Change one thing about a request."""
    payload = bytearray(sent.payload)
    match rng.randrange(7):
        case 0 if payload:
            payload[rng.randrange(len(payload))] ^= 1 << rng.randrange(8)
        case 1 if len(payload) >= 4:
            at = rng.randrange(len(payload) // 4) * 4
            payload[at : at + 4] = (rng.choice(ODD) % 2**32).to_bytes(4, "little")
        case 2 if len(payload) >= 16:
            at = rng.randrange(len(payload) // 8) * 8
            payload[at : at + 8] = rng.choice(ODD).to_bytes(8, "little")
        case 3:
            del payload[rng.randrange(len(payload) + 1) :]
        case 4:
            payload += rng.randbytes(rng.choice([1, 4, 8, 32]))
        case 5:
            return replace(sent, request=rng.choice(list(Request)))
        case _:
            kinds = [
                Attachment(-1),
                Attachment(-1, eventfd=True),
                Attachment(-1, memory_bytes=rng.choice([0, 4096, LENGTH, 2 * LENGTH])),
            ]
            return replace(sent, attachments=tuple(rng.choices(kinds, k=rng.randrange(4))))
    return replace(sent, payload=bytes(payload))


def session_of(rng: random.Random) -> int:
    """Let one session be: it is fed good and spoilt requests until one is refused."""
    session, engine, number, mutations = Session(FEATURES), Engine(), 0, 0
    script = list(HANDSHAKE)
    for _ in range(rng.randrange(3)):
        script.insert(rng.randrange(len(script)), rng.choice(HANDSHAKE))
    for good in script:
        spoilt = rng.random() < 0.15
        mutations += spoilt
        numbered = (spoil(rng, good) if spoilt else good).with_descriptors(number)
        number += len(numbered.attachments)
        try:
            engine.carry_out(session, numbered)
        except GuestError:
            engine.open.difference_update(a.descriptor for a in numbered.attachments)
            break
    held = session.close()
    assert len(held) == len(set(held))
    assert set(held) == engine.open
    return mutations


@pytest.mark.parametrize("wanted", [100_000, pytest.param(10_000_000, marks=pytest.mark.soak)])
def test_mutated_sessions_are_refused_or_sound(wanted: int) -> None:
    rng = random.Random(random.getrandbits(32))  # pytest-randomly prints what it comes from
    mutations = 0
    while mutations < wanted:
        mutations += session_of(rng)
