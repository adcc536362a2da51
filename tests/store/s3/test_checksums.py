"""The checksums of S3 against their published check values, and compiled against plain."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.store.s3.checksums import ChecksumMaker, expected_checksum
from riostat.store.s3.refusals import S3Error

# The check value of a CRC is that of the digits 1 to 9 (Greg Cook's catalogue of CRCs).
DIGITS = b"123456789"
CHECKS = {
    "crc32": "cbf43926",
    "crc32c": "e3069283",
    "crc64nvme": "ae8b14860a799888",
    "sha1": hashlib.sha1(DIGITS).hexdigest(),
    "sha256": hashlib.sha256(DIGITS).hexdigest(),
}


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> ChecksumMaker:
    return ChecksumMaker(tmp_path_factory.mktemp("kernels"))


@pytest.mark.parametrize("name", CHECKS)
def test_the_published_check_values(maker: ChecksumMaker, name: str) -> None:
    checksum = maker.make(name)
    checksum.update(memoryview(DIGITS[:4]))
    checksum.update(memoryview(DIGITS[4:]))
    assert checksum.digest().hex() == CHECKS[name]
    assert len(checksum.digest()) == maker.sizes[name]


@pytest.mark.parametrize("name", CHECKS)
def test_however_data_is_cut_the_sum_is_the_same(maker: ChecksumMaker, name: str) -> None:
    data = bytes(range(256)) * 5
    whole = maker.make(name)
    whole.update(memoryview(data))

    @given(st.lists(st.integers(0, len(data)), max_size=6).map(sorted))
    def check(cuts: list[int]) -> None:
        parts = maker.make(name)
        for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
            parts.update(memoryview(data)[start:stop])
        assert parts.digest() == whole.digest()

    check()


def test_a_name_or_a_value_that_is_none_is_refused(maker: ChecksumMaker) -> None:
    with pytest.raises(S3Error):
        maker.make("md4")
    assert expected_checksum(base64.b64encode(bytes(4)).decode(), 4) == bytes(4)
    for text in ("", "AAAA", "AAAAAA", "?", "\xe9"):
        with pytest.raises(S3Error):
            expected_checksum(text, 4)
