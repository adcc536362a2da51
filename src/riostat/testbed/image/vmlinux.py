"""The kernel itself, out of the compressed form that it is delivered in (bzImage).

QEMU starts an uncompressed kernel directly (PVH), where a compressed one would decompress itself
under emulation, which takes seconds. Source: Documentation/arch/x86/boot.rst of the kernel.
"""

import ctypes
import ctypes.util
import lzma
import struct
import zlib
from collections.abc import Callable

import lz4.block

from riostat.core.errors import ImageError, MissingToolError
from riostat.testbed.image.elf import is_elf

__all__ = ["extract_vmlinux"]

_SETUP_SECTORS_AT = 0x1F1
_SETUP_SECTORS_DEFAULT = 4
_MAGIC_AT, _MAGIC = 0x202, b"HdrS"
_VERSION_AT, _VERSION_WITH_PAYLOAD = 0x206, 0x0208
_PAYLOAD_AT = 0x248
_SECTOR = 512
_LZ4_BLOCK = 8 << 20  # of the legacy format, whatever a block holds
_KERNEL_BYTES_MAX = 512 << 20


def extract_vmlinux(image: bytes, name: str) -> bytes:
    """Return the ELF file in a bzImage.

    `name` stands in messages. Raises `ImageError` where the image is damaged, is no bzImage, or
    grows beyond half a GiB.
    """
    try:
        payload, size = _payload(image)
        kernel = _decompressor(payload)(payload, size)
    except (struct.error, ValueError, lzma.LZMAError, zlib.error, lz4.block.LZ4BlockError) as error:
        raise ImageError(
            f"{name} is no kernel for x86, or is damaged ({error}); give a bzImage of Linux."
        ) from error
    if len(kernel) != size or not is_elf(kernel):
        raise ImageError(
            f"{name} holds no whole kernel ({len(kernel)} of {size} bytes); get its package again."
        )
    return kernel


def _payload(image: bytes) -> tuple[bytes, int]:
    """Return the compressed kernel, and its size when it is not, which is written behind it."""
    (version,) = struct.unpack_from("<H", image, _VERSION_AT)
    if not image.startswith(_MAGIC, _MAGIC_AT) or version < _VERSION_WITH_PAYLOAD:
        raise ValueError("it has no header of Linux")
    sectors = image[_SETUP_SECTORS_AT] or _SETUP_SECTORS_DEFAULT
    offset, length = struct.unpack_from("<II", image, _PAYLOAD_AT)
    begin = (sectors + 1) * _SECTOR + offset
    payload = image[begin : begin + length]
    if len(payload) < max(length, 8):
        raise ValueError("it is cut short")
    (size,) = struct.unpack_from("<I", payload, length - 4)
    if size > _KERNEL_BYTES_MAX:
        raise ValueError(f"its kernel would have {size} bytes, more than {_KERNEL_BYTES_MAX}")
    return payload[:-4], size


def _decompressor(payload: bytes) -> Callable[[bytes, int], bytes]:
    for magic, decompress in (
        (b"\x02\x21\x4c\x18", _lz4),
        (b"\xfd7zXZ\0", _xz),
        (b"\x28\xb5\x2f\xfd", _zstd),
        (b"\x1f\x8b", _gzip),
    ):
        if payload.startswith(magic):
            return decompress
    raise ValueError(f"its compression, {payload[:6].hex()}, is not known")


def _lz4(payload: bytes, size: int) -> bytes:
    blocks = []
    at, left = 4, size
    while left > 0:
        (length,) = struct.unpack_from("<I", payload, at)
        block = payload[at + 4 : at + 4 + length]
        if len(block) < length:
            raise ValueError("it is cut short")
        blocks.append(lz4.block.decompress(block, uncompressed_size=min(_LZ4_BLOCK, left)))
        at += 4 + length
        if not blocks[-1]:
            raise ValueError("it has an empty block")
        left -= len(blocks[-1])
    return b"".join(blocks)


def _xz(payload: bytes, size: int) -> bytes:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(payload, size + 1)


def _gzip(payload: bytes, size: int) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(payload, size + 1)


def _zstd(payload: bytes, size: int) -> bytes:
    """Decompress with the library that dpkg and QEMU are linked with."""
    try:
        library = ctypes.CDLL("libzstd.so.1")
    except OSError as error:
        raise MissingToolError(
            "The kernel is compressed with zstd, and this machine lacks libzstd.so.1; install the "
            "package libzstd1."
        ) from error
    library.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
    library.ZSTD_findFrameCompressedSize.argtypes = (ctypes.c_char_p, ctypes.c_size_t)
    library.ZSTD_decompress.restype = ctypes.c_size_t
    library.ZSTD_decompress.argtypes = (
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t,
    )  # fmt: skip
    library.ZSTD_isError.argtypes = (ctypes.c_size_t,)
    length = library.ZSTD_findFrameCompressedSize(payload, len(payload))
    if library.ZSTD_isError(length):
        raise ValueError("its zstd frame is damaged")
    kernel = ctypes.create_string_buffer(size)
    written = library.ZSTD_decompress(kernel, size, payload, length)
    if library.ZSTD_isError(written):
        raise ValueError("its zstd frame is damaged")
    return kernel.raw[:written]
