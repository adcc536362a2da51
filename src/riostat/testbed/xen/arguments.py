"""What QEMU is started with to be a Xen host."""

from riostat.testbed.xen.images import XenImages
from riostat.testbed.xen.specification import XenSpecification

__all__ = ["host_arguments", "machine_memory_mib"]

# For the hypervisor itself, and for a domain that is created later.
_ROOM_MIB = 320

# One thread runs both processors in turn, by counted instructions: dom0 then keeps its time and its
# timers while a domain is busy. With smap Xen spends most of its time on TLB flushes, and of
# five-level page tables it knows nothing.
_MACHINE = (
    "-machine", "q35,smm=off,usb=off,sata=off,vmport=off", "-accel", "tcg,thread=single",
    "-icount", "shift=1", "-cpu", "max,-smap,-la57", "-smp", "2",
    "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
)  # fmt: skip

# A crash leaves a machine that stands still with its last words on the console. Mitigations cost
# an emulated processor most of its time and protect nobody.
_XEN = (
    "console=com1 com1=115200,8n1 dom0_max_vcpus=1 dom0_vcpus_pin noreboot ucode=no spec-ctrl=no "
    "xpti=no cpufreq=none cpuidle=0 watchdog=0 iommu=no"
)
_DOM0 = "console=hvc0 earlyprintk=xen quiet loglevel=5 nokaslr mitigations=off panic=-1"


def machine_memory_mib(specification: XenSpecification) -> int:
    """Return how much memory the emulated machine has."""
    domains = sum(domain.memory_mib for domain in specification.domains)
    return specification.dom0_memory_mib + domains + _ROOM_MIB


def host_arguments(specification: XenSpecification, images: XenImages) -> list[str]:
    """Return QEMU's command line without console, QMP and ports."""
    mib = machine_memory_mib(specification)
    dom0_mib = specification.dom0_memory_mib
    dom0 = " ".join(filter(None, (_DOM0, specification.dom0_kernel_arguments)))
    # The two kinds of memory have one name, so that a snapshot of one is restored into the other.
    memory = (
        "memory-backend-memfd,share=on" if specification.shared_memory else "memory-backend-ram"
    )
    return [
        *("qemu-system-x86_64", *_MACHINE, "-m", str(mib)),
        *("-object", f"{memory},id=ram,size={mib}M", "-machine", "memory-backend=ram"),
        *("-kernel", str(images.hypervisor)),
        *("-append", f"{_XEN} dom0_mem={dom0_mib}M,max:{dom0_mib}M"),
        *("-initrd", f"{images.dom0.kernel} {_escaped(dom0)},{images.dom0.initramfs}"),
    ]


def _escaped(text: str) -> str:
    """Return text in which a comma does not end a multiboot module's words."""
    return text.replace(",", ",,")
