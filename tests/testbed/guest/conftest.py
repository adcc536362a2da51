from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from riostat.core.errors import MissingToolError
from riostat.testbed.folders import CacheFolder
from riostat.testbed.guest.guest import Guest, GuestSpecification, start_guest
from riostat.testbed.image.image import Image


@pytest.fixture
def start(testbed_cache: CacheFolder, guest_image: Image) -> Iterator[Callable[..., Guest]]:
    """Start guests, which end with the test."""
    with ExitStack() as stack:

        def start_one(*, name: str = "", warm: bool = True, **specification: Any) -> Guest:
            described = GuestSpecification(image=guest_image, **specification)
            try:
                guest = start_guest(described, cache=testbed_cache, name=name, warm=warm)
            except MissingToolError as error:
                pytest.skip(str(error))
            return stack.enter_context(guest)

        yield start_one
