"""The text format: families with figures, labels of any text, numbers to the last digit."""

import re

from hypothesis import given
from hypothesis import strategies as st

from riostat.console.prometheus import Labels, Metric, lines

_SIZE = Metric("size_bytes", "gauge", "How large it is.")
_LABEL = re.compile(r'(\w+)="((?:\\.|[^"\\])*)"')
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def _text(figures: dict[Labels, float] | float) -> str:
    return "".join(lines((_SIZE,), {"size_bytes": figures}))


def test_a_family_says_what_it_is_once() -> None:
    figures: dict[Labels, float] = {(("disk", "a"),): 1, (("disk", "b"), ("state", "x")): 0.25}
    assert _text(figures) == (
        "# HELP size_bytes How large it is.\n"
        "# TYPE size_bytes gauge\n"
        'size_bytes{disk="a"} 1\n'
        'size_bytes{disk="b",state="x"} 0.25\n'
    )


def test_a_family_without_figures_is_left_out() -> None:
    assert _text({}) == ""
    assert "".join(lines((_SIZE,), {})) == ""


@given(st.integers(0, 1 << 80))
def test_counts_keep_every_digit(count: int) -> None:
    assert _text(count).splitlines()[-1] == f"size_bytes {count}"


@given(st.text())
def test_any_text_is_a_label_and_stays_on_its_line(value: str) -> None:
    text = _text({(("name", value),): 1})
    assert text.count("\n") == 3
    found = _LABEL.search(text.split("\n")[2])
    assert found is not None
    assert re.sub(r'\\\\|\\"|\\n', lambda match: _ESCAPES[match[0]], found[2]) == value
