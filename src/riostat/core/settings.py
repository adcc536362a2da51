"""Settings: flags, then ``RIOSTAT_*``, then ``riostat.toml``, then the defaults.

``riostat.toml`` is looked for in the current directory, then in ``$XDG_CONFIG_HOME/riostat``.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riostat.core.errors import SettingError
from riostat.core.text import printable

__all__ = ["SETTINGS", "Setting", "Settings", "load_settings", "process_settings"]

_FILE_BYTES = 1 << 20
_PARTS = ("switch", "store")
_NO_PARTS = "none"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: how it is called, what it means, and how its text becomes a value."""

    name: str
    default: str
    help: str
    parse: Callable[[str], Any]
    remedy: str
    metavar: str

    @property
    def environment(self) -> str:
        """The environment variable that sets it."""
        return f"RIOSTAT_{self.name.upper()}"


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force."""

    data: Path
    host: str
    port: int
    token: str
    frequency_hz: int
    keep_seconds: int
    keep_bytes: int
    store: Path
    store_port: int
    parts: frozenset[str]
    testbed: Path


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return parse


def _path(text: str) -> Path:
    if not text or "\0" in text:
        raise ValueError(text)
    return Path(text).expanduser().absolute()


def _host(text: str) -> str:
    if not text or any(c.isspace() or not c.isprintable() for c in text):
        raise ValueError(text)
    return text


def _token(text: str) -> str:
    if text and not (len(text) >= 16 and text.isascii() and text.isalnum()):
        raise ValueError("")
    return text


def _parts(text: str) -> frozenset[str]:
    names = frozenset(text.replace(",", " ").split()) - {_NO_PARTS}
    if names - set(_PARTS):
        raise ValueError(text)
    return names


SETTINGS = (
    Setting(
        "data",
        "",
        "Directory of runs, caches and the console's token "
        "(default: riostat in the XDG data directory).",
        _path,
        "give a path",
        "DIR",
    ),
    Setting(
        "store",
        "",
        "Directory of the store (default: `store` in the data directory).",
        _path,
        "give a path",
        "DIR",
    ),
    Setting(
        "host",
        "127.0.0.1",
        "Address that the console listens on.",
        _host,
        "give an address",
        "ADDRESS",
    ),
    Setting(
        "port",
        "8180",
        "TCP port that the console listens on.",
        _integer(1, 65535),
        "give a number from 1 to 65535",
        "PORT",
    ),
    Setting(
        "token",
        "",
        "Secret that opens the console; not a flag, because others can read command lines "
        "(default: made once and kept in the data directory).",
        _token,
        "give at least 16 ASCII letters and digits",
        "SECRET",
    ),
    Setting(
        "frequency_hz",
        "99",
        "Samples a second and CPU of the rolling recording of `riostat up`.",
        _integer(1, 10_000),
        "give a number from 1 to 10000",
        "HZ",
    ),
    Setting(
        "keep_seconds",
        "3600",
        "Seconds that the rolling recording reaches back.",
        _integer(60, 30 * 86400),
        "give a number from 60 to 2592000",
        "SECONDS",
    ),
    Setting(
        "keep_bytes",
        "268435456",
        "Bytes that the rolling recording may take on the disk.",
        _integer(8 << 20, 1 << 50),
        "give a number of bytes from 8388608",
        "BYTES",
    ),
    Setting(
        "parts",
        ",".join(_PARTS),
        "Parts that `riostat up` runs beside the recorder: switch, store, both separated by a "
        f"comma, or {_NO_PARTS}.",
        _parts,
        f"give switch, store, switch,store or {_NO_PARTS}",
        "PARTS",
    ),
    Setting(
        "store_port",
        "8181",
        "TCP port on 127.0.0.1 that the store of `riostat up` listens on; 0 takes a free one.",
        _integer(0, 65535),
        "give a number from 0 to 65535",
        "PORT",
    ),
    Setting(
        "testbed",
        "",
        "Directory of the testbed's packages, images and snapshots, which may be removed at any "
        "time (default: riostat/testbed in the XDG cache directory).",
        _path,
        "give a path",
        "DIR",
    ),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def load_settings(
    flags: Mapping[str, str | None],
    *,
    environment: Mapping[str, str],
    directory: Path,
) -> Settings:
    """Return the settings in force.

    `flags` holds what the command line gave, by setting name; `environment` the process's
    variables; `directory` is the one where ``riostat.toml`` is looked for first. Raises
    `SettingError` for a value that cannot be used or a file with a name that is no setting.
    """
    file_values = _read_file(directory, environment)
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        flag = flags.get(setting.name)
        if flag is not None:
            text, origin = flag, f"--{setting.name.replace('_', '-')}"
        elif setting.environment in environment:
            text, origin = environment[setting.environment], setting.environment
        elif setting.name in file_values:
            text, origin = file_values[setting.name], f"riostat.toml, {setting.name}"
        else:
            text, origin = _default(setting, values, environment), "default"
        values[setting.name] = _parsed(setting, text, origin)
    return Settings(**values)


def _default(setting: Setting, values: Mapping[str, object], environment: Mapping[str, str]) -> str:
    if setting.name == "store":
        return f"{values['data']}/store"  # the data directory stands before it in SETTINGS
    if setting.name == "testbed":
        return f"{environment.get('XDG_CACHE_HOME') or '~/.cache'}/riostat/testbed"
    if setting.name != "data":
        return setting.default
    base = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return f"{base}/riostat"


def _parsed(setting: Setting, text: str, origin: str) -> object:
    try:
        return setting.parse(text)
    except (ValueError, RuntimeError) as error:
        shown = "" if setting.name == "token" else f" {printable(text)!r}"
        raise SettingError(
            f"The setting {setting.name} from {origin} cannot be{shown}; {setting.remedy}."
        ) from error


def _read_file(directory: Path, environment: Mapping[str, str]) -> dict[str, str]:
    configuration = Path(environment.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    for path in (directory / "riostat.toml", configuration / "riostat" / "riostat.toml"):
        if path.is_file():
            return _parse_file(path)
    return {}


def _parse_file(path: Path) -> dict[str, str]:
    import tomllib  # costs every start otherwise

    try:
        with path.open("rb") as file:
            content = tomllib.loads(file.read(_FILE_BYTES).decode())
    except (OSError, ValueError, RecursionError) as error:
        raise SettingError(
            f"The settings file {path} cannot be read ({printable(str(error))}); correct it "
            "or move it away."
        ) from error
    for name, value in content.items():
        if name not in _BY_NAME:
            known = ", ".join(_BY_NAME)
            raise SettingError(
                f"The settings file {path} sets {printable(name)!r}, which is no setting; "
                f"the settings are {known}."
            )
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise SettingError(
                f"The settings file {path} gives {name} the value {printable(str(value))}; "
                f"{_BY_NAME[name].remedy}."
            )
    return {name: str(value) for name, value in content.items()}


def process_settings(flags: Mapping[str, str | None]) -> Settings:
    """Return the settings in force for this process."""
    return load_settings(flags, environment=os.environ, directory=Path.cwd())
