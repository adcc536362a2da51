"""Modules stay under 400 lines and functions under 50, or stand here with their reason."""

from pathlib import Path

from tests.tidy.tree import Source, expect_none, python_sources, text_sources

_MODULE_LINES = 400
_FUNCTION_LINES = 50

# "path" or "path: function" -> the reason why it is longer.
_EXCEPTIONS: dict[str, str] = {
    "src/riostat/testbed/guest/agent.py": "one file, because it is copied into guests",
}


def _too_long(source: Source) -> list[str]:
    found = []
    if len(source.text.splitlines()) >= _MODULE_LINES:
        found.append(str(source.path))
    if source.path.suffix == ".py":
        for function in source.functions:
            assert function.end_lineno is not None
            if function.end_lineno - function.lineno + 1 >= _FUNCTION_LINES:
                found.append(f"{source.path}: {function.name}")
    return found


def test_lengths() -> None:
    modules = [*python_sources(), *(s for s in text_sources() if s.path.suffix == ".js")]
    found = {name for source in modules for name in _too_long(source)}
    expect_none(found - _EXCEPTIONS.keys(), "too long: divide it, or list it with its reason")
    expect_none(_EXCEPTIONS.keys() - found, "no longer an exception: take it off the list")


def test_the_checker_sees_a_long_module() -> None:
    assert _too_long(Source(Path("a.js"), "x\n" * 400)) == ["a.js"]
    assert _too_long(Source(Path("a.js"), "x\n" * 399)) == []


def test_the_checker_sees_a_long_function() -> None:
    long = "class A:\n    async def f():\n" + "        pass\n" * 49
    short = "def f():\n" + "    pass\n" * 48
    assert _too_long(Source(Path("a.py"), long)) == ["a.py: f"]
    assert _too_long(Source(Path("a.py"), short)) == []
