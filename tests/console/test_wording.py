"""Numbers and times in words."""

import pytest

from riostat.console.wording import FILTERS

SPACE = "\u2009"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("percent", 0.1234, f"12.3{SPACE}%"),
        ("percent", 0, f"0.0{SPACE}%"),
        ("seconds", 0, "0 s"),
        ("seconds", 0.0000123, "12.3 \u00b5s"),
        ("seconds", 0.0123, "12.3 ms"),
        ("seconds", 9.994, "9.99 s"),
        ("seconds", 59.96, "1 min 0 s"),
        ("seconds", 75, "1 min 15 s"),
        ("seconds", 3661, "1 h 1 min"),
        ("bytes", 0, "0 B"),
        ("bytes", 999, "999 B"),
        ("bytes", 1000, "1 kB"),
        ("bytes", 999_999, "1 MB"),
        ("bytes", 1_234_567, "1.23 MB"),
        ("bytes", 5e15, "5000 TB"),
        ("count", 1234567, f"1{SPACE}234{SPACE}567"),
        ("when", "2026-11-22T20:32:13Z", "22 Nov 2026, 20:32:13 UTC"),
        ("bits", 0, "0 b/s"),
        ("bits", 1.5e9, "1.5 Gb/s"),
        ("packets", 14_927, "14.9 kpps"),
        ("throughput", 2_500_000, "2.5 MB/s"),
        ("day", 1_795_392_733.0, "23 Nov 2026, 00:12:13 UTC"),
        ("pick", "vm", "kind-vm"),
        ("pick", "evil", "kind-other"),
    ],
)
def test_filters(name: str, value: object, text: str) -> None:
    assert FILTERS[name](value) == text
