"""Hostile text is shown, not obeyed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.text import printable


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"bash", "bash"),
        (b"\x1b[31mred", "\\x1b[31mred"),
        (b"caf\xc3\xa9", "café"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("a\nb\u202eevil", "a\\x0ab\\u202eevil"),
        ("\udc80", "\\udc80"),
    ],
)
def test_controls_become_escapes(value: bytes | str, shown: str) -> None:
    assert printable(value) == shown


@given(st.one_of(st.text(), st.binary()))
def test_what_is_printable_stays(value: bytes | str) -> None:
    shown = printable(value)
    assert printable(shown) == shown
    assert "\x1b" not in shown
    assert shown.splitlines() in ([shown], [])
    shown.encode()
