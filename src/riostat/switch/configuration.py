"""What a switch is to have: its ports, how it gets at their guests' pages, and who serves them.

A configuration comes from a TOML file, from flags (`parse_port`), or from both; each way ends in
the same checked `Configuration`.
"""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from riostat.core.errors import ConfigurationError
from riostat.core.text import printable
from riostat.switch.ports import PAIRS_MAX, PORTS_MAX, Policy

__all__ = [
    "Configuration",
    "PortConfiguration",
    "Queues",
    "parse_port",
    "parse_uplink",
    "read_configuration",
]


_FILE_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_DEVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")  # IFNAMSIZ, with its zero byte
_MAC = re.compile(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}")  # not a group address


class Queues(StrEnum):
    """Which workers serve the guests.

    With `SHARED` one worker serves all, as a device with one queue does; with `PER_GUEST` each
    port goes to the worker that has the fewest.
    """

    SHARED = "shared"
    PER_GUEST = "per-guest"


class PortConfiguration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One port: either `vhost`, the path of a socket, or `tap`, the name of a device.

    `policy` is the switch's where it is None; `queues` are the pairs of a TAP device; `mac` the
    only address that the port may send from; `uplink` says that the port leads to a network.
    """

    name: str
    vhost: str | None = None
    tap: str | None = None
    policy: Policy | None = None
    queues: Annotated[int, msgspec.Meta(ge=1, le=PAIRS_MAX)] = 1
    mac: str | None = None
    uplink: bool = False

    @property
    def role(self) -> str:
        """What the port is for: ``guest`` or ``uplink``."""
        return "uplink" if self.uplink else "guest"

    @property
    def mac_bytes(self) -> bytes | None:
        """The only source address, as it stands in frames."""
        return None if self.mac is None else bytes.fromhex(self.mac.replace(":", ""))

    def check(self) -> None:
        """Raise `ConfigurationError` for what cannot be a port."""
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                f"{printable(self.name)!r} cannot be the name of a port; use up to 64 letters, "
                "digits, dots, hyphens and underscores."
            )
        if (self.vhost is None) == (self.tap is None):
            raise ConfigurationError(
                f"The port {self.name} must be either vhost or tap; give one of them."
            )
        if self.vhost is not None and (not self.vhost or "\0" in self.vhost):
            raise ConfigurationError(
                f"The port {self.name} has no path of a socket; give one with vhost."
            )
        if self.tap is not None and not _DEVICE.fullmatch(self.tap):
            raise ConfigurationError(
                f"{printable(self.tap)!r} cannot be the name of a TAP device; use up to 15 "
                "letters, digits, dots, hyphens and underscores."
            )
        if self.mac is not None and not _MAC.fullmatch(self.mac.lower()):
            raise ConfigurationError(
                f"{printable(self.mac)!r} cannot be the address of the port {self.name}; write "
                "six pairs of hexadecimal digits with colons, of one station."
            )


class Configuration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole switch. `cpus` holds one CPU for each worker, -1 for any CPU.

    With `segmentation` ports exchange frames of up to 64 KiB, which the receiver cuts up, and
    every guest has to negotiate that.
    """

    policy: Policy = Policy.REUSE
    queues: Queues = Queues.PER_GUEST
    cpus: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=64)] = (-1,)
    segmentation: bool = False
    port: tuple[PortConfiguration, ...] = ()

    def check(self) -> None:
        """Raise `ConfigurationError` for what cannot be a switch."""
        if len(self.port) > PORTS_MAX:
            raise ConfigurationError(
                f"{len(self.port)} ports are too many; a switch has up to {PORTS_MAX}."
            )
        for port in self.port:
            port.check()
        for what in ("name", "vhost", "tap"):
            given = [value for port in self.port if (value := getattr(port, what)) is not None]
            if twice := sorted({value for value in given if given.count(value) > 1}):
                raise ConfigurationError(
                    f"Two ports have the {what} {printable(twice[0])!r}; give each its own."
                )


def read_configuration(path: Path) -> Configuration:
    """Return the configuration in a TOML file; raises `ConfigurationError`."""
    shown = printable(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(_FILE_BYTES)
        configuration = msgspec.toml.decode(content, type=Configuration)
    except OSError as error:
        raise ConfigurationError(
            f"The configuration {shown} cannot be read ({error.strerror}); give another file."
        ) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(
            f"The configuration {shown} cannot be used ({printable(str(error))}); correct it."
        ) from error
    configuration.check()
    return configuration


def parse_port(text: str) -> PortConfiguration:
    """Return the port that ``NAME=vhost:SOCKET`` or ``NAME=tap:DEVICE`` describes."""
    name, _, place = text.partition("=")
    kind, _, target = place.partition(":")
    if kind not in {"vhost", "tap"} or not target:
        raise ConfigurationError(
            f"{printable(text)!r} describes no port; write NAME=vhost:SOCKET or NAME=tap:DEVICE."
        )
    port = PortConfiguration(
        name=name,
        vhost=str(Path(target).absolute()) if kind == "vhost" else None,
        tap=target if kind == "tap" else None,
    )
    port.check()
    return port


def parse_uplink(text: str) -> PortConfiguration:
    """Return the port that ``tap:DEVICE`` describes, an uplink named after its device."""
    kind, _, device = text.partition(":")
    if kind != "tap":
        raise ConfigurationError(f"{printable(text)!r} describes no uplink; write tap:DEVICE.")
    port = PortConfiguration(name=device, tap=device, uplink=True)
    port.check()
    return port
