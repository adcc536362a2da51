"""The checksums that S3's clients send with a body, beside the digests of the protocol itself.

Source: "Checking object integrity for data uploads in Amazon S3". CRC-32 (ISO HDLC) is zlib's,
CRC-32C (Castagnoli, RFC 3720) and CRC-64/NVME (NVM Express base specification 2.0, 5.2.1.3.4)
are compiled.
"""

import base64
import binascii
import hashlib
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from riostat.core.kernelcache import import_kernels
from riostat.store.s3.refusals import S3Error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["HEADER_PREFIX", "Checksum", "ChecksumMaker", "expected_checksum", "slicing_tables"]

HEADER_PREFIX: Final = "x-amz-checksum-"


class Checksum(Protocol):
    """A sum that grows with what it is given."""

    def update(self, data: memoryview, /) -> None:
        """Add `data`."""
        ...

    def digest(self) -> bytes:
        """Return the sum, its most significant byte first."""
        ...


class _Crc32:
    def __init__(self) -> None:
        self._register = 0

    def update(self, data: memoryview, /) -> None:
        self._register = zlib.crc32(data, self._register)

    def digest(self) -> bytes:
        return self._register.to_bytes(4, "big")


class _CompiledCrc:
    def __init__(self, polynomial: int, bits: int, kernels: Path) -> None:
        import numpy as np  # few clients ask for these sums

        self._numpy = np
        self._update = import_kernels("riostat.store.kernels.crc", kernels).update
        self._tables = np.array(slicing_tables(polynomial), np.uint64)
        self._inverted = (1 << bits) - 1
        self._register = np.uint64(self._inverted)
        self._bytes = bits // 8

    def update(self, data: memoryview, /) -> None:
        array = self._numpy.frombuffer(data, self._numpy.uint8)
        # The loop's own scalar comes back as a Python int, which would compile it a second time.
        self._register = self._numpy.uint64(self._update(self._tables, self._register, array))

    def digest(self) -> bytes:
        return (int(self._register) ^ self._inverted).to_bytes(self._bytes, "big")


@cache
def slicing_tables(polynomial: int) -> tuple[tuple[int, ...], ...]:
    """Return the eight tables of slicing-by-8 for a reflected polynomial."""
    first = []
    for byte in range(256):
        register = byte
        for _ in range(8):
            register = (register >> 1) ^ (polynomial if register & 1 else 0)
        first.append(register)
    tables = [first]
    for _ in range(7):
        tables.append([(value >> 8) ^ first[value & 0xFF] for value in tables[-1]])
    return tuple(map(tuple, tables))


class ChecksumMaker:
    """Makes checksums by the names that S3 gives them; `kernels` is where machine code is kept."""

    def __init__(self, kernels: Path) -> None:
        self._makers: Mapping[str, Callable[[], Checksum]] = {
            "crc32": _Crc32,
            "crc32c": lambda: _CompiledCrc(0x82F63B78, 32, kernels),
            "crc64nvme": lambda: _CompiledCrc(0x9A6C9329AC4BC9B5, 64, kernels),
            "sha1": lambda: hashlib.sha1(usedforsecurity=False),
            "sha256": hashlib.sha256,
        }
        self.sizes: Final = {"crc32": 4, "crc32c": 4, "crc64nvme": 8, "sha1": 20, "sha256": 32}

    def make(self, name: str) -> Checksum:
        """Return a new checksum, or refuse a name that S3 does not have."""
        maker = self._makers.get(name)
        if maker is None:
            known = ", ".join(self._makers)
            raise S3Error("InvalidRequest", f"The checksum {name[:40]!r} is none of {known}.")
        return maker()


def expected_checksum(text: str, size: int) -> bytes:
    """Return the bytes of a checksum in base64, or refuse what is not one of `size` bytes."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != size:
        raise S3Error("InvalidRequest", f"{text[:100]!r} is not the base64 of {size} bytes.")
    return value
