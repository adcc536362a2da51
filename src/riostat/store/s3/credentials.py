"""The keys of a store: a file in its directory, in the form that AWS's own tools read.

``AWS_SHARED_CREDENTIALS_FILE=ROOT/credentials`` gives them to boto3, aws, rclone and others. The
file is made once, for its owner alone, and to have other keys is to edit it.
"""

import configparser
import os
import secrets
from pathlib import Path
from typing import Final

from riostat.core.errors import StoreError
from riostat.core.text import printable
from riostat.store.s3.signatures import Credentials

__all__ = ["CREDENTIALS_FILE", "load_credentials"]

CREDENTIALS_FILE: Final = "credentials"

_SECTION = "default"
_FILE_BYTES = 4096
_SECRET_MIN = 16


def load_credentials(root: Path) -> Credentials:
    """Return the keys of the store in a directory, which are made where there are none.

    Raises `StoreError` where the file cannot be used, or could be read by another user.
    """
    path = root / CREDENTIALS_FILE
    try:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            return _read(path)
        with os.fdopen(descriptor, "w") as file:
            made = Credentials(f"RIO{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))
            file.write(
                f"[{_SECTION}]\naws_access_key_id = {made.access_key}\n"
                f"aws_secret_access_key = {made.secret_key}\n"
            )
    except OSError as error:
        raise StoreError(
            f"The keys of the store in {path} cannot be used ({error.strerror}); see to it that "
            "the directory is yours."
        ) from error
    return made


def _read(path: Path) -> Credentials:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        text = file.read(_FILE_BYTES).decode("utf-8", "replace")
    if status.st_mode & 0o077 or status.st_uid != os.geteuid():
        raise StoreError(
            f"The keys of the store in {path} belong to or can be read by another user; remove "
            "the file, and the next start makes new ones."
        )
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
        access_key = parser.get(_SECTION, "aws_access_key_id")
        secret_key = parser.get(_SECTION, "aws_secret_access_key")
    except configparser.Error as error:
        raise _unusable(path, printable(str(error)).replace("\\x0a", " ")) from error
    if not access_key.isalnum() or len(secret_key) < _SECRET_MIN:
        raise _unusable(
            path, f"an access key has letters and digits, a secret {_SECRET_MIN} or more characters"
        )
    return Credentials(access_key, secret_key)


def _unusable(path: Path, what: str) -> StoreError:
    return StoreError(
        f"The file {path} holds no keys ({what}); correct or remove it, and the next start makes "
        "new ones."
    )
