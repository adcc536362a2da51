"""Who may do what: the owner of the keys everything, and a stranger next to nothing.

Without a signature a request may read objects of the buckets that the server was started to show
to everybody, by their names; it may neither list them nor change anything. By default there are no
such buckets. A player that cannot sign uses a presigned address, which is itself the right to read
one object for a while.
"""

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from riostat.core.clock import Clock
from riostat.store.s3.refusals import S3Error
from riostat.store.s3.request import Request
from riostat.store.s3.signatures import Credentials, Verifier

__all__ = ["Access"]


class Access:
    """Checks requests against the credentials and the buckets that are public."""

    def __init__(
        self, credentials: Credentials, *, public_buckets: AbstractSet[str], clock: Clock
    ) -> None:
        self._verifier = Verifier(credentials)
        self._public = public_buckets
        self._clock = clock

    def admit(self, request: Request) -> None:
        """Note the signature of a request in it; raises `S3Error` where it may not pass."""
        now = datetime.fromtimestamp(self._clock.realtime_ns() / 1e9, UTC)
        request.signed = self._verifier.verify(request.head, now)
        if request.signed is None and not self._is_public_read(request):
            raise S3Error(
                "AccessDenied", "The request has no signature, and what it asks for is not public."
            )

    def _is_public_read(self, request: Request) -> bool:
        return (
            request.method in {"GET", "HEAD"}
            and request.bucket in self._public
            and request.key != ""
            and not request.parameters
        )
