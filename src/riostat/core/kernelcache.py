"""Kernels are compiled once per version of their sources, and kept in the data directory."""

import hashlib
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

import riostat
from riostat.core.errors import RiostatError

__all__ = ["import_kernels"]


def import_kernels(module: str, cache: Path) -> ModuleType:
    """Import a module of kernels so that numba keeps its machine code under `cache`.

    The directory is keyed by the sources of all kernels, so code of another version is never
    loaded. numba reads its cache directory once, when it is imported.
    """
    if module not in sys.modules and "numba" not in sys.modules:
        directory = cache / _source_hash()
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise RiostatError(
                f"The cache of compiled kernels {directory} cannot be made ({error.strerror}); "
                "choose another place with --data."
            ) from error
        os.environ["NUMBA_CACHE_DIR"] = str(directory)
    return importlib.import_module(module)


def _source_hash() -> str:
    package = Path(riostat.__file__).parent
    digest = hashlib.sha256(sys.version.encode())
    for source in sorted([*package.glob("*/kernels.py"), *package.glob("*/kernels/*.py")]):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
