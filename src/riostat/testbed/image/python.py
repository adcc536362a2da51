"""Python for guests: the package's interpreter, and its library compiled, without the sources.

The package's own interpreter compiles its library, so that it does not matter which Python this
machine has. What nothing in a guest without screen, compiler and packages can run is left out.
"""

import os
import subprocess
from pathlib import Path

from riostat.core.errors import ImageError
from riostat.core.text import printable
from riostat.testbed.packages.tree import PackageTree

__all__ = ["INTERPRETER", "LIBRARY", "compile_library", "library_extensions"]

_VERSION = "3.11"
INTERPRETER = f"usr/bin/python{_VERSION}"
LIBRARY = f"usr/lib/python{_VERSION}"

_LOADER = "lib64/ld-linux-x86-64.so.2"
_EXTENSIONS = f"{LIBRARY}/lib-dynload/"
_FOLDERS = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
_TIME_OUT_S = 120
# First parts of what is left out, below the library, without suffixes.
_LEFT_OUT = {
    "LICENSE", "__phello__", "antigravity", "cgi", "cgitb", "curses", "dbm", "distutils", "doctest",
    "ensurepip", "ftplib", "idlelib", "imaplib", "lib2to3", "mailbox", "mailcap", "msilib",
    "nntplib", "pdb", "poplib", "pydoc", "pydoc_data", "site-packages", "smtpd", "smtplib",
    "sqlite3", "ssl", "telnetlib", "test", "this", "tkinter", "turtle", "turtledemo", "unittest",
    "venv", "webbrowser", "wsgiref", "xml", "xmlrpc", "zipapp", "zoneinfo",
}  # fmt: skip
_LEFT_OUT_PREFIXES = ("_sysconfigdata", "config-")
_ENCODINGS = {
    "__init__", "aliases", "ascii", "base64_codec", "charmap", "cp1252", "cp437", "hex_codec",
    "idna", "latin_1", "punycode", "raw_unicode_escape", "unicode_escape", "utf_16", "utf_16_be",
    "utf_16_le", "utf_32", "utf_32_be", "utf_32_le", "utf_8", "utf_8_sig", "zlib_codec",
}  # fmt: skip
# Those of other packages' libraries, of tests, and of devices that guests lack.
_EXTENSIONS_LEFT_OUT = (
    "_codecs_", "_crypt", "_curses", "_dbm", "_hashlib", "_multibytecodec", "_sqlite3", "_ssl",
    "_test", "_tkinter", "_uuid", "_xx", "_zoneinfo", "audioop", "nis", "ossaudiodev", "readline",
    "xx",
)  # fmt: skip


def library_extensions(tree: PackageTree) -> list[str]:
    """Return the paths of the extension modules that guests have."""
    return [
        path
        for path in tree.paths(f"{_EXTENSIONS}*.so")
        if not path.removeprefix(_EXTENSIONS).startswith(_EXTENSIONS_LEFT_OUT)
    ]


def compile_library(tree: PackageTree, folder: Path) -> dict[str, bytes]:
    """Return the compiled library by path in a guest; the same bytes each time.

    `folder` is an empty one to work in. Raises `ImageError` where the package's interpreter cannot
    run on this machine.
    """
    for path in tree.paths(f"{LIBRARY}/*.py"):
        if _is_kept(path.removeprefix(f"{LIBRARY}/")):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(tree.read(path))
    _compile(tree, folder)
    compiled = sorted((folder / LIBRARY).rglob("*.pyc"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in compiled}


def _is_kept(path: str) -> bool:
    parts = path.removesuffix(".py").split("/")
    if parts[0] in _LEFT_OUT or parts[0].startswith(_LEFT_OUT_PREFIXES):
        return False
    return parts[0] != "encodings" or parts[1] in _ENCODINGS


def _compile(tree: PackageTree, folder: Path) -> None:
    root = tree.root
    loader = tree.only(_LOADER)
    libraries = ":".join(str(root / place) for place in _FOLDERS)
    command = [str(root / loader), "--library-path", libraries, str(root / INTERPRETER), "-S"]
    # Beside the source, where an import finds it without one; no time of a file in it, and names
    # of files as the guest has them, so that the bytes are the same each time.
    command += ["-m", "compileall", "-q", "-b", "-j1", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(folder), "-p", "/", str(folder / LIBRARY)]
    environment = {
        "PATH": os.defpath,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONHOME": str(root / "usr"),
    }
    try:
        result = subprocess.run(
            command,
            capture_output=True,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=_TIME_OUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ImageError(
            f"The guests' Python cannot compile its library on this machine ({error}); images with "
            "Python are made on x86-64 machines."
        ) from error
    if result.returncode:
        words = printable((result.stdout + result.stderr).decode(errors="replace").strip())
        raise ImageError(
            f"The guests' Python cannot compile its library ({words[:200]}); remove the testbed's "
            "cache, and its packages are unpacked anew."
        )
