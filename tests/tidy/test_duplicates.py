"""No function body is written twice, whatever its names are."""

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.tidy.tree import Source, expect_none, python_sources

_STATEMENTS = 5


class _Renamer(ast.NodeTransformer):
    """Gives arguments and local names numbers, in the order in which they appear."""

    def __init__(self, names: set[str]) -> None:
        self._names = names
        self._numbers: dict[str, str] = {}

    def _number(self, name: str) -> str:
        if name not in self._names:
            return name
        return self._numbers.setdefault(name, f"_{len(self._numbers)}")

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._number(node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(self._number(node.arg))


def _local_names(function: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def _shape(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    """What the function does, without its names; None if that is too little to compare."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    statements = [node for part in body for node in ast.walk(part) if isinstance(node, ast.stmt)]
    if len(statements) < _STATEMENTS:
        return None
    copy = ast.parse(ast.unparse(ast.Module(body, [])))
    return ast.dump(_Renamer(_local_names(function)).visit(copy))


def _duplicates(sources: Iterable[Source]) -> list[list[str]]:
    places = defaultdict(list)
    for source in sources:
        for function in source.functions:
            places[_shape(function)].append(f"{source.path}: {function.name}")
    places.pop(None, None)
    return [names for names in places.values() if len(names) > 1]


def test_no_body_is_written_twice() -> None:
    expect_none(" = ".join(names) for names in _duplicates(python_sources()))


_BODY = """
def {name}({argument}):
    {docstring}
    total = 0
    for item in {argument}:
        if item > {limit}:
            total += item
    return total
"""


def _module(path: str, **words: object) -> Source:
    words = {"name": "f", "argument": "a", "docstring": "''", "limit": 3} | words
    return Source(Path(path), _BODY.format(**words))


def test_the_checker_sees_through_names_and_docstrings() -> None:
    first = _module("a.py")
    second = _module("b.py", name="g", argument="b", docstring="'''Other words.'''")
    assert _duplicates([first, second]) == [["a.py: f", "b.py: g"]]


def test_the_checker_keeps_apart_what_differs() -> None:
    first = _module("a.py")
    second = _module("b.py", limit=4)
    short = Source(Path("c.py"), "def f(a):\n    return a\ndef g(a):\n    return a\n")
    assert _duplicates([first, second, short]) == []
