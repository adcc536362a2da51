"""Percent-encoding as signatures have it."""

import pytest
from botocore.utils import percent_encode
from hypothesis import given
from hypothesis import strategies as st

from riostat.store.s3.percent import decoded_text, encoded, encoded_path, query_pairs
from riostat.store.s3.refusals import S3Error


@given(st.text(st.characters(codec="utf-8")))
def test_it_is_that_of_botocore(text: str) -> None:
    assert encoded(text.encode()) == percent_encode(text, safe="~")
    assert decoded_text(encoded(text.encode()).encode()) == text


@given(st.binary(max_size=40))
def test_a_path_is_encoded_once_however_it_came(path: bytes) -> None:
    canonical = encoded_path(path)
    assert encoded_path(canonical.encode()) == canonical
    assert canonical.isascii()


def test_a_query_is_taken_apart() -> None:
    assert query_pairs(b"a=1+2&b&c=%3D=&&=x") == [
        (b"a", b"1 2"),
        (b"b", b""),
        (b"c", b"=="),
        (b"", b"x"),
    ]


def test_too_many_parameters_and_other_encodings_are_refused() -> None:
    with pytest.raises(S3Error):
        query_pairs(b"&".join(b"a" for _ in range(101)))
    with pytest.raises(S3Error):
        decoded_text(b"%ff")
