"""The domain: whoever a cost is charged to."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["HOST", "Domain", "DomainKind"]


class DomainKind(StrEnum):
    """What isolates a domain from the others."""

    HOST = "host"
    VM = "vm"
    CONTAINER = "container"
    XEN = "xen"


@dataclass(frozen=True, slots=True)
class Domain:
    """One protection domain of a machine, as in Xenoprof (Menon et al., VEE 2005)."""

    name: str
    kind: DomainKind


HOST = Domain("host", DomainKind.HOST)
