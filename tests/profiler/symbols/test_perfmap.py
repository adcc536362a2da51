"""What programs say of code that they compiled at run time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.symbols.perfmap import JIT, perf_map_table


def test_functions_are_found_by_address() -> None:
    table = perf_map_table(b"1000 10 first\n0x2000 0x20 second one\n1000 8 newer\nnot a line\n")
    found = table.lookup(np.array([0xFFF, 0x1000, 0x1007, 0x1008, 0x201F, 0x2020], np.uint64))
    assert [table.symbol(index) for index in found.tolist()] == [
        "[unknown]", "newer", "newer", "[unknown]", "second one", "[unknown]",
    ]  # fmt: skip
    assert table.module(0) == JIT


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.builds(
                lambda start, size, name: b"%x %x " % (start, size) + name,
                st.integers(0, (1 << 64) - 1),
                st.integers(0, (1 << 32) - 1),
                st.binary(max_size=10),
            ),
        )
    )
)
def test_any_text_is_a_table_in_order(lines: list[bytes]) -> None:
    table = perf_map_table(b"\n".join(lines))
    assert (np.diff(table.starts.astype(object)) > 0).all()
    assert (table.ends >= table.starts).all()
    table.symbols(table.lookup(table.starts))
