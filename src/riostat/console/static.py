"""The files of the pages, under addresses that change with their content.

One hash stands for the whole tree, so that a module's relative imports and a style sheet's fonts
are found under the same hash; such an address never changes its answer and is kept for a year.
"""

import hashlib
import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from riostat.console.access import page_policy
from riostat.console.answers import refusal

__all__ = ["StaticTree"]

_PREFIX = "/static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
}
_VIEWER = "vendor/speedscope"
# The flame graph viewer makes its style sheets itself and is shown inside our pages.
_VIEWER_POLICY = page_policy(
    script_src="'self' 'wasm-unsafe-eval'",
    style_src="'self' 'unsafe-inline'",
    font_src="'self' data:",
    img_src="'self' data: blob:",
    worker_src="'self' blob:",
    frame_ancestors="'self'",
)


class StaticTree:
    """Every file below one directory, listed once at the start: no request chooses a path."""

    def __init__(self, root: Path) -> None:
        self._files = {
            str(path.relative_to(root)): path for path in sorted(root.rglob("*")) if path.is_file()
        }
        digest = hashlib.sha256()
        for name, path in self._files.items():
            digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        self.version = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """Return the address of a file, given its path in the tree."""
        assert name in self._files, name
        return f"{_PREFIX}/{self.version}/{name}"

    def text(self, name: str) -> str:
        """Return the content of a text file, or nothing where there is no such file."""
        path = self._files.get(name)
        return path.read_text() if path else ""

    async def answer(self, request: Request) -> Response:
        """Answer ``/static/VERSION/PATH``."""
        name = request.path_params["path"]
        path = self._files.get(name)
        if path is None or request.path_params["version"] != self.version:
            raise refusal(
                404, "There is no such file in this version of the console; reload the page."
            )
        headers = {"cache-control": "private, max-age=31536000, immutable"}
        if name.startswith(_VIEWER):
            headers["content-security-policy"] = _VIEWER_POLICY
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0]
        return FileResponse(path, headers=headers, media_type=kind or "application/octet-stream")
