"""A running Xen host: commands and files in dom0 and in domains, and what profilers look at."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from riostat.core.closing import Closing
from riostat.core.errors import MachineError, MachineTimeoutError
from riostat.core.text import printable
from riostat.testbed.guest.channel import Channel, Fetched
from riostat.testbed.guest.conversation import Finished
from riostat.testbed.guest.machine import Machine
from riostat.testbed.guest.qmp import QMP
from riostat.testbed.xen.domains import DOM0, Domain, find_domain, parse_domains

__all__ = ["DOMAIN_CONSOLES", "XenHost", "domain_port"]

DOMAIN_CONSOLES = "/var/log/xen/console"
_PORT = "domain-"
_HYPERVISOR_SYMBOLS = "/proc/xen/xensyms"
_KERNEL_SYMBOLS = "/proc/kallsyms"
_CONSOLE_LINES = 8
_ANSWER_S = 20.0
_CREATE_S = 120.0
_UNASKED_BYTES = 1 << 20  # a file that is smaller is sent without asking what is free
_COPIES = 2  # of a file are in memory until the agent has all of it, and it is written
_FREE = "sed -n 's/MemAvailable: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo"
_NOTICES = ("Parsing config from",)  # what xl prints to standard error when all is well


def domain_port(name: str) -> str:
    """Return the name of the virtio port, and of its socket, that leads to a domain's agent."""
    return f"{_PORT}{name}"


class XenHost(Closing):
    """A running Xen host, from whoever started it.

    Commands run in dom0 unless a `domain` is named, which must be one that the host was started
    with. Raises `MachineTimeoutError` when a command does not end in its time, and `MachineError`
    when the host or the domain has ended, or does not know what is asked for.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._domains = {
            path.name.removeprefix(_PORT): Channel(
                path,
                machine=f"domain {path.name.removeprefix(_PORT)}",
                diagnose=_Diagnosis(self, path.name.removeprefix(_PORT)),
                fault=lambda: None,
            )
            for path in sorted(machine.folder.glob(f"{_PORT}*"))
        }

    def run(
        self,
        command: str | Sequence[str],
        *,
        domain: str = DOM0,
        timeout_s: float = 60,
        data: bytes = b"",
    ) -> Finished:
        """Run a command, text for a shell or a program with its arguments; `data` is its input."""
        return self.channel(domain).run(command, timeout_s=timeout_s, data=data)

    def put(
        self, source: bytes | Path, path: str, *, domain: str = DOM0, mode: int | None = None
    ) -> None:
        """Write a file, whole or not at all; see `Channel.put`.

        Raises `MachineError` before anything is sent where the domain has no memory for it.
        """
        channel = self.channel(domain)
        size = len(source) if isinstance(source, bytes) else _size(source)
        if size > _UNASKED_BYTES:
            free = int(channel.run(_FREE, timeout_s=_ANSWER_S).stdout) << 10
            if size * _COPIES > free:
                raise MachineError(
                    f"The file {printable(path)!r} of {size >> 20} MiB does not fit into the "
                    f"memory of {domain}, of which {free >> 20} MiB are free, and which holds it "
                    f"{_COPIES} times while it is written; give the domain more."
                )
        channel.put(source, path, mode=mode)

    def get(self, path: str, *, domain: str = DOM0) -> Fetched:
        """Return a file; see `Channel.get`."""
        return self.channel(domain).get(path)

    def channel(self, domain: str = DOM0) -> Channel:
        """Return the channel to the agent of dom0 or of a domain."""
        if domain == DOM0:
            return self.machine.channel
        if domain in self._domains:
            return self._domains[domain]
        found = find_domain(self.domains(), domain)
        raise MachineError(
            f"The domain {found.name} has no agent that riostat started; use its console, with "
            f"xenconsole {found.number} in dom0."
        )

    def domains(self) -> tuple[Domain, ...]:
        """Return the domains that are there, dom0 first."""
        return parse_domains(self._checked("xl list").decode(errors="replace"))

    def create(self, configuration: str) -> None:
        """Start a domain of a configuration in xl.cfg(5)'s form.

        Raises `MachineError` with xl's own words where it does not start.
        """
        finished = self.run(
            "xl create /proc/self/fd/0", data=configuration.encode(), timeout_s=_CREATE_S
        )
        if finished.returncode != 0:
            raise MachineError(
                f"The domain does not start: {_first_words(finished)}; correct its configuration."
            )

    def console(self, domain: str = DOM0, *, count: int = _CONSOLE_LINES) -> list[str]:
        """Return the last lines of a domain's console; dom0's is that of Xen, too."""
        if domain == DOM0:
            return self.machine.console(count)
        log = shlex.quote(f"{DOMAIN_CONSOLES}/guest-{domain}.log")
        lines = self._checked(f"tail -n {count} {log}").splitlines()
        return [printable(line.rstrip()) for line in lines]

    def kernel_symbols(self, domain: str = DOM0) -> bytes:
        """Return the kernel's symbols with those of its modules, in the form of kallsyms.

        Kernels are where their packages say, without randomisation, so these addresses are the
        ones that registers have. Debian's packages have no System.map.
        """
        return self.get(_KERNEL_SYMBOLS, domain=domain).content

    def hypervisor_symbols(self) -> bytes:
        """Return Xen's own symbols in the form of kallsyms; no package has a xen-syms file."""
        return self.get(_HYPERVISOR_SYMBOLS).content

    @property
    def qmp(self) -> QMP:
        """The connection to QEMU."""
        return self.machine.qmp

    @property
    def pid(self) -> int:
        """The process id of QEMU."""
        return self.machine.pid

    @property
    def memory(self) -> Path | None:
        """The file that is all of the host's memory, or None where that is not shared."""
        return self.machine.memory

    def hang_up(self) -> None:
        """Give back the channels to domains, which are opened again when they are needed."""
        for channel in self._domains.values():
            channel.close()

    def close(self) -> None:
        """Give all channels back, and end the host if it was started here."""
        self.hang_up()
        self.machine.close()

    def _checked(self, command: str) -> bytes:
        finished = self.run(command, timeout_s=_ANSWER_S)
        if finished.returncode != 0:
            raise MachineError(
                f"The command `{command}` failed in dom0: {_first_words(finished)}; "
                f"see how the host stands.{self.machine.diagnosis()}"
            )
        return finished.stdout


class _Diagnosis:
    """Says how a domain stands, for sentences about one that does not answer."""

    def __init__(self, host: XenHost, domain: str) -> None:
        self._host = host
        self._domain = domain

    def __call__(self) -> str:
        try:
            domain = find_domain(self._host.domains(), self._domain)
            lines = self._host.console(self._domain)
        except MachineTimeoutError:
            return f"\nNor does dom0.{self._host.machine.diagnosis()}"
        except MachineError as error:
            return f"\n{error}"
        words = f"\nIt is {domain.state}."
        return "\n  ".join([f"{words}\nIts console ends with:", *lines]) if lines else words


def _size(source: Path) -> int:
    try:
        return source.stat().st_size
    except OSError:
        return 0  # the channel says why it cannot be read


def _first_words(finished: Finished) -> str:
    """Return the first line that says what went wrong."""
    for line in (finished.stderr + b"\n" + finished.stdout).splitlines():
        text = printable(line.strip())
        if text and not text.startswith(_NOTICES):
            return text
    return f"exit status {finished.returncode}"
