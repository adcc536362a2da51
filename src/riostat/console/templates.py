"""Templates and what every page is given."""

import socket
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.responses import HTMLResponse

from riostat import __version__
from riostat.console.static import StaticTree
from riostat.console.wording import FILTERS
from riostat.core.text import printable

__all__ = ["Templates"]

_NAVIGATION = (
    {"href": "/", "text": "Overview", "page": "overview"},
    {"href": "/runs", "text": "Runs", "page": "runs"},
    {"href": "/diff", "text": "Compare", "page": "diff"},
    {"href": "/switch", "text": "Switch", "page": "switch"},
    {"href": "/store", "text": "Store", "page": "store"},
    {"href": "/library", "text": "Library", "page": "library"},
    {"href": "/claims", "text": "Claims", "page": "claims"},
)
_HEADINGS = {
    400: "Not a question",
    401: "Sign in",
    403: "Refused",
    404: "Not found",
    405: "Not possible",
    409: "Busy",
    413: "Too large",
    422: "Not readable",
    502: "No answer",
    503: "Busy",
    504: "No answer in time",
}
_SIGNIN_STYLE = "signin.css"


class Templates:
    """The pages' templates, filled in and escaped.

    The navigation leads to the pages for which `part_is_there` says so.
    """

    def __init__(
        self, root: Path, tree: StaticTree, *, part_is_there: Callable[[str], bool]
    ) -> None:
        self._tree = tree
        self._environment = Environment(
            loader=FileSystemLoader(root),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(FILTERS)
        self._environment.globals.update(
            version=__version__,
            hostname=printable(socket.gethostname()),
            nav=lambda: [item for item in _NAVIGATION if part_is_there(item["page"])],
            static=tree.url,
        )

    def page(self, name: str, context: dict[str, object], status: int = 200) -> HTMLResponse:
        """Return a page, given its name and what its template takes."""
        return HTMLResponse(self._rendered(name, context), status)

    def fragment(self, name: str, context: dict[str, object]) -> str:
        """Return a part of a page by itself, given its name and what its template takes."""
        return self._rendered(name, context)

    def error(self, status: int, sentence: str) -> HTMLResponse:
        """Return the page of a failure."""
        heading = _HEADINGS.get(status, "It did not work")
        context: dict[str, object] = {"status": status, "heading": heading, "sentence": sentence}
        return self.page("error", context, status)

    def signin(self, sentence: str) -> tuple[str, str]:
        """Return the page of someone without access, and the style sheet that stands in it."""
        style = self._tree.text(_SIGNIN_STYLE)
        context: dict[str, object] = {"sentence": sentence, "style": Markup(style)}  # noqa: S704 - ours
        return self._rendered("signin", context), style

    def _rendered(self, name: str, context: dict[str, object]) -> str:
        return self._environment.get_template(f"{name}.html").render(page=name, **context)
