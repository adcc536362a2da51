"""Every error of the world has a status."""

import pytest

from riostat.console.statuses import status_of
from riostat.core import errors


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.RunNotFoundError, 404),
        (errors.RunFormatError, 422),
        (errors.ProfileError, 422),
        (errors.RunError, 400),
        (errors.ConsoleError, 503),
        (errors.SettingError, 500),
    ],
)
def test_statuses(error: type[errors.RiostatError], status: int) -> None:
    assert status_of(error("It is so.")) == status
