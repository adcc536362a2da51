"""The back end's side of a vhost-user session: what a front end may say, and when. No I/O.

A `Session` is fed whole messages with their descriptors and answers with `Action`s for whoever
owns the socket and the engine. Every request has one line in `_RULES`: how its payload is laid
out, how many descriptors go along, what must have been said before, and, for those that speak of
one ring, the state in which that ring must be::

                  SET_VRING_KICK
       STOPPED ---------------------> STARTED        NUM, ADDR, BASE and KICK: while STOPPED
          ^                              |           CALL, ERR and ENABLE: always
          +------------------------------+
             GET_VRING_BASE, RESET_OWNER

A started ring is served while it is enabled, which it is from the start unless the front end
negotiated protocol features. Whatever breaks a rule raises `GuestError`, after which the session
is over; `close` returns the descriptors that it held. Left out: dirty logging, postcopy, in-flight
tracking (split rings are used in order and resume from the used index), in-band notifications.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntFlag, auto
from typing import ClassVar, TypeAlias

from riostat.core.errors import GuestError
from riostat.switch.ports import PAIRS_MAX, RING_SIZE_MAX, Region, Ring
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
from riostat.switch.vhost.memory import Attachment, check_regions, check_ring
from riostat.switch.vhost.messages import (
    ProtocolFeature,
    Request,
    VringAddress,
    decode_memory_table,
    decode_u64,
    decode_vring_address,
    decode_vring_file,
    decode_vring_state,
    encode_reply,
    encode_u64,
    encode_vring_state,
)

__all__ = ["PROTOCOL_FEATURES", "Session"]

PROTOCOL_FEATURES = ProtocolFeature.MQ | ProtocolFeature.REPLY_ACK

_INDEX_END = 1 << 16
_SUCCESS = 0


class _Step(IntFlag):
    """What a session has behind it."""

    SET_OWNER = auto()
    SET_FEATURES = auto()
    SET_MEM_TABLE = auto()
    PROTOCOL_F_MQ = auto()


_NOTHING = _Step(0)


@dataclass(slots=True)
class _Vring:
    """What is known of one ring; `serving` is what the engine was told."""

    size: int = 0
    base: int = 0
    address: VringAddress | None = None
    kick: int = -1
    call: int = -1
    started: bool = False
    enabled: bool = False
    serving: bool = False


_CarryOut: TypeAlias = Callable[["Session", bytes, Sequence[Attachment]], Iterator[Action]]


@dataclass(frozen=True, slots=True)
class _Rule:
    """What carries a request out, what must be behind it, and what goes along."""

    carry_out: _CarryOut
    needs: _Step = _NOTHING
    takes_descriptors: bool = False
    takes_payload: bool = True
    replies: bool = False


@dataclass(slots=True)
class Session:
    """One front end's connection.

    `features` are the virtio feature bits on offer (the bit for protocol features is added),
    `queues_max` the pairs of rings.
    """

    features: int
    queues_max: int = PAIRS_MAX
    acked_features: int = 0
    acked_protocol_features: int = 0
    regions: tuple[Region, ...] = ()
    _steps: _Step = _NOTHING
    _replaced: tuple[int, ...] = ()
    _vrings: dict[int, _Vring] = field(default_factory=dict)

    def receive(
        self,
        request: Request,
        payload: bytes,
        attachments: Sequence[Attachment],
        *,
        need_reply: bool = False,
    ) -> Iterator[Action]:
        """Yield what is to be done about a request.

        Nothing is changed, and nothing of `attachments` is kept, where `GuestError` is raised.
        Descriptors that come back in `Discard` are to be closed; those that were kept come back
        later, or from `close`. The session must not be asked again before the iterator is empty.
        """
        rule = self._RULES[request]
        if missing := rule.needs & ~self._steps:
            steps = " and ".join(str(step.name) for step in missing)
            raise GuestError(
                f"{request.name} came before {steps}; keep to the order of the protocol."
            )
        if attachments and not rule.takes_descriptors:
            raise GuestError(
                f"{request.name} came with {len(attachments)} descriptors; it takes none."
            )
        if payload and not rule.takes_payload:
            raise GuestError(
                f"{request.name} came with {len(payload)} bytes of payload; it takes none."
            )
        yield from rule.carry_out(self, payload, attachments)
        wants_reply = self.acked_protocol_features & ProtocolFeature.REPLY_ACK
        if need_reply and wants_reply and not rule.replies:
            yield Reply(encode_reply(request, encode_u64(_SUCCESS)))

    def ring(self, index: int) -> Ring:
        """Return the ring that `StartRing` speaks of."""
        vring = self._vrings[index]
        assert vring.address is not None
        return Ring(
            index=index,
            size=vring.size,
            descriptors=vring.address.descriptors,
            available=vring.address.available,
            used=vring.address.used,
            base=vring.base,
            kick=vring.kick,
            call=vring.call,
        )

    def stopped(self, index: int, base: int) -> None:
        """Take note of the next available index of a ring that was served until now."""
        self._vrings[index].base = base

    def base_reply(self, index: int) -> bytes:
        """Return the answer that `ReplyBase` asks for."""
        base = self._vring(index).base
        return encode_reply(Request.GET_VRING_BASE, encode_vring_state(index, base))

    def close(self) -> list[int]:
        """End the session; return the descriptors that it held."""
        held = [region.descriptor for region in self.regions] + list(self._replaced)
        held += [fd for vring in self._vrings.values() for fd in (vring.kick, vring.call)]
        self.regions, self._replaced = (), ()
        self._vrings.clear()
        return [descriptor for descriptor in held if descriptor >= 0]

    def _vring(self, index: int) -> _Vring:
        if index >= 2 * self.queues_max:
            raise GuestError(
                f"There is no ring {index}; {self.queues_max} pairs of rings are offered."
            )
        return self._vrings.setdefault(index, _Vring())

    def _stopped_vring(self, request: Request, index: int) -> _Vring:
        vring = self._vring(index)
        if vring.started:
            raise GuestError(
                f"{request.name} came for ring {index}, which is started; stop it with "
                "GET_VRING_BASE first."
            )
        return vring

    def _settle(self, index: int) -> Iterator[Action]:
        """Let the engine serve a ring, or no longer, as its state now says."""
        vring = self._vrings[index]
        negotiated = self.acked_features & ProtocolFeature.NEGOTIATION
        wanted = vring.started and (vring.enabled or not negotiated)
        if wanted != vring.serving:
            vring.serving = wanted
            yield StartRing(index) if wanted else StopRing(index)

    def _get_features(self, _payload: bytes, _files: Sequence[Attachment]) -> Iterator[Action]:
        offered = self.features | ProtocolFeature.NEGOTIATION
        yield Reply(encode_reply(Request.GET_FEATURES, encode_u64(offered)))

    def _set_features(self, payload: bytes, _files: Sequence[Attachment]) -> Iterator[Action]:
        acked = decode_u64(payload)
        if surplus := acked & ~(self.features | ProtocolFeature.NEGOTIATION):
            raise GuestError(
                f"SET_FEATURES has the bits {surplus:#x}, which were not offered; keep to "
                "GET_FEATURES."
            )
        if acked != self.acked_features and any(v.started for v in self._vrings.values()):
            raise GuestError(
                f"SET_FEATURES changes the features to {acked:#x} while rings are started; stop "
                "them with GET_VRING_BASE first."
            )
        self.acked_features = acked
        self._steps |= _Step.SET_FEATURES
        yield from ()

    def _get_protocol(self, _payload: bytes, _files: Sequence[Attachment]) -> Iterator[Action]:
        offered = encode_u64(PROTOCOL_FEATURES)
        yield Reply(encode_reply(Request.GET_PROTOCOL_FEATURES, offered))

    def _set_protocol(self, payload: bytes, _files: Sequence[Attachment]) -> Iterator[Action]:
        acked = decode_u64(payload)
        if surplus := acked & ~PROTOCOL_FEATURES:
            raise GuestError(
                f"SET_PROTOCOL_FEATURES has the bits {surplus:#x}, which were not offered; keep "
                "to GET_PROTOCOL_FEATURES."
            )
        self.acked_protocol_features = acked
        self._steps &= ~_Step.PROTOCOL_F_MQ
        if acked & ProtocolFeature.MQ:
            self._steps |= _Step.PROTOCOL_F_MQ
        yield from ()

    def _get_queue_num(self, _payload: bytes, _files: Sequence[Attachment]) -> Iterator[Action]:
        yield Reply(encode_reply(Request.GET_QUEUE_NUM, encode_u64(self.queues_max)))

    def _set_owner(self, _payload: bytes, _files: Sequence[Attachment]) -> Iterator[Action]:
        if self._steps & _Step.SET_OWNER:
            raise GuestError("SET_OWNER came twice; a session has one owner.")
        self._steps |= _Step.SET_OWNER
        yield from ()

    def _reset_owner(self, _payload: bytes, _files: Sequence[Attachment]) -> Iterator[Action]:
        """Stop all rings: back ends never agreed on more, and front ends no longer send it."""
        self._steps &= ~_Step.SET_OWNER
        for index in list(self._vrings):
            yield from self._stop(index)

    def _set_mem_table(self, payload: bytes, files: Sequence[Attachment]) -> Iterator[Action]:
        regions = check_regions(decode_memory_table(payload), files)
        for vring in self._vrings.values():
            if vring.started:
                assert vring.address is not None
                check_ring(vring.address, vring.size, regions)
        before = tuple(region.descriptor for region in self.regions)
        self.regions = regions
        self._steps |= _Step.SET_MEM_TABLE
        yield from self._replace(before, SetMemory(regions))

    def _set_vring_num(self, payload: bytes, _files: Sequence[Attachment]) -> Iterator[Action]:
        index, size = decode_vring_state(payload)
        vring = self._stopped_vring(Request.SET_VRING_NUM, index)
        if not 2 <= size <= RING_SIZE_MAX or size & (size - 1):
            raise GuestError(
                f"Ring {index} is to have {size} entries; give a power of two from 2 to "
                f"{RING_SIZE_MAX}."
            )
        vring.size = size
        yield from ()

    def _set_vring_addr(self, payload: bytes, _files: Sequence[Attachment]) -> Iterator[Action]:
        address = decode_vring_address(payload)
        vring = self._stopped_vring(Request.SET_VRING_ADDR, address.index)
        if address.flags:
            raise GuestError(
                f"SET_VRING_ADDR has the flags {address.flags:#x} for ring {address.index}; "
                "logging was not offered."
            )
        vring.address = address
        yield from ()

    def _set_vring_base(self, payload: bytes, _files: Sequence[Attachment]) -> Iterator[Action]:
        index, base = decode_vring_state(payload)
        vring = self._stopped_vring(Request.SET_VRING_BASE, index)
        if base >= _INDEX_END:
            raise GuestError(f"Ring {index} is to begin at {base}; an index has 16 bits.")
        vring.base = base
        yield from ()

    def _get_vring_base(self, payload: bytes, _files: Sequence[Attachment]) -> Iterator[Action]:
        index, _ = decode_vring_state(payload)
        self._vring(index)
        yield from self._stop(index)
        yield ReplyBase(index)

    def _stop(self, index: int) -> Iterator[Action]:
        vring = self._vrings[index]
        vring.started = False
        yield from self._settle(index)
        kick, vring.kick = vring.kick, -1
        if kick >= 0:
            yield Discard((kick,))

    def _set_vring_kick(self, payload: bytes, files: Sequence[Attachment]) -> Iterator[Action]:
        index, descriptor = self._eventfd(payload, files)
        vring = self._stopped_vring(Request.SET_VRING_KICK, index)
        if vring.size == 0 or vring.address is None:
            raise GuestError(
                f"SET_VRING_KICK starts ring {index}, whose size or addresses are not known; send "
                "SET_VRING_NUM and SET_VRING_ADDR before."
            )
        check_ring(vring.address, vring.size, self.regions)
        vring.kick, vring.started = descriptor, True
        yield from self._settle(index)

    def _set_vring_call(self, payload: bytes, files: Sequence[Attachment]) -> Iterator[Action]:
        index, descriptor = self._eventfd(payload, files)
        vring = self._vring(index)
        before = () if vring.call < 0 else (vring.call,)
        vring.call = descriptor
        yield from self._replace(before, SetCall(index, descriptor) if vring.serving else None)

    def _replace(self, before: tuple[int, ...], action: Action | None) -> Iterator[Action]:
        """Yield what replaces descriptors, and then those; they are held in between."""
        self._replaced = before
        if action is not None:
            yield action
        self._replaced = ()
        if before:
            yield Discard(before)

    def _set_vring_err(self, payload: bytes, files: Sequence[Attachment]) -> Iterator[Action]:
        """Accept where errors are to be signalled; a broken ring ends its session instead."""
        index, descriptor = self._eventfd(payload, files)
        self._vring(index)
        if descriptor >= 0:
            yield Discard((descriptor,))

    def _set_vring_enable(self, payload: bytes, _files: Sequence[Attachment]) -> Iterator[Action]:
        index, enable = decode_vring_state(payload)
        vring = self._vring(index)
        if enable not in {0, 1}:
            raise GuestError(f"SET_VRING_ENABLE gives ring {index} the value {enable}; 0 or 1.")
        vring.enabled = bool(enable)
        yield from self._settle(index)

    def _eventfd(self, payload: bytes, files: Sequence[Attachment]) -> tuple[int, int]:
        index, has_descriptor = decode_vring_file(payload)
        if len(files) != has_descriptor:
            raise GuestError(
                f"An eventfd of ring {index} was announced as {int(has_descriptor)} descriptors, "
                f"and {len(files)} came; send what is announced."
            )
        if not has_descriptor:
            return index, -1
        if not files[0].eventfd:
            raise GuestError(f"What came as the eventfd of ring {index} is none; use eventfd(2).")
        return index, files[0].descriptor

    # Front ends set eventfds and enable rings before they have settled the features, so these need
    # less than one would think.
    _RULES: ClassVar[Mapping[Request, _Rule]] = {
        Request.GET_FEATURES: _Rule(_get_features, takes_payload=False, replies=True),
        Request.SET_FEATURES: _Rule(_set_features, _Step.SET_OWNER),
        Request.GET_PROTOCOL_FEATURES: _Rule(_get_protocol, takes_payload=False, replies=True),
        Request.SET_PROTOCOL_FEATURES: _Rule(_set_protocol),
        Request.GET_QUEUE_NUM: _Rule(
            _get_queue_num, _Step.PROTOCOL_F_MQ, takes_payload=False, replies=True
        ),
        Request.SET_OWNER: _Rule(_set_owner, takes_payload=False),
        Request.RESET_OWNER: _Rule(_reset_owner, _Step.SET_OWNER, takes_payload=False),
        Request.SET_MEM_TABLE: _Rule(
            _set_mem_table, _Step.SET_OWNER | _Step.SET_FEATURES, takes_descriptors=True
        ),
        Request.SET_VRING_NUM: _Rule(_set_vring_num, _Step.SET_OWNER),
        Request.SET_VRING_ADDR: _Rule(_set_vring_addr, _Step.SET_OWNER),
        Request.SET_VRING_BASE: _Rule(_set_vring_base, _Step.SET_OWNER),
        Request.GET_VRING_BASE: _Rule(_get_vring_base, _Step.SET_OWNER, replies=True),
        Request.SET_VRING_KICK: _Rule(
            _set_vring_kick,
            _Step.SET_OWNER | _Step.SET_FEATURES | _Step.SET_MEM_TABLE,
            takes_descriptors=True,
        ),
        Request.SET_VRING_CALL: _Rule(_set_vring_call, _Step.SET_OWNER, takes_descriptors=True),
        Request.SET_VRING_ERR: _Rule(_set_vring_err, _Step.SET_OWNER, takes_descriptors=True),
        Request.SET_VRING_ENABLE: _Rule(_set_vring_enable, _Step.SET_OWNER),
    }
