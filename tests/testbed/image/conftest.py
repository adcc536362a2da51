"""The packages of guests, from the cache that all of the user's testing shares."""

import pytest

from riostat.core.settings import process_settings
from riostat.testbed.folders import CacheFolder
from riostat.testbed.packages.cache import PackageCache


@pytest.fixture(scope="session")
def guest_packages() -> PackageCache:
    """Packages as a user has them: downloaded the first time, then there."""
    return PackageCache(CacheFolder(process_settings({}).testbed).packages)
