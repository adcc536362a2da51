"""A document from a file, by what the file is called."""

from pathlib import Path

from riostat.citations.documents import Document
from riostat.citations.jats.reading import FILE_BYTES_MAX, read_jats
from riostat.core.errors import DocumentError
from riostat.core.text import printable

__all__ = ["DOCUMENT_SUFFIXES", "load_document", "parse_document"]

DOCUMENT_SUFFIXES = (".xml", ".nxml", ".jats")


def load_document(path: Path) -> Document:
    """Return the document in a file; raises `DocumentError`."""
    shown = printable(str(path))
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DocumentError(
            f"The document {shown} cannot be read ({reason}); give a file that can."
        ) from error
    return parse_document(data, path.name)


def parse_document(data: bytes, name: str) -> Document:
    """Return the document that a file of this name with these bytes is; raises `DocumentError`."""
    if not name.lower().endswith(DOCUMENT_SUFFIXES):
        raise DocumentError(
            f"The document {printable(name)} is of no format that is read; "
            f"the endings of those are {', '.join(DOCUMENT_SUFFIXES)}."
        )
    return read_jats(data, name)
