"""What long work of ``riostat testbed`` says while it goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress_line"]


@contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """Show the last sentence on standard error while it is a terminal, and nothing otherwise."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _words: None
        return
    with console.status("") as status:
        yield lambda words: status.update(Text(f"{words} ..."))
