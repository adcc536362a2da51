"""Readable names, compared with c++filt on all names of a library; hostile names."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.text import printable
from riostat.profiler.symbols.demangling import demangled
from tests.profiler.symbols.programs import require, run

_PUSH_BACK = "std::vector<int, std::allocator<int> >::push_back"
_DROP = b"_ZN49_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$Drop$GT$4drop17h0123456789abcdefE"


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        (b"main", "main"),
        (b"foo.constprop.0", "foo.constprop.0"),
        (b"_ZN3foo3barEi", "foo::bar"),
        (b"_ZN3foo3barEi@plt", "foo::bar@plt"),
        (b"_Znwm@@GLIBCXX_3.4", "operator new@@GLIBCXX_3.4"),
        (b"_ZNSt6vectorIiSaIiEE9push_backERKi", _PUSH_BACK),
        (b"_ZN3foo3barEi.cold", "foo::bar"),
        (b"_ZTV3foo", "vtable for foo"),
        (b"_ZN4core3fmt9Formatter3pad17h9b2b3a0e5b4d1b31E", "core::fmt::Formatter::pad"),
        (_DROP, "<alloc::vec::Vec<T> as Drop>::drop"),
        (b"_RNvCs15kBYyAo9fc_7mycrate7example", "mycrate::example"),
        (b"_RINvNtC3std3mem8align_ofjE", "std::mem::align_of::<usize>"),
        (b"_ZN3foo", "_ZN3foo"),
        (b"_Renderer", "_Renderer"),
        (b"_Z", "_Z"),
        (b"", ""),
        (b"caf\xc3\xa9", "café"),
        (b"bad\xff\x1b", "bad\\xff\\x1b"),
        (b"_ZN3foo3barEi\n", "_ZN3foo3barEi\\x0a"),
    ],
)
def test_names_are_spelled_as_people_know_them(name: bytes, readable: str) -> None:
    assert demangled(name) == readable


def test_every_name_of_the_cpp_library_is_spelled_as_cppfilt_does() -> None:
    require("nm", "c++filt", "gcc")
    library = run("gcc", "-print-file-name=libstdc++.so.6").strip()
    symbols = run("nm", "-D", "--defined-only", "--without-symbol-versions", library)
    names = [line.split()[-1] for line in symbols.splitlines() if line.split()[-1][:2] == "_Z"]
    text = "\n".join(names)
    filtered = subprocess.run(
        ["c++filt", "-p"], input=text, check=True, capture_output=True, text=True
    )
    assert len(names) > 5000
    assert [demangled(name.encode()) for name in names] == filtered.stdout.split("\n")


def _substitution(number: int) -> str:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return "S_" if number == 0 else f"S{digits[number - 1]}_"


_DOUBLING = "_Z1f1AIiiE" + "".join(f"S_I{_substitution(n) * 2}E" for n in range(1, 30))


@pytest.mark.parametrize(
    "name",
    [
        _DOUBLING,
        "_Z1f" + "P" * 2000 + "i",
        "_ZN" + "1a" * 1000 + "E",
        "_Z1fIJ" + "i" * 270 + "EEv" + "DpPT_" * 340,
        "_RINv" * 400,
        "_RMFG" + "z" * 2000 + "_",
        "_Z" + "9" * 2000,
        "_ZN" * 100_000,
    ],
)
def test_names_made_to_exhaust_a_reader_stay_short(name: str) -> None:
    assert len(demangled(name.encode())) <= max(len(name), 8192)


_PIECES = [
    "_Z",
    "_R",
    "N",
    "E",
    "I",
    "J",
    "S_",
    "S0_",
    "T_",
    "Dp",
    "X",
    "3foo",
    "1A",
    "P",
    "K",
    "v",
]
_RUST_PIECES = ["$LT$", "B_", "Nv", "C1a", "17h0123456789abcdefE"]


@given(name=st.lists(st.sampled_from(_PIECES + _RUST_PIECES)).map("".join) | st.text())
def test_no_name_is_too_hostile(name: str) -> None:
    for prefix in ("", "_Z", "_R"):
        encoded = (prefix + name).encode("utf-8", "surrogatepass")
        readable = demangled(encoded)
        assert readable == printable(readable)
        assert readable or not encoded
