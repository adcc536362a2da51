"""Every command, parameter and setting is documented, and every page can be reached."""

import re
from pathlib import Path

import click

from docs.generate import commands, pages
from riostat.commands.main import command
from riostat.core.settings import SETTINGS
from tests.tidy.tree import ROOT, Source, expect_none, text_sources

_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _undocumented(root: click.Command) -> list[str]:
    found = []
    for context in commands(root):
        if not context.command.help:
            found.append(context.command_path)
        found += [
            f"{context.command_path}: {parameter.name}"
            for parameter in context.command.params
            if not getattr(parameter, "help", None)
        ]
    return found


def _links(page: Source) -> list[Path]:
    """The files that a page links to, relative to the root."""
    targets = [target for target in _LINK.findall(page.text) if ":" not in target]
    return [(ROOT / page.path.parent / target).resolve() for target in targets]


def _pages() -> list[Source]:
    return [source for source in text_sources() if source.path.suffix == ".md"]


def test_every_command_and_parameter_has_its_help() -> None:
    expect_none(_undocumented(command))


def test_every_setting_has_its_help() -> None:
    expect_none(setting.name for setting in SETTINGS if not setting.help.endswith("."))


def test_the_reference_is_what_the_code_says() -> None:
    stale = [path.name for path, text in pages().items() if path.read_text() != text]
    expect_none(stale, "run `make docs`")


def test_every_link_leads_to_a_file() -> None:
    expect_none(
        f"{page.path}: {link}" for page in _pages() for link in _links(page) if not link.exists()
    )


def test_every_page_is_reached_from_the_index() -> None:
    documents = {ROOT / page.path: page for page in _pages() if page.path.parts[0] == "docs"}
    reached, waiting = set(), [ROOT / "docs/index.md"]
    while waiting:
        path = waiting.pop()
        if path in documents and path not in reached:
            reached.add(path)
            waiting += _links(documents[path])
    expect_none(str(path) for path in documents.keys() - reached)


def test_the_checker_sees_what_has_no_help() -> None:
    @click.command()
    @click.argument("a")
    @click.option("--b", help="A number.")
    def child(a: str, b: str) -> None: ...

    root = click.Group("root", {"child": child}, help="The root.")
    assert _undocumented(root) == ["riostat child", "riostat child: a"]


def test_the_checker_reads_links() -> None:
    page = Source(Path("docs/a.md"), "[b](b/c.md#d) [e](https://example.org) ![f](../f.png)")
    assert _links(page) == [ROOT / "docs/b/c.md", ROOT / "f.png"]
