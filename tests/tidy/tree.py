"""The project's own files, parsed once, as the tidy tests look at them."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pytest

__all__ = ["ROOT", "Source", "expect_none", "python_sources", "text_sources"]

ROOT = Path(__file__).resolve().parents[2]

_FOLDERS = ("src", "tests", "docs", "benchmarks", ".ci")
# Vendored files are others' work, kept as they came; caches are nobody's.
_FOREIGN = {"vendor", "__pycache__"}


@dataclass(frozen=True)
class Source:
    """One text file; `path` is relative to the root of the project."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        return [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]


@cache
def text_sources() -> tuple[Source, ...]:
    """Every text file of the project that is its own."""
    paths = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    for folder in _FOLDERS:
        paths += [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    own = [path for path in paths if _FOREIGN.isdisjoint(path.relative_to(ROOT).parts)]
    contents = [(path.relative_to(ROOT), path.read_bytes()) for path in sorted(own)]
    return tuple(
        Source(path, content.decode()) for path, content in contents if b"\0" not in content
    )


def python_sources(*folders: str) -> list[Source]:
    """The Python modules under `folders`, or all of them."""
    return [
        source
        for source in text_sources()
        if source.path.suffix == ".py" and (not folders or source.path.parts[0] in folders)
    ]


def expect_none(faults: Iterable[str], remedy: str = "") -> None:
    """Fail with all `faults`, one a line, and what to do about them."""
    if lines := sorted(faults):
        pytest.fail("\n".join([*lines, remedy]), pytrace=False)
