import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from riostat.core.settings import process_settings
from riostat.testbed.folders import CacheFolder
from riostat.testbed.guest.guest import QEMU, Guest, GuestSpecification, start_guest
from riostat.testbed.image.image import Image, make_image
from riostat.testbed.image.specification import ImageSpecification
from riostat.testbed.packages.cache import PackageCache


@pytest.fixture(scope="session")
def testbed_cache() -> CacheFolder:
    """The user's own, so that packages are downloaded once."""
    if shutil.which(QEMU) is None:
        pytest.skip(f"{QEMU} is missing; install qemu-system-x86")
    return CacheFolder(process_settings({}).testbed)


@pytest.fixture(scope="session")
def image(testbed_cache: CacheFolder) -> Image:
    packages = PackageCache(testbed_cache.packages)
    return make_image(ImageSpecification(), testbed_cache, packages=packages)


@pytest.fixture
def start(testbed_cache: CacheFolder, image: Image) -> Iterator[Callable[..., Guest]]:
    """Start guests, which end with the test."""
    with ExitStack() as stack:

        def start_one(
            *, name: str = "", warm: bool = True, of: Image = image, **specification: Any
        ) -> Guest:
            described = GuestSpecification(image=of, **specification)
            return stack.enter_context(
                start_guest(described, cache=testbed_cache, name=name, warm=warm)
            )

        yield start_one
