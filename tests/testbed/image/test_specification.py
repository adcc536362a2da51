"""What an image is to be made of."""

from riostat.testbed.image.specification import ImageSpecification
from riostat.testbed.packages.sets import BUSYBOX, IPERF, KERNELS, PYTHON


def test_packages_are_looked_through_in_order() -> None:
    wanted = ImageSpecification(packages=(IPERF,))
    assert wanted.package_sets == (IPERF, PYTHON, BUSYBOX)
    assert ImageSpecification(python=False).package_sets == (BUSYBOX,)
    assert wanted.kernel_set is KERNELS["6.1-cloud"]


def test_contents_of_files_are_not_shown() -> None:
    assert "secret" not in repr(ImageSpecification(files={"a": b"secret"}))
