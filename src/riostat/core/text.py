"""Text from the world, made fit for people: names of processes, files and symbols are hostile."""

import re

__all__ = ["printable"]

# C0 and C1 controls, bidirectional overrides, line and paragraph separators, lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def printable(value: bytes | str) -> str:
    r"""Return the text with characters that could steer a terminal or a page written as escapes.

    Bytes are read as UTF-8; what is not UTF-8 appears as ``\xNN``.
    """
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
