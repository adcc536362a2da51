"""What a Xen host is to have: its memory, its domains, and what their kernels are told."""

import re
from dataclasses import dataclass

from riostat.core.errors import MachineError

__all__ = ["DOMAINS_MAX", "DomainSpecification", "XenSpecification"]

DOMAINS_MAX = 8
_NAME = re.compile(r"[a-z][a-z0-9-]{0,14}")
_DOM0_MIB_MIN = 384
_DOMAIN_MIB_MIN = 128
_MIB_MAX = 16 << 10
_ARGUMENTS = re.compile(r"[ -!#-\[\]-~]*")  # what stands between quotes in a configuration as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainSpecification:
    """A paravirtual domain: its name in xl, its memory, and more words for its kernel."""

    name: str = "u1"
    memory_mib: int = 192
    kernel_arguments: str = ""

    def check(self) -> None:
        """Raise `MachineError` where such a domain cannot be."""
        if not _NAME.fullmatch(self.name):
            raise MachineError(
                f"No domain can be named {self.name!r}; give a lower-case letter, then at most 14 "
                "lower-case letters, digits and hyphens."
            )
        _check_memory(self.name, self.memory_mib, _DOMAIN_MIB_MIN)
        _check_arguments(self.name, self.kernel_arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class XenSpecification:
    """A host: the memory of dom0, more words for its kernel, and the domains that run.

    With `shared_memory` all of the host's memory is a file that other processes can map.
    """

    dom0_memory_mib: int = 512
    dom0_kernel_arguments: str = ""
    domains: tuple[DomainSpecification, ...] = (DomainSpecification(),)
    shared_memory: bool = False

    def check(self) -> None:
        """Raise `MachineError` where such a host cannot be."""
        _check_memory("dom0", self.dom0_memory_mib, _DOM0_MIB_MIN)
        _check_arguments("dom0", self.dom0_kernel_arguments)
        if len(self.domains) > DOMAINS_MAX:
            raise MachineError(
                f"A Xen host with {len(self.domains)} domains is more than is provided for; "
                f"give at most {DOMAINS_MAX}."
            )
        for domain in self.domains:
            domain.check()
        names = [domain.name for domain in self.domains]
        for name in names:
            if names.count(name) > 1:
                raise MachineError(f"Two domains are named {name!r}; give each a name of its own.")


def _check_memory(name: str, memory_mib: int, least_mib: int) -> None:
    if not least_mib <= memory_mib <= _MIB_MAX:
        raise MachineError(
            f"The domain {name} cannot have {memory_mib} MiB of memory; "
            f"give from {least_mib} to {_MIB_MAX}."
        )


def _check_arguments(name: str, arguments: str) -> None:
    if not _ARGUMENTS.fullmatch(arguments):
        raise MachineError(
            f"The kernel of {name} cannot be told {arguments!r}; "
            "give printable ASCII without quotation marks and backslashes."
        )
