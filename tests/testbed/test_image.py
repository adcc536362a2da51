"""Images of the user's own packages, as guests are started with."""

from pathlib import Path

import pytest

from riostat.core.errors import ImageError
from riostat.testbed.folders import CacheFolder
from riostat.testbed.image.image import make_image
from riostat.testbed.image.specification import ImageSpecification
from riostat.testbed.packages.cache import PackageCache


def test_an_unknown_kernel_is_refused_before_anything_is_downloaded(tmp_path: Path) -> None:
    cache = CacheFolder(tmp_path / "cache")
    with pytest.raises(ImageError, match=r"No kernel is called '2\.4'; choose 6\.1-cloud, 6\.12"):
        make_image(ImageSpecification(kernel="2.4"), cache, packages=PackageCache(cache.packages))
    assert not cache.root.exists()
