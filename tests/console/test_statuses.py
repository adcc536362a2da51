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
        (errors.BucketNotFoundError, 404),
        (errors.ObjectNotFoundError, 404),
        (errors.StoreNameError, 400),
        (errors.StoreFormatError, 422),
        (errors.BlockLostError, 502),
        (errors.StoreBusyError, 503),
        (errors.SettingError, 500),
    ],
)
def test_statuses(error: type[errors.RiostatError], status: int) -> None:
    assert status_of(error("It is so.")) == status
