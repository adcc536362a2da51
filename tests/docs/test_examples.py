"""The examples of the documentation are run, and say what the pages say that they say.

In a ``console`` block a line that begins with ``$`` is typed, lines with ``>`` go on with it, and
what follows is its output. Figures differ from machine to machine; the words of every line that
is shown must be in what is printed, and ``...`` stands for anything.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from riostat.core.settings import process_settings

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOOLS = ("curl", "ffprobe", "rclone")
NEEDS_ROOT = {"testbed"}  # namespaces and disks are made there
WORD = re.compile(r"[A-Za-z_][A-Za-z_.]{2,}")


@dataclass
class Example:
    """A command and the lines that it is said to print."""

    command: str
    output: list[str] = field(default_factory=list)


def examples(page: str) -> list[Example]:
    found: list[Example] = []
    for block in BLOCK.findall(page):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Example(line[2:]))
            elif line.startswith("> ") or line == ">":
                found[-1].command += "\n" + line[2:]
            elif line.strip():
                found[-1].output.append(line)
    return found


def missing_words(example: Example, printed: str) -> Iterator[str]:
    """Yield the lines of the example some word of which was not printed."""
    words = set(WORD.findall(printed))
    for line in example.output:
        if not words.issuperset(WORD.findall(line)):
            yield line


def end_group(pid: int) -> None:
    """End what an example has left in the background."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGTERM)


def with_examples() -> list[Path]:
    return [page for page in PAGES if examples(page.read_text())]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "page", with_examples(), ids=lambda page: f"{page.parent.name}/{page.stem}"
)
def test_every_example_prints_what_the_page_says(page: Path, tmp_path: Path) -> None:
    page_text = page.read_text()
    if page.stem in NEEDS_ROOT and os.geteuid() != 0:
        pytest.skip("needs root")
    for tool in TOOLS:
        if re.search(rf"^[$>] .*\b{tool} ", page_text, re.MULTILINE) and shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing; install the package that has it")
    # What this machine says of Amazon is not for the examples.
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = own | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "RIOSTAT_DATA": str(tmp_path / "data"),
        "RIOSTAT_TESTBED": str(process_settings({}).testbed),  # packages are downloaded once
        "HOME": str(tmp_path),
        "COLUMNS": "100",
    }
    with contextlib.ExitStack() as background:
        for example in examples(page_text):
            with subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", example.command],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            ) as process:
                background.callback(end_group, process.pid)
                printed, _ = process.communicate()
            assert process.returncode == 0, f"{example.command}\n{printed}"
            wrong = list(missing_words(example, printed))
            assert not wrong, f"{example.command} printed\n{printed}\nwhich lacks words of {wrong}"


def test_there_are_examples() -> None:
    assert with_examples()


def test_the_checker_sees_a_word_that_was_not_printed() -> None:
    (example,) = examples("```console\n$ run\n> on\nshare 12.5 % of dd\n```\n")
    assert example == Example("run\non", ["share 12.5 % of dd"])
    assert list(missing_words(example, "share 99 % of dd")) == []
    assert list(missing_words(example, "9 % of dd")) == ["share 12.5 % of dd"]
