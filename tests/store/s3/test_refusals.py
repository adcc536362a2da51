"""What is said instead of an answer."""

from riostat.core.errors import StoreError
from riostat.store.s3.refusals import S3Error, internal_error, slow_down


def test_a_refusal_has_a_code_a_status_and_a_sentence() -> None:
    refusal = S3Error("NoSuchKey", "There is no such key.")
    assert (refusal.code, refusal.status, str(refusal)) == (
        "NoSuchKey",
        404,
        "There is no such key.",
    )
    assert isinstance(refusal, StoreError)


def test_who_is_to_wait_is_told_how_long() -> None:
    refusal = slow_down("The queues are full.")
    assert (refusal.status, refusal.header) == (503, (b"retry-after", b"1"))
    assert (internal_error().status, internal_error().header) == (500, None)
