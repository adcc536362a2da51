from pathlib import Path

from riostat.testbed.guest.consolelog import last_lines, panic

PANIC = b"[    2.9] Kernel panic - not syncing: Attempted to kill init!\r\n"


def test_the_last_lines_are_fit_for_people(tmp_path: Path) -> None:
    log = tmp_path / "console"
    log.write_bytes(b"one\r\n\x1b[31mtwo\x1b[0m\n\n\x07bell \xff\n" + b"x" * 500 + b"\n")
    assert last_lines(log, 3) == ["two", r"\x07bell \xff", "x" * 200]


def test_of_a_long_log_the_end_is_read(tmp_path: Path) -> None:
    log = tmp_path / "console"
    log.write_bytes(b"line\n" * 1_000_000 + b"last\n")
    assert last_lines(log, 2) == ["line", "last"]


def test_a_panic_is_found_with_what_led_to_it(tmp_path: Path) -> None:
    log = tmp_path / "console"
    log.write_bytes(b"cause\n" + PANIC + b"RAX: 0\n" * 20)
    assert panic(log) == "Kernel panic - not syncing: Attempted to kill init!"
    assert last_lines(log, 2)[0] == "cause"
    assert "panic" in last_lines(log, 2)[1]


def test_a_panic_of_xen_is_found(tmp_path: Path) -> None:
    log = tmp_path / "console"
    log.write_bytes(b"(XEN) Panic on CPU 0:\n(XEN) FATAL TRAP: vector = 6\n(XEN) more\n")
    assert panic(log) == r"Panic on CPU 0:\x0a(XEN) FATAL TRAP: vector = 6"


def test_without_a_log_there_are_no_words(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "none") == []
    assert panic(tmp_path / "none") is None
