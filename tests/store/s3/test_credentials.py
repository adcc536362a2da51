"""The keys of a store: made once, for one user, and readable by AWS's own tools."""

from pathlib import Path

import pytest
from botocore.credentials import SharedCredentialProvider

from riostat.core.errors import StoreError
from riostat.store.s3.credentials import CREDENTIALS_FILE, load_credentials


def test_they_are_made_once_and_botocore_reads_them(tmp_path: Path) -> None:
    made = load_credentials(tmp_path)
    assert load_credentials(tmp_path) == made
    assert (tmp_path / CREDENTIALS_FILE).stat().st_mode & 0o777 == 0o600
    assert made.secret_key not in repr(made)
    read = SharedCredentialProvider(str(tmp_path / CREDENTIALS_FILE)).load()
    assert (read.access_key, read.secret_key) == (made.access_key, made.secret_key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[default]\n",
        "no section\n",
        "[default]\naws_access_key_id = a b\naws_secret_access_key = 0123456789abcdef\n",
        "[default]\naws_access_key_id = a\naws_secret_access_key = short\n",
        "\xff",
    ],
)
def test_a_file_without_keys_is_one_sentence(tmp_path: Path, text: str) -> None:
    load_credentials(tmp_path)
    (tmp_path / CREDENTIALS_FILE).write_text(text)
    with pytest.raises(StoreError, match=r"holds no keys \(.*\); correct or remove it") as error:
        load_credentials(tmp_path)
    assert "\n" not in str(error.value)


def test_a_file_that_others_read_or_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    load_credentials(tmp_path)
    path = tmp_path / CREDENTIALS_FILE
    path.chmod(0o640)
    with pytest.raises(StoreError, match="another user"):
        load_credentials(tmp_path)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="cannot be used"):
        load_credentials(tmp_path)
