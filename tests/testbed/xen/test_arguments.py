"""QEMU's command line; that QEMU takes it is shown by the hosts of test_host."""

from pathlib import Path

from riostat.testbed.image.image import Image
from riostat.testbed.image.specification import ImageSpecification
from riostat.testbed.xen.arguments import host_arguments, machine_memory_mib
from riostat.testbed.xen.images import XenImages
from riostat.testbed.xen.specification import DomainSpecification, XenSpecification

_IMAGE = Image("key", Path("/i/vmlinux"), Path("/i/initramfs"), ImageSpecification())
_IMAGES = XenImages(Path("/i/xen"), _IMAGE, _IMAGE)


def _after(arguments: list[str], flag: str) -> str:
    return arguments[arguments.index(flag) + 1]


def test_the_machine_has_room_for_all_that_is_asked_for() -> None:
    one = XenSpecification()
    two = XenSpecification(domains=(*one.domains, DomainSpecification(name="u2", memory_mib=256)))
    assert machine_memory_mib(two) - machine_memory_mib(one) == 256
    assert _after(host_arguments(two, _IMAGES), "-m") == str(machine_memory_mib(two))


def test_dom0_is_told_what_was_asked_for_and_a_comma_ends_no_word() -> None:
    specification = XenSpecification(dom0_memory_mib=640, dom0_kernel_arguments="a=1,2")
    arguments = host_arguments(specification, _IMAGES)
    assert _after(arguments, "-append").endswith(" dom0_mem=640M,max:640M")
    initrd = _after(arguments, "-initrd")
    assert initrd.startswith("/i/vmlinux console=hvc0 ")
    assert initrd.endswith(" a=1,,2,/i/initramfs")


def test_memory_is_shared_where_that_is_asked_for_and_has_one_name() -> None:
    size = machine_memory_mib(XenSpecification())
    own = _after(host_arguments(XenSpecification(), _IMAGES), "-object")
    shared = _after(host_arguments(XenSpecification(shared_memory=True), _IMAGES), "-object")
    assert own == f"memory-backend-ram,id=ram,size={size}M"
    assert shared == f"memory-backend-memfd,share=on,id=ram,size={size}M"
