"""Numbers and times as pages show them."""

from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["FILTERS"]

_THIN_SPACE = "\u2009"
_DOMAIN_KINDS = frozenset({"host", "vm", "container", "xen", "idle"})


def _percent(share: float, digits: int = 1) -> str:
    """Return a fraction as a percentage: 0.1234 is ``12.3 %``."""
    return f"{100 * share:.{digits}f}{_THIN_SPACE}%"


def _seconds(value: float) -> str:
    """Return a duration in the unit that suits it."""
    if value >= 59.95:
        minutes, rest = divmod(round(value), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e6:.3g} µs" if value else "0 s"


def _size(value: float) -> str:
    """Return bytes in decimal units."""
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB" if value < 999.5 else f"{value:.0f} TB"


def _count(value: int) -> str:
    """Return a whole number with its thousands apart."""
    return f"{value:,}".replace(",", _THIN_SPACE)


def _scaled(value: float, unit: str, prefixes: str) -> str:
    """Return a value with the decimal prefix that suits it: 1234 pps is ``1.23 kpps``."""
    for prefix in prefixes[:-1]:
        if value < 999.5:
            return f"{value:.3g} {prefix.strip()}{unit}"
        value /= 1000
    return f"{value:.3g} {prefixes[-1]}{unit}"


def _bits(value: float) -> str:
    """Return bits a second."""
    return _scaled(value, "b/s", " kMGT")


def _packets(value: float) -> str:
    """Return frames a second."""
    return _scaled(value, "pps", " kMG")


def _throughput(value: float) -> str:
    """Return bytes a second."""
    return f"{_size(value)}/s"


def _day(seconds: float) -> str:
    """Return a moment, given in seconds since 1970, in words."""
    return _when(datetime.fromtimestamp(seconds, UTC).isoformat())


def _when(iso: str) -> str:
    """Return a moment, given in ISO 8601, in words."""
    moment = datetime.fromisoformat(iso).astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M:%S} UTC"


def _pick(kind: str) -> str:
    """Return the CSS class of a kind of domain."""
    return f"kind-{kind}" if kind in _DOMAIN_KINDS else "kind-other"


FILTERS: dict[str, Callable[..., str]] = {
    "percent": _percent,
    "seconds": _seconds,
    "bytes": _size,
    "count": _count,
    "when": _when,
    "day": _day,
    "bits": _bits,
    "packets": _packets,
    "throughput": _throughput,
    "pick": _pick,
}
