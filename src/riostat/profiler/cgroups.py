"""Which domain a process belongs to, from its cgroup and its namespaces. No I/O happens here.

Nothing marks a container in the kernel: what there is are the names that container managers give to
cgroups, and that whatever systemd makes has the suffix of a unit. So a path is read from its root:

- a name that a container manager makes is a container, and what lies below belongs to it: of nested
  containers the outermost is the domain, because that is the one that this host knows;
- a unit of systemd that holds processes (a service or a scope) is the host's, with all that its
  processes make below;
- another name is the cgroup of somebody else, a container named by its path.

A process in a cgroup of the host, but with a pid or network namespace of its own, is in a container
that nobody gave a cgroup, and is named by its namespace.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from riostat.core.domain import HOST, Domain, DomainKind
from riostat.core.text import printable

__all__ = ["cgroup_domain", "process_domain"]


def _name(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)  # a name may hold newlines


# The processes that watch over a container are the host's.
_WATCHERS = _name(r"(?:libpod-conmon-|crio-conmon-|lxc\.monitor\.).*")

# Names that hold a container's id: docker-ID.scope, libpod-ID.scope, crio-ID.scope,
# cri-containerd-ID.scope, nerdctl-ID.scope, and the bare ID of the cgroupfs drivers.
_WITH_ID = _name(r"(?:[a-z][a-z-]*-)?([0-9a-f]{64})(?:\.scope)?")
_SHORT_ID = 12  # as the container managers' own commands show an id

# Names that hold a container's name: of lxc, systemd-nspawn, libvirt's LXC driver and machined.
_WITH_NAME = (
    _name(r"lxc\.payload\.(.+)"),
    _name(r"systemd-nspawn@(.+)\.service"),
    _name(r"machine-lxc\\x2d[0-9]+\\x2d(.+)\.scope"),
    _name(r"machine-(?!qemu\\x2d)(.+)\.scope"),
)
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")
_NAMING_PARENTS = frozenset({"lxc", "buildkit"})
_POD = _name(r"(?:kubepods(?:-[a-z]+)?-)?pod([0-9a-f][0-9a-f_-]{7,40})(?:\.slice)?")

_HOLDS_PROCESSES = _name(r".+\.(?:service|scope|socket|mount|swap)")
_HOLDS_CGROUPS = _name(r".+\.slice|kubepods|besteffort|burstable|docker|podman|lxc|buildkit")
_OF_INIT = _name(r"openrc(?:\..*)?|elogind|init")  # what other init systems make


@lru_cache(maxsize=65536)
def cgroup_domain(path: str) -> Domain:
    """Return the domain of a cgroup of the unified hierarchy; its text may be hostile."""
    names = [name for name in path.split("/") if name]
    pod = None
    for depth, name in enumerate(names):
        if _WATCHERS.fullmatch(name):
            return HOST
        container = _container(names[depth - 1] if depth else "", name)
        if container is not None:
            return _named(container)
        found = _POD.fullmatch(name)
        if found is not None:
            pod = f"pod-{found[1].replace('_', '-')[:8]}"
    if pod is not None:
        return _named(pod)
    return _unnamed(names)


def _container(parent: str, name: str) -> str | None:
    """Return the container that a cgroup's name stands for, or None."""
    if (found := _WITH_ID.fullmatch(name)) is not None:
        return found[1][:_SHORT_ID]
    for pattern in _WITH_NAME:
        if (found := pattern.fullmatch(name)) is not None:
            return _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), found[1])
    return name if parent in _NAMING_PARENTS else None


def _unnamed(names: list[str]) -> Domain:
    """Return the domain of a path in which no container manager made a name."""
    own = []
    for name in names:
        if _HOLDS_PROCESSES.fullmatch(name) or _OF_INIT.fullmatch(name):
            break
        if not _HOLDS_CGROUPS.fullmatch(name):
            own.append(name)
        elif own:
            break
    return _named("/".join(own)) if own else HOST


def _named(name: str) -> Domain:
    """Return a container of that name, which must not be taken for the host's."""
    shown = printable(name)
    return Domain(f"/{shown}" if shown == HOST.name else shown, DomainKind.CONTAINER)


def process_domain(
    cgroup_path: str, namespaces: Mapping[str, int], host_namespaces: Mapping[str, int]
) -> Domain:
    """Return the domain of a process.

    The namespaces are inodes by kind; a kind that is missing or 0 is unknown and decides nothing.
    """
    domain = cgroup_domain(cgroup_path)
    if domain != HOST:
        return domain
    for kind in ("pid", "net"):
        inode, host = namespaces.get(kind, 0), host_namespaces.get(kind, 0)
        if inode and host and inode != host:
            return Domain(f"{kind}:[{inode}]", DomainKind.CONTAINER)
    return HOST
