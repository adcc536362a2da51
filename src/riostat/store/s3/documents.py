"""The XML of S3: what requests say, read with bounds, and what answers say.

Requests are hostile: a document type, and with it every entity, is refused; depth, elements and
bytes are bounded. Source of the shapes: "Actions" in the Amazon S3 API Reference.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NoReturn, TypeAlias
from xml.parsers import expat
from xml.sax.saxutils import escape

from riostat.store.s3.refusals import S3Error

__all__ = [
    "DELETED_KEYS_MAX",
    "DOCUMENT_BYTES_MAX",
    "PARTS_MAX",
    "CompletedPart",
    "Deletion",
    "Node",
    "document",
    "iso_time",
    "read_completion",
    "read_deletion",
]

DOCUMENT_BYTES_MAX: Final = 4 << 20
DELETED_KEYS_MAX: Final = 1000
PARTS_MAX: Final = 10_000

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_DEPTH_MAX = 8
_ELEMENTS_MAX = 8 * PARTS_MAX
# What XML 1.0 cannot hold, not even as a reference; clients that have such keys ask for
# encoding-type=url.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")

Node: TypeAlias = "tuple[str, str | int | bool | Iterable[Node]]"


def document(name: str, children: Iterable[Node], *, namespace: bool = True) -> bytes:
    """Return an XML document: an element is (name, its text or its children)."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<', name]
    parts.append(f' xmlns="{_NAMESPACE}">' if namespace else ">")
    for child in children:
        _write(parts, child)
    parts.append(f"</{name}>")
    return "".join(parts).encode()


def _write(parts: list[str], node: Node) -> None:
    name, content = node
    parts.append(f"<{name}>")
    if isinstance(content, bool):
        parts.append("true" if content else "false")
    elif isinstance(content, str | int):
        # A carriage return would be read as a line feed.
        parts.append(escape(_UNWRITABLE.sub("\ufffd", str(content)), {"\r": "&#13;"}))
    else:
        for child in content:
            _write(parts, child)
    parts.append(f"</{name}>")


def iso_time(time_ns: int) -> str:
    """Return a time since 1970 as S3 writes it in XML, in milliseconds."""
    moment = datetime.fromtimestamp(time_ns // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns // 1_000_000 % 1000:03d}Z"


@dataclass(slots=True)
class _Element:
    name: str
    text: list[str] = field(default_factory=list)
    children: list["_Element"] = field(default_factory=list)

    def one(self, name: str) -> str | None:
        """Return the text of the only child of this name, or None; two are refused."""
        found = [child for child in self.children if child.name == name]
        if len(found) > 1 or any(child.children for child in found):
            raise _malformed(f"{name} stands there twice, or has elements in it")
        return "".join(found[0].text) if found else None


class _Reader:
    """Builds the tree of a document within the bounds."""

    def __init__(self) -> None:
        self._open = [_Element("")]
        self._elements = 0
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def read(self, data: bytes) -> _Element:
        try:
            self._parser.Parse(data, True)  # noqa: FBT003 - expat takes it by position
        except expat.ExpatError as error:
            raise _malformed(str(error)) from error
        return self._open[0].children[0]

    def _start(self, name: str, _attributes: object) -> None:
        self._elements += 1
        if self._elements > _ELEMENTS_MAX or len(self._open) > _DEPTH_MAX:
            raise _malformed("it is too deep or has too many elements")
        element = _Element(name.rpartition(" ")[2])
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].text.append(text)


def _refuse_document_type(*_declaration: object) -> NoReturn:
    raise _malformed("it declares a document type")


def _malformed(what: str) -> S3Error:
    return S3Error("MalformedXML", f"The XML of the request cannot be used: {what}.")


def _root(data: bytes, name: str) -> _Element:
    if len(data) > DOCUMENT_BYTES_MAX:
        raise _malformed(f"it is longer than {DOCUMENT_BYTES_MAX} bytes")
    root = _Reader().read(data)
    if root.name != name:
        raise _malformed(f"it is no {name}")
    return root


@dataclass(frozen=True, slots=True)
class Deletion:
    """The keys that a DeleteObjects request names; a quiet one wants to hear of failures only."""

    keys: Sequence[str]
    quiet: bool


def read_deletion(data: bytes) -> Deletion:
    """Return what a Delete document says; raises `S3Error`."""
    root = _root(data, "Delete")
    objects = [child for child in root.children if child.name == "Object"]
    if not 1 <= len(objects) <= DELETED_KEYS_MAX:
        raise _malformed(f"it names {len(objects)} objects; 1 to {DELETED_KEYS_MAX} pass")
    keys = []
    for item in objects:
        key = item.one("Key")
        if not key:
            raise _malformed("an object has no key")
        if item.one("VersionId") not in {None, "null"}:
            raise S3Error("NotImplemented", "The store keeps one version of an object.")
        keys.append(key)
    return Deletion(keys, quiet=root.one("Quiet") == "true")


@dataclass(frozen=True, slots=True)
class CompletedPart:
    """One part of an upload as the client believes it to be; `checksums` by name, in base64."""

    number: int
    etag: str
    checksums: dict[str, str]


def read_completion(data: bytes) -> list[CompletedPart]:
    """Return the parts of a CompleteMultipartUpload document; raises `S3Error`."""
    root = _root(data, "CompleteMultipartUpload")
    parts = []
    for item in root.children:
        if item.name != "Part":
            continue
        number, etag = item.one("PartNumber"), item.one("ETag")
        if number is None or etag is None or not re.fullmatch(r"[0-9]{1,5}", number.strip()):
            raise _malformed("a part has no number or ETag")
        checksums = {
            child.name.removeprefix("Checksum").lower(): "".join(child.text)
            for child in item.children
            if child.name.startswith("Checksum")
        }
        parts.append(CompletedPart(int(number), etag.strip().strip('"'), checksums))
    if not 1 <= len(parts) <= PARTS_MAX:
        raise _malformed(f"it has {len(parts)} parts; 1 to {PARTS_MAX} pass")
    return parts
