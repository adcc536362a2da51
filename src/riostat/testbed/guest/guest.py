"""Guests: an image started under QEMU, warm where there is a snapshot, and joined to networks."""

import secrets
import shlex
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache as cached
from pathlib import Path

from riostat.core.closing import Closing
from riostat.core.errors import MachineError
from riostat.testbed.folders import CacheFolder
from riostat.testbed.guest.channel import OUTPUT_BYTES_MAX, Fetched
from riostat.testbed.guest.conversation import Finished
from riostat.testbed.guest.machine import Machine, require_qemu, start_machine
from riostat.testbed.guest.networks import Datagram, Network, Tap, VhostUser
from riostat.testbed.guest.plugging import plug, slot_arguments
from riostat.testbed.guest.snapshots import snapshot_key, warm_machine
from riostat.testbed.image.image import Image
from riostat.testbed.kvm import kvm_fault
from riostat.testbed.leftovers import sweep

__all__ = ["QEMU", "Guest", "GuestSpecification", "join", "start_guest"]

QEMU = "qemu-system-x86_64"
_CPUS_MAX = 64
_MEMORY_MIB_MIN = 64
_BOOT_TIMEOUT_S = 120.0
# What a guest never uses costs it time at each start.
_MACHINE = "q35,smm=off,hpet=off,usb=off,sata=off,vmport=off,i8042=off,memory-backend=ram"
_KERNEL_WORDS = "console=ttyS0 panic=-1 quiet loglevel=4 nokaslr mitigations=off"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestSpecification:
    """What a guest is: its image, its size, and what its network devices lead to.

    192 MiB is the least that an image with Python starts in. `shared_memory` puts the guest's
    memory into a file that other processes can map, which vhost-user devices need and imply.
    """

    image: Image
    cpus: int = 1
    memory_mib: int = 192
    networks: tuple[Network, ...] = ()
    shared_memory: bool = False

    def check(self) -> None:
        """Raise `MachineError` for what no guest can be, before anything is started."""
        if not 1 <= self.cpus <= _CPUS_MAX:
            raise MachineError(f"A guest has 1 to {_CPUS_MAX} CPUs, not {self.cpus}.")
        if self.memory_mib < _MEMORY_MIB_MIN:
            raise MachineError(
                f"A guest has at least {_MEMORY_MIB_MIN} MiB of memory, not {self.memory_mib}."
            )
        if len(self.namespaces) > 1:
            raise MachineError(
                "The TAP devices of a guest are in one network namespace, and not in "
                f"{len(self.namespaces)}; move them."
            )
        for network in self.networks:
            network.check()

    @property
    def namespaces(self) -> set[Path | None]:
        """The network namespaces that the guest's TAP devices are in."""
        return {network.namespace for network in self.networks if isinstance(network, Tap)}

    @property
    def is_shared(self) -> bool:
        """Whether the memory is a file."""
        return self.shared_memory or any(isinstance(n, VhostUser) for n in self.networks)


class Guest(Closing):
    """A running guest; it ends with its context, or with the process that started it.

    `machine` is what it runs in, with `qmp`, `pid` and `console`.
    """

    def __init__(self, machine: Machine, *, is_emulated: bool) -> None:
        self.machine = machine
        self._is_emulated = is_emulated
        self._plugged = 0

    @property
    def name(self) -> str:
        """The guest's name, and its host name inside."""
        return self.machine.name

    @property
    def memory(self) -> Path | None:
        """The file that is the guest's memory, where that is shared."""
        return self.machine.memory

    def run(
        self,
        command: str | Sequence[str],
        *,
        timeout_s: float = 60,
        data: bytes = b"",
        limit: int = OUTPUT_BYTES_MAX,
    ) -> Finished:
        """Run a command inside, as `Channel.run` does."""
        return self.machine.channel.run(command, timeout_s=timeout_s, data=data, limit=limit)

    def put(self, source: bytes | Path, path: str, *, mode: int | None = None) -> None:
        """Write a file inside, as `Channel.put` does."""
        self.machine.channel.put(source, path, mode=mode)

    def get(self, path: str) -> Fetched:
        """Return a file from inside, as `Channel.get` does."""
        return self.machine.channel.get(path)

    def plug(self, *networks: Network) -> None:
        """Put network devices in, which have their addresses then; raises `MachineError`."""
        if networks:
            plug(self.machine, networks, first=self._plugged, is_emulated=self._is_emulated)
            self._plugged += len(networks)

    def close(self) -> None:
        """End the guest, and remove what it had."""
        self.machine.close()


