"""The sets of packages that the testbed knows."""

from riostat.testbed.packages.sets import KERNELS, PACKAGE_SETS


def test_every_set_has_a_name_of_its_own_and_there_are_two_kernels() -> None:
    assert len(KERNELS) >= 2
    assert all(one.name == name for name, one in PACKAGE_SETS.items())
    assert len({one.packages for one in PACKAGE_SETS.values()}) == len(PACKAGE_SETS)
