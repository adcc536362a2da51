"""Which HTTP status says what kind of failure."""

from riostat.core.errors import (
    ConsoleError,
    ProfilerError,
    RiostatError,
    RunError,
    RunFormatError,
    RunNotFoundError,
)

__all__ = ["status_of"]


def status_of(error: RiostatError) -> int:
    """Return the HTTP status that says what kind of failure this is."""
    match error:
        case RunNotFoundError():
            return 404
        case RunFormatError() | ProfilerError():
            return 422
        case RunError():
            return 400
        case ConsoleError():
            return 503
        case _:
            return 500
