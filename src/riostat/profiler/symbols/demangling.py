"""Names as compilers mangle them, made readable: C++ (Itanium ABI) and Rust (legacy and v0).

Functions are spelled without parameters and return types, as perf and ``c++filt -p`` spell C++,
and Rust without hashes, as rustc does. A name that cannot be read stays as it is.
"""

from functools import lru_cache

from riostat.core.text import printable

__all__ = ["demangled"]

# In 740,000 names of LLVM, rustc, node and the JVM the longest had 1,222 characters, and none had
# more than two pack expansions (Dp). Under these bounds the slowest of the hostile names tried
# took 0.1 s; under the library's own, 7 s.
_INPUT_MAX = 2048
_EXPANSIONS_MAX = 4
_OUTPUT_MAX = 4096
_SUBSTITUTIONS_MAX = 128
_DEPTH_MAX = 64
_REMEMBERED = 1 << 14

_SCHEMES = ("itanium", "rust")
_PREFIXES = (b"_Z", b"_R")


def demangled(name: bytes) -> str:
    """Return a function's name for people; what follows an ``@`` (a version, ``plt``) is kept."""
    if name.startswith(_PREFIXES) and len(name) <= _INPUT_MAX:
        return _readable(name)
    if name.isascii() and (text := name.decode()).isprintable():
        return text
    return printable(name)


@lru_cache(_REMEMBERED)
def _readable(name: bytes) -> str:
    mangled, at, rest = name.decode("utf-8", "backslashreplace").partition("@")
    readable = mangled if mangled.count("Dp") > _EXPANSIONS_MAX else _spelled(mangled)
    return printable(readable + at + rest)


def _spelled(mangled: str) -> str:
    import demangle
    from demangle.core.ast import Decorated, Function

    limits = demangle.Limits(
        max_input=_INPUT_MAX,
        max_output=_OUTPUT_MAX,
        max_substitutions=_SUBSTITUTIONS_MAX,
        max_depth=_DEPTH_MAX,
    )
    try:
        tree = demangle.parse(mangled, language=_SCHEMES, style="gnu", limits=limits)
        if isinstance(tree, Decorated):  # a clone that the compiler made: .cold, .constprop.0
            tree = tree.inner
        if isinstance(tree, Function):
            tree = tree.name
        return str(tree.spell(style="gnu"))  # type: ignore[no-untyped-call] # the library's own gap
    except demangle.DemanglingError:
        return mangled
