"""Kernels in their compressed form, whole, damaged and hostile."""

import ctypes
import gzip
import lzma
import random
import struct
from collections.abc import Callable
from contextlib import suppress

import lz4.block
import pytest

from riostat.core.errors import ImageError
from riostat.testbed.image.vmlinux import extract_vmlinux

_KERNEL = b"\x7fELF" + random.Random(1).randbytes(50_000) + bytes(9_000_000)


def _lz4(kernel: bytes) -> bytes:
    blocks = [kernel[at : at + (8 << 20)] for at in range(0, len(kernel), 8 << 20)]
    packed = [lz4.block.compress(block, store_size=False) for block in blocks]
    return b"\x02\x21\x4c\x18" + b"".join(struct.pack("<I", len(p)) + p for p in packed)


def _zstd(kernel: bytes) -> bytes:
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_compress.restype = ctypes.c_size_t
    library.ZSTD_compress.argtypes = (
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int,
    )  # fmt: skip
    packed = ctypes.create_string_buffer(len(kernel) + 1024)
    length = library.ZSTD_compress(packed, len(packed), kernel, len(kernel), 1)
    return packed.raw[:length]


_FORMS: dict[str, Callable[[bytes], bytes]] = {
    "lz4": _lz4,
    "xz": lambda kernel: lzma.compress(kernel, preset=0),
    "gzip": lambda kernel: gzip.compress(kernel, 1),
    "zstd": _zstd,
}


def _image(payload: bytes, size: int, sectors: int = 1) -> bytes:
    image = bytearray((sectors + 1) * 512 + 100)
    image[0x1F1] = sectors
    image[0x202:0x208] = b"HdrS" + struct.pack("<H", 0x20F)
    struct.pack_into("<II", image, 0x248, 100, len(payload) + 4)
    return bytes(image) + payload + struct.pack("<I", size) + b"behind it"


@pytest.mark.parametrize("form", _FORMS)
def test_a_kernel_comes_out_as_it_went_in(form: str) -> None:
    image = _image(_FORMS[form](_KERNEL), len(_KERNEL))
    assert extract_vmlinux(image, "vmlinuz") == _KERNEL


@pytest.mark.parametrize("form", _FORMS)
def test_a_kernel_that_is_not_as_long_as_it_says_is_refused(form: str) -> None:
    payload = _FORMS[form](_KERNEL)
    for size in (len(_KERNEL) - 1, len(_KERNEL) + 1, 0, 1 << 31):
        with pytest.raises(ImageError, match=r"^vmlinuz (is no kernel|holds no whole kernel)"):
            extract_vmlinux(_image(payload, size), "vmlinuz")


@pytest.mark.parametrize("form", _FORMS)
def test_a_damaged_kernel_is_refused_or_differs(form: str) -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)  # noqa: T201 - a failure shows it
    chance = random.Random(seed)
    small = _KERNEL[:20_000]
    image = _image(_FORMS[form](small), len(small))
    for _ in range(150):
        damaged = bytearray(image)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(0x1F0, len(damaged))] = chance.randrange(256)
        cut = chance.choice([len(damaged), chance.randrange(len(damaged))])
        with suppress(ImageError):
            assert extract_vmlinux(bytes(damaged[:cut]), "vmlinuz").startswith(b"\x7fELF")


@pytest.mark.parametrize(
    "image", [b"", bytes(4096), b"\x7fELF" + bytes(4096), _image(b"unknown " * 9, 100)]
)
def test_what_is_no_kernel_is_refused(image: bytes) -> None:
    with pytest.raises(ImageError, match=r"is no kernel for x86, or is damaged \(.*\); give a"):
        extract_vmlinux(image, "vmlinuz")


def test_what_is_in_it_must_be_a_program() -> None:
    content = b"MZ" + bytes(1000)
    with pytest.raises(ImageError, match="holds no whole kernel"):
        extract_vmlinux(_image(gzip.compress(content), len(content)), "vmlinuz")
