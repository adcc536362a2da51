"""The compiled loop against itself as plain Python, and against zlib."""

import zlib
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.kernelcache import import_kernels
from riostat.store.s3.checksums import slicing_tables


def test_the_compiled_loop_is_the_plain_one(tmp_path: Path) -> None:
    update = import_kernels("riostat.store.kernels.crc", tmp_path).update
    tables = np.array(slicing_tables(0xEDB88320), np.uint64)

    @given(st.binary(max_size=60), st.integers(0, (1 << 32) - 1))
    def check(data: bytes, start: int) -> None:
        array, register = np.frombuffer(data, np.uint8), np.uint64(start)
        compiled = int(update(tables, register, array))
        assert compiled == int(update.py_func(tables, register, array))
        assert compiled ^ 0xFFFFFFFF == zlib.crc32(data, start ^ 0xFFFFFFFF)

    check()
