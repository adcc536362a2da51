"""Tables: aligned, no wider than they may be, and of harmless text."""

from hypothesis import given
from hypothesis import strategies as st

from riostat.commands.profile.table import head_lines, percent, table_lines
from tests.profiler.profiles import Hit, make_profile

_ROWS = st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9), st.text(max_size=9)))


def test_numbers_are_aligned_to_the_right_and_words_to_the_left() -> None:
    lines = table_lines(
        ["n", "word", "x"], [["1", "a", "b"], ["23", "long one", "c"]], numbers=1, width=None
    )
    assert list(lines) == [
        " n  word      x",
        " 1  a         b",
        "23  long one  c",
    ]  # fmt: skip


@given(_ROWS, st.integers(1, 30))
def test_lines_fit_and_cannot_steer_a_terminal(rows: list[tuple[str, ...]], width: int) -> None:
    lines = list(table_lines(["a", "b", "c"], rows, numbers=1, width=width))
    assert len(lines) == 1 + len(rows)
    assert all(len(line) <= width for line in lines)
    assert not any(ord(letter) < 32 or letter == "\x7f" for line in lines for letter in line)


def test_a_head_says_what_was_sampled() -> None:
    (line,) = head_lines(make_profile([Hit(0.1)]))
    assert line == (
        "cpu-clock at 4000 Hz: 1 sample, 0 lost, 1.00 s on 2 CPUs, idle 0.50 of 2.00 CPU seconds"
    )


def test_percent() -> None:
    assert percent(0.12345) == "12.35"
