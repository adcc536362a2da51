"""Settings: who wins, and what is refused."""

from pathlib import Path

import pytest

from riostat.core.errors import SettingError
from riostat.core.settings import SETTINGS, load_settings


def load(
    tmp_path: Path, *, toml: str = "", environment: dict[str, str] | None = None, **flags: str
) -> object:
    if toml:
        (tmp_path / "riostat.toml").write_text(toml)
    home = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_DATA_HOME": str(tmp_path / "share")}
    settings = load_settings(flags, environment=home | (environment or {}), directory=tmp_path)
    return settings.port


def test_flags_before_environment_before_file_before_defaults(tmp_path: Path) -> None:
    assert load(tmp_path) == 8180
    assert load(tmp_path, toml="port = 1111") == 1111
    assert load(tmp_path, environment={"RIOSTAT_PORT": "2222"}) == 2222
    assert load(tmp_path, environment={"RIOSTAT_PORT": "2222"}, port="3333") == 3333


def test_the_file_of_the_user_serves_where_the_directory_has_none(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "riostat"
    folder.mkdir(parents=True)
    (folder / "riostat.toml").write_text("port = 4444")
    assert load(tmp_path) == 4444


def test_data_lies_in_the_xdg_data_directory(tmp_path: Path) -> None:
    settings = load_settings({}, environment={"XDG_DATA_HOME": str(tmp_path)}, directory=tmp_path)
    assert settings.data == tmp_path / "riostat"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "0"),
        ("port", "http"),
        ("frequency_hz", "-1"),
        ("keep_seconds", "1"),
        ("keep_bytes", "x"),
        ("data", ""),
        ("host", "a b"),
        ("token", "short"),
    ],
)
def test_a_value_that_cannot_be_used_is_one_sentence(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        load_settings({name: value}, environment={}, directory=tmp_path)
    message = str(caught.value)
    assert message.startswith(f"The setting {name} from --{name.replace('_', '-')} cannot be")
    assert message.count("\n") == 0
    assert (value in message) == (name != "token")


@pytest.mark.parametrize("toml", ["port = ", "prot = 1", "port = true", "port = [1]", "\xff"])
def test_a_wrong_file_is_one_sentence(tmp_path: Path, toml: str) -> None:
    (tmp_path / "riostat.toml").write_bytes(toml.encode("latin-1"))
    with pytest.raises(SettingError, match=r"The settings file .*riostat\.toml"):
        load(tmp_path)


def test_every_setting_has_what_its_documentation_needs() -> None:
    for setting in SETTINGS:
        assert setting.help.endswith(".") or setting.help.endswith(").")
        assert setting.metavar.isupper()
        assert setting.environment == f"RIOSTAT_{setting.name.upper()}"
