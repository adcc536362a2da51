"""How much the library holds and how many claims were measured, looked at once a second.

Nothing is counted again while the files are as they were.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from starlette.exceptions import HTTPException

from riostat.citations.browsing import index_size
from riostat.citations.schema import DATABASE_NAME
from riostat.claims.claim import Claim
from riostat.claims.verdicts import Verdict
from riostat.console.library.reading import Library
from riostat.core.errors import CitationIndexError

__all__ = ["ClaimsView", "Holdings", "HoldingsSight", "LibraryView"]

_Stamp: TypeAlias = tuple[tuple[int, int, int] | None, ...]


class LibraryView(msgspec.Struct, frozen=True, kw_only=True):
    """What the library holds; `reason` says why it is empty, or what went wrong with the rest."""

    state: Literal["ready", "empty", "starting", "failed"] = "empty"
    reason: str | None = None
    documents: int = 0
    works: int = 0
    statements: int = 0


class ClaimsView(msgspec.Struct, frozen=True, kw_only=True):
    """How many claims there are, and how many have which verdict."""

    claims: int = 0
    verdicts: dict[str, int] = {}


class Holdings(msgspec.Struct, frozen=True):
    """The library and the claims."""

    library: LibraryView = LibraryView()
    claims: ClaimsView = ClaimsView()


class HoldingsSight:
    """Looks at the index and the verdicts again and again.

    `problem` says why what somebody here ingests could not be; it is None where nobody does.
    """

    def __init__(
        self,
        library: Library,
        verdicts: Path,
        claims: Callable[[], Sequence[tuple[Claim, Verdict | None]]],
        problem: Callable[[], str | None] | None,
    ) -> None:
        self._library = library
        self._verdicts = verdicts
        self._claims = claims
        self._problem = problem
        self._index_stamp: _Stamp | None = None
        self._verdict_stamp: _Stamp | None = None
        self._seen = LibraryView()
        self._judged = ClaimsView()

    def look(self) -> Holdings:
        """Return what there is now."""
        database = self._library.folder / DATABASE_NAME
        stamp = _stamp(database, database.with_name(f"{DATABASE_NAME}-wal"))
        if stamp != self._index_stamp:
            self._seen, self._index_stamp = self._count(), stamp
        stamp = _stamp(self._verdicts)
        if stamp != self._verdict_stamp:
            verdicts = Counter(v.verdict for _, v in self._claims() if v is not None)
            self._judged = ClaimsView(claims=len(self._claims()), verdicts=dict(verdicts))
            self._verdict_stamp = stamp
        return Holdings(self._told(self._seen), self._judged)

    def _count(self) -> LibraryView:
        if not self._library.exists():
            return LibraryView()
        try:
            size = self._library.look(index_size)
        except CitationIndexError as error:
            return LibraryView(state="failed", reason=str(error))
        except HTTPException as error:
            return LibraryView(state="failed", reason=error.detail)
        state: Literal["ready", "empty"] = "ready" if size.documents else "empty"
        return LibraryView(
            state=state, documents=size.documents, works=size.works, statements=size.statements
        )

    def _told(self, seen: LibraryView) -> LibraryView:
        """Return it with what whoever ingests says."""
        if self._problem is None or seen.state == "failed":
            return seen
        reason = self._problem()
        if seen.state == "ready":
            if reason is None:
                return seen
            return msgspec.structs.replace(seen, reason=reason)
        state: Literal["starting", "failed"] = "starting" if reason is None else "failed"
        return msgspec.structs.replace(seen, state=state, reason=reason)


def _stamp(*paths: Path) -> _Stamp:
    return tuple(map(_identity, paths))


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
