"""HTTP as uvicorn speaks it, with a bound on what comes before a request's body."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["HEAD_BYTES", "BoundedHttp"]

HEAD_BYTES = 64 << 10

_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedHttp(HttpToolsProtocol):
    """The protocol of one connection; the parser itself keeps whatever a stranger sends."""

    _unfinished = 0

    def data_received(self, data: bytes) -> None:
        """Take what arrived; a head that does not end in time ends the connection."""
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_REFUSAL)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Stop counting: the body has bounds of its own."""
        super().on_headers_complete()
        self._unfinished = -(1 << 62)

    def on_message_begin(self) -> None:
        """Count from here."""
        super().on_message_begin()
        self._unfinished = 0
