"""What xl says of the domains that are there, from the table of `xl list`."""

from dataclasses import dataclass

from riostat.core.errors import MachineError
from riostat.core.text import printable

__all__ = ["DOM0", "Domain", "find_domain", "parse_domains"]

DOM0 = "Domain-0"

# The letters of xl(1)'s column, the one that says most first: a crashed domain is shut down, too.
_STATES = {
    "d": "dying",
    "c": "crashed",
    "s": "shut down",
    "p": "paused",
    "r": "running",
    "b": "blocked",
}
_NO_STATE = "runnable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A domain as it stands: `number` is Xen's for it, and `cpu_s` what it has used of CPU time."""

    name: str
    number: int
    memory_mib: int
    vcpus: int
    state: str
    cpu_s: float


def parse_domains(table: str) -> tuple[Domain, ...]:
    """Return the domains of a table that `xl list` printed; raises `MachineError` for another."""
    domains = []
    for line in table.splitlines()[1:]:
        try:
            name, number, memory, vcpus, letters, seconds = line.rsplit(maxsplit=5)
            domains.append(
                Domain(
                    name=name,
                    number=int(number),
                    memory_mib=int(memory),
                    vcpus=int(vcpus),
                    state=next((_STATES[one] for one in _STATES if one in letters), _NO_STATE),
                    cpu_s=float(seconds),
                )
            )
        except ValueError as error:
            raise MachineError(
                f"xl listed a domain as {printable(line)!r}, which cannot be read; "
                "look at it with `riostat testbed xen run 'xl list'`."
            ) from error
    return tuple(domains)


def find_domain(domains: tuple[Domain, ...], name: str) -> Domain:
    """Return the domain of a name; raises `MachineError` where there is none."""
    for domain in domains:
        if domain.name == name:
            return domain
    raise MachineError(
        f"The Xen host has no domain named {printable(name)!r}; "
        f"it has {', '.join(domain.name for domain in domains)}."
    )
