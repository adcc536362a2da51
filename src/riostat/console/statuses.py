"""Which HTTP status says what kind of failure."""

from riostat.core.errors import (
    BlockLostError,
    BucketNotFoundError,
    ConsoleError,
    ObjectNotFoundError,
    ProfilerError,
    RiostatError,
    RunError,
    RunFormatError,
    RunNotFoundError,
    StoreError,
    StoreFormatError,
    StoreNameError,
)

__all__ = ["status_of"]


def status_of(error: RiostatError) -> int:
    """Return the HTTP status that says what kind of failure this is."""
    match error:
        case RunNotFoundError() | BucketNotFoundError() | ObjectNotFoundError():
            return 404
        case RunFormatError() | ProfilerError() | StoreFormatError():
            return 422
        case RunError() | StoreNameError():
            return 400
        case BlockLostError():
            return 502
        case ConsoleError() | StoreError():
            return 503
        case _:
            return 500