def start_guest(
    specification: GuestSpecification,
    *,
    cache: CacheFolder,
    name: str = "",
    warm: bool = True,
    owned: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> Guest:
    """Start a guest and return it when it answers.

    The first of its kind boots, and its state is kept in `cache`; others then start from there
    unless they are not to be `warm`. Raises `MissingToolError` without QEMU, and `MachineError`
    with the last console lines where the guest does not start.
    """
    specification.check()
    require_qemu(QEMU)
    sweep()
    fault = _kvm_fault()
    if fault:
        progress(f"QEMU emulates the guest, since KVM cannot run it: {fault}")
    program = [*_namespace_prefix(specification), *_program(specification, is_emulated=bool(fault))]

    def start(more: Sequence[str]) -> Machine:
        # What only makes a snapshot goes with this process.
        is_kept = bool(more) or not warm
        return start_machine([*program, *more], name=name, owned=owned or not is_kept)

    with ExitStack() as stack:
        if warm:
            key = snapshot_key(
                _program(specification, is_emulated=bool(fault)), specification.image.key, _cpu()
            )
            machine = warm_machine(cache.snapshots / key, start, _prepare, progress=progress)
            stack.callback(machine.end)
        else:
            machine = start(())
            stack.callback(machine.end)
            _prepare(machine)
        guest = Guest(machine, is_emulated=bool(fault))
        guest.run(f"hostname {shlex.quote(machine.name)}")
        guest.plug(*specification.networks)
        if not owned:
            machine.release()
        stack.pop_all()
    return guest


def join(one: Guest, other: Guest, *, addresses: tuple[str, str]) -> None:
    """Put a device into each of two guests, between which frames then go; raises `MachineError`."""
    sockets = [guest.machine.folder / f"wire-{secrets.token_hex(3)}" for guest in (one, other)]
    one.plug(Datagram(sockets[0], sockets[1], address=addresses[0]))
    other.plug(Datagram(sockets[1], sockets[0], address=addresses[1]))


def _prepare(machine: Machine) -> None:
    machine.channel.greet(_BOOT_TIMEOUT_S)
    machine.channel.close()


def _namespace_prefix(specification: GuestSpecification) -> list[str]:
    return [
        word
        for namespace in specification.namespaces
        if namespace is not None
        for word in ("nsenter", f"--net={namespace}", "--")
    ]


def _program(specification: GuestSpecification, *, is_emulated: bool) -> list[str]:
    image, memory = specification.image, f"size={specification.memory_mib}M,id=ram"
    backend = (
        f"memory-backend-memfd,{memory},share=on"
        if specification.is_shared
        else (f"memory-backend-ram,{memory}")
    )
    accelerator = ("tcg,thread=multi", "max") if is_emulated else ("kvm", "host")
    return [
        *(QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-machine", _MACHINE, "-accel", accelerator[0], "-cpu", accelerator[1]),
        *("-m", str(specification.memory_mib), "-object", backend),
        *("-smp", str(specification.cpus), *slot_arguments()),
        *("-kernel", str(image.kernel), "-initrd", str(image.initramfs)),
        *("-append", _KERNEL_WORDS),
    ]


@cached
def _kvm_fault() -> str:
    return kvm_fault()


@cached
def _cpu() -> str:
    """Return what this machine's processors are, as far as a guest under KVM sees it."""
    lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    wanted = ("model name", "flags", "microcode")
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(wanted)))
