"""Bodies in aws-chunked encoding, made as a client makes them."""

import hashlib
from collections.abc import Mapping, Sequence

from riostat.store.s3.signatures import Credentials, Signed, Verifier

__all__ = ["EXAMPLE", "chunked_body", "seeded"]

EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
_EMPTY = hashlib.sha256(b"").hexdigest()


def seeded(payload: str, seed: str) -> Signed:
    """A verified request of the examples' time, whose own signature is `seed`."""
    key = Verifier(EXAMPLE).signing_key(timestamp="20130524T000000Z", region="us-east-1")
    return Signed(payload, seed, key, presigned=False)


def chunked_body(
    signed: Signed, chunks: Sequence[bytes], trailers: Mapping[str, str] | None = None
) -> bytes:
    """The whole body: `chunks`, the empty one, and `trailers` where the form has them."""
    checked = signed.payload != "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    previous, out = signed.signature, []
    for chunk in [*chunks, b""]:
        head = f"{len(chunk):x}"
        if checked:
            digest = hashlib.sha256(chunk).hexdigest()
            previous = signed.key.sign("AWS4-HMAC-SHA256-PAYLOAD", previous, _EMPTY, digest)
            head += f";chunk-signature={previous}"
        out.append(head.encode() + b"\r\n" + chunk + (b"\r\n" if chunk else b""))
    if signed.payload.endswith("-TRAILER"):
        lines = [f"{name}:{value}" for name, value in (trailers or {}).items()]
        if checked:
            text = "".join(f"{line}\n" for line in lines).encode()
            digest = hashlib.sha256(text).hexdigest()
            signature = signed.key.sign("AWS4-HMAC-SHA256-TRAILER", previous, digest)
            lines.append(f"x-amz-trailer-signature:{signature}")
        out += [f"{line}\r\n".encode() for line in lines]
    return b"".join([*out, b"\r\n"])
