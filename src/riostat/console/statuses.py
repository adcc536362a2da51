"""Which HTTP status says what kind of failure."""

from riostat.core.errors import (
    BlockLostError,
    BucketNotFoundError,
    CitationIndexError,
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
    WorkNotFoundError,
)

__all__ = ["status_of"]


def status_of(error: RiostatError) -> int:
    """Return the HTTP status that says what kind of failure this is."""
    match error:
        case (
            RunNotFoundError() | BucketNotFoundError() | ObjectNotFoundError() | WorkNotFoundError()
        ):
            return 404
        case RunFormatError() | ProfilerError() | StoreFormatError():
            return 422
        case RunError() | StoreNameError():
            return 400
        case BlockLostError():
            return 502
        case ConsoleError() | StoreError() | CitationIndexError():
            return 503
        case _:
            return 500
