"""What S3 answers to a request that it refuses: a code, its HTTP status, and a sentence.

The codes and statuses are those of "Error responses" in the Amazon S3 API Reference; clients act
on the code (they try again on SlowDown, make the bucket on NoSuchBucket, ...).
"""

from typing import Final

from riostat.core.errors import RefusedRequestError

__all__ = ["S3Error", "internal_error", "slow_down"]

_STATUS: Final = {
    "AccessDenied": 403,
    "AuthorizationHeaderMalformed": 400,
    "AuthorizationQueryParametersError": 400,
    "BadDigest": 400,
    "BucketAlreadyOwnedByYou": 409,
    "BucketNotEmpty": 409,
    "EntityTooLarge": 400,
    "EntityTooSmall": 400,
    "IncompleteBody": 400,
    "InternalError": 500,
    "InvalidAccessKeyId": 403,
    "InvalidArgument": 400,
    "InvalidBucketName": 400,
    "InvalidDigest": 400,
    "InvalidPart": 400,
    "InvalidPartOrder": 400,
    "InvalidRange": 416,
    "InvalidRequest": 400,
    "InvalidURI": 400,
    "KeyTooLongError": 400,
    "MalformedXML": 400,
    "MaxMessageLengthExceeded": 400,
    "MetadataTooLarge": 400,
    "MethodNotAllowed": 405,
    "MissingContentLength": 411,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "NoSuchUpload": 404,
    "NotImplemented": 501,
    "NotModified": 304,
    "PreconditionFailed": 412,
    "RequestTimeTooSkewed": 403,
    "RequestTimeout": 400,
    "SignatureDoesNotMatch": 403,
    "SlowDown": 503,
    "StorageFull": 507,
    "XAmzContentSHA256Mismatch": 400,
}


class S3Error(RefusedRequestError):
    """A request is refused; the message is for the client, `code` is S3's, `header` goes along."""

    def __init__(self, code: str, message: str, *, header: tuple[bytes, bytes] | None = None):
        super().__init__(message)
        self.code = code
        self.header = header

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return _STATUS[self.code]


def slow_down(message: str) -> S3Error:
    """Return the refusal that makes clients wait and try again."""
    return S3Error("SlowDown", message, header=(b"retry-after", b"1"))


def internal_error() -> S3Error:
    """Return what a client is told of a fault of ours: nothing that helps an attacker."""
    return S3Error("InternalError", "The store has a fault; what it was stands where it runs.")
