"""Every public module says in `__all__` what it offers, and offers nothing else.

A public name is exported by one module; only a package may pass on what a module of its own
defines.
"""

import ast
from pathlib import Path

from tests.tidy.tree import Source, expect_none, python_sources


def _exported(source: Source) -> list[str] | None:
    for node in source.tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name("__all__")], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name("__all__"), value=ast.expr() as value)
            ):
                names: list[str] = ast.literal_eval(value)
                return names
    return None


def _defined(source: Source) -> set[str]:
    names = set()
    for node in source.tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name):
                names.add(name)
    return names


def _imported(source: Source) -> set[str]:
    return {
        alias.asname or alias.name
        for node in source.tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _export_faults(source: Source) -> list[str]:
    names = _exported(source)
    if names is None:
        if all(isinstance(node, ast.Expr) for node in source.tree.body):
            return []  # a docstring, and nothing to export
        return [f"{source.path}: no __all__"]
    public = {name for name in _defined(source) if not name.startswith("_")}
    faults = [f"{source.path}: {name} is public and not in __all__" for name in public - {*names}]
    if source.path.name != "__init__.py":
        passed_on = _imported(source) & {*names}
        faults += [f"{source.path}: {name} belongs to another module" for name in passed_on]
    return sorted(faults)


def _public_modules() -> list[Source]:
    return [
        source
        for source in python_sources("src")
        if not source.path.name.startswith("_") or source.path.name == "__init__.py"
    ]


def test_every_module_says_what_it_exports() -> None:
    expect_none(fault for source in _public_modules() for fault in _export_faults(source))


def test_the_checker_sees_a_module_without_all() -> None:
    assert _export_faults(Source(Path("a.py"), "x = 1\n")) == ["a.py: no __all__"]


def test_the_checker_sees_what_is_forgotten_and_what_is_passed_on() -> None:
    text = "from b import c\n__all__ = ['c']\ndef f(): ...\nclass G: ...\ndef _h(): ...\n"
    assert _export_faults(Source(Path("a.py"), text)) == [
        "a.py: G is public and not in __all__",
        "a.py: c belongs to another module",
        "a.py: f is public and not in __all__",
    ]
