"""AWS Signature Version 4: who sent a request, and that nobody changed it.

Two forms: the Authorization header, and the query of a presigned address. Source: "Authenticating
Requests (AWS Signature Version 4)" in the Amazon S3 API Reference. No I/O: the caller gives the
request's head and the time.

Left out: Signature Version 2, Version 4A (ECDSA) and browser-based POST.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias

from riostat.store.s3.percent import encoded, encoded_path, query_pairs
from riostat.store.s3.refusals import S3Error

__all__ = [
    "ALGORITHM",
    "CLOCK_SKEW_S",
    "EXPIRES_S_MAX",
    "Credentials",
    "Head",
    "Signed",
    "SigningKey",
    "Verifier",
    "presigned_query",
]

ALGORITHM: Final = "AWS4-HMAC-SHA256"
CLOCK_SKEW_S: Final = 900
"""How far a client's clock may be from ours, as in S3."""
EXPIRES_S_MAX: Final = 7 * 86400
"""The longest life of a presigned address, as in S3."""

_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_CREDENTIAL = re.compile(r"([^/]{1,128})/([0-9]{8})/([A-Za-z0-9-]{0,64})/s3/aws4_request")
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM}\s+Credential=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([^,\s]+)"
)
_SPACES = re.compile(r"\s+")
_KEYS_KEPT = 64
_ADDRESSES_KEPT = 1024
_ADDRESS_BYTES_MAX = 2048


@dataclass(frozen=True, slots=True)
class Credentials:
    """The one identity of a store: what is its name, and what only its owner knows."""

    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Head:
    """What of a request is signed: `path` and `query` as on the wire, names in lower case."""

    method: str
    path: bytes
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]

    def header(self, name: bytes) -> str | None:
        """Return the values of a header as one text, or None; bytes are read as UTF-8."""
        values = [value for key, value in self.headers if key == name]
        return b",".join(values).decode("utf-8", "replace") if values else None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that is derived for one day and region, with the words that it signs."""

    key: bytes = field(repr=False)
    timestamp: str
    scope: str

    def sign(self, kind: str, *lines: str) -> str:
        """Return the signature of a string to sign: kind, time, scope, then `lines`."""
        text = "\n".join((kind, self.timestamp, self.scope, *lines))
        return hmac.digest(self.key, text.encode(), "sha256").hex()


@dataclass(frozen=True, slots=True)
class Signed:
    """A request whose signature is right.

    `payload` is what it says of its body: a SHA-256 in hex, UNSIGNED-PAYLOAD or a STREAMING form.
    """

    payload: str
    signature: str
    key: SigningKey
    presigned: bool


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a request says of its own signature."""

    credential: str
    signed_headers: str
    signature: str
    timestamp: str
    payload: str
    presigned: bool


_Address: TypeAlias = tuple[str, bytes, bytes, bytes]


class Verifier:
    """Checks the signatures of requests against the credentials of the store."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._derived: dict[tuple[str, str], bytes] = {}
        self._addresses: dict[_Address, tuple[Signed, datetime]] = {}

    def verify(self, head: Head, now: datetime) -> Signed | None:
        """Return the request as signed, or None where it carries no signature at all.

        Raises `S3Error` for a signature that is malformed, of a stranger, wrong, or out of time.
        """
        address = _address(head)
        if address is not None:
            signed, until = self._addresses.get(address, (None, now))
            if signed is not None and now <= until:
                return signed
        claim = _header_claim(head) or _query_claim(head)
        if claim is None:
            return None
        match = _CREDENTIAL.fullmatch(claim.credential)
        if match is None or claim.timestamp[:8] != match[2]:
            raise _malformed(claim, "credential; it is KEY/YYYYMMDD/REGION/s3/aws4_request")
        until = _check_time(claim, head, now)
        if not hmac.compare_digest(match[1].encode(), self._credentials.access_key.encode()):
            raise S3Error("InvalidAccessKeyId", "The store does not know this access key.")
        key = self.signing_key(timestamp=claim.timestamp, region=match[3])
        expected = _signature(head, claim, key)
        if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
            raise S3Error(
                "SignatureDoesNotMatch",
                "The signature is not that of this request; check the secret key and the address.",
            )
        signed = Signed(claim.payload, expected, key, claim.presigned)
        if address is not None and now <= until:
            if len(self._addresses) >= _ADDRESSES_KEPT:
                self._addresses.clear()
            self._addresses[address] = signed, until
        return signed

    def signing_key(self, *, timestamp: str, region: str) -> SigningKey:
        """Return the key for the day of `timestamp` (YYYYMMDDTHHMMSSZ) and a region."""
        day = timestamp[:8]
        key = self._derived.get((day, region))
        if key is None:
            key = f"AWS4{self._credentials.secret_key}".encode()
            for word in (day, region, "s3", "aws4_request"):
                key = hmac.digest(key, word.encode(), "sha256")
            if len(self._derived) >= _KEYS_KEPT:
                self._derived.clear()
            self._derived[day, region] = key
        return SigningKey(key, timestamp, f"{day}/{region}/s3/aws4_request")


def _address(head: Head) -> _Address | None:
    """Return all that the signature of a presigned address can cover, or None.

    A player asks for one address a thousand times, and what was found right once is right until it
    expires. Requests with a header of Amazon's are looked at each time.
    """
    if b"X-Amz-Signature=" not in head.query or len(head.query) > _ADDRESS_BYTES_MAX:
        return None
    if b"X-Amz-SignedHeaders=host&" not in head.query:
        return None
    host = b""
    for name, value in head.headers:
        if name == b"host":
            host += value
        elif name == b"authorization" or name.startswith(b"x-amz-"):
            return None
    return head.method, head.path, head.query, host


def _header_claim(head: Head) -> _Claim | None:
    text = head.header(b"authorization")
    if text is None:
        return None
    match = _AUTHORIZATION.fullmatch(text.strip())
    if match is None:
        if not text.startswith(ALGORITHM):
            raise S3Error(
                "InvalidRequest",
                f"The authorization mechanism is not supported; use {ALGORITHM}.",
            )
        raise S3Error(
            "AuthorizationHeaderMalformed",
            "The Authorization header has not Credential, SignedHeaders and Signature.",
        )
    payload = head.header(b"x-amz-content-sha256")
    if payload is None:
        raise S3Error("InvalidRequest", "The header x-amz-content-sha256 is missing.")
    return _Claim(match[1], match[2], match[3], _timestamp(head), payload, presigned=False)


def _timestamp(head: Head) -> str:
    text = head.header(b"x-amz-date")
    if text is None:
        try:
            moment = parsedate_to_datetime(head.header(b"date") or "")
            return moment.astimezone(UTC).strftime(_TIMESTAMP)
        except (ValueError, OverflowError) as error:
            raise S3Error(
                "AccessDenied", "The request has no usable x-amz-date or Date header."
            ) from error
    return text.strip()


def _query_claim(head: Head) -> _Claim | None:
    if b"X-Amz-" not in head.query:
        if b"Signature=" in head.query and b"AWSAccessKeyId=" in head.query:
            raise S3Error(
                "InvalidRequest", f"The authorization mechanism is not supported; use {ALGORITHM}."
            )
        return None
    pairs = [(name.decode("latin-1"), value) for name, value in query_pairs(head.query)]
    given = {name: value.decode("utf-8", "replace") for name, value in pairs}
    if not any(name in given for name in ("X-Amz-Algorithm", "X-Amz-Signature")):
        return None
    names = ("Algorithm", "Credential", "SignedHeaders", "Signature", "Date", "Expires")
    if any(f"X-Amz-{name}" not in given for name in names) or len(given) != len(pairs):
        raise S3Error(
            "AuthorizationQueryParametersError",
            f"A presigned address has each of X-Amz-{', X-Amz-'.join(names)}, and nothing twice.",
        )
    if given["X-Amz-Algorithm"] != ALGORITHM:
        raise S3Error(
            "AuthorizationQueryParametersError", f"X-Amz-Algorithm can only be {ALGORITHM}."
        )
    payload = given.get("X-Amz-Content-Sha256") or head.header(b"x-amz-content-sha256")
    return _Claim(
        given["X-Amz-Credential"],
        given["X-Amz-SignedHeaders"],
        given["X-Amz-Signature"],
        given["X-Amz-Date"],
        payload or "UNSIGNED-PAYLOAD",
        presigned=True,
    )


def _check_time(claim: _Claim, head: Head, now: datetime) -> datetime:
    """Return until when the signature is good; raises `S3Error` where it is not good now."""
    try:
        moment = datetime.strptime(claim.timestamp, _TIMESTAMP).replace(tzinfo=UTC)
    except ValueError as error:
        raise _malformed(claim, "date; it is YYYYMMDDTHHMMSSZ") from error
    age_s = (now - moment).total_seconds()
    if not claim.presigned:
        if abs(age_s) > CLOCK_SKEW_S:
            raise S3Error(
                "RequestTimeTooSkewed",
                f"The request's time {claim.timestamp} is over {CLOCK_SKEW_S} s from the store's "
                f"{now.strftime(_TIMESTAMP)}; set the clock.",
            )
        return moment + timedelta(seconds=CLOCK_SKEW_S)
    text = dict(query_pairs(head.query))[b"X-Amz-Expires"]
    if not (text.isdigit() and len(text) <= 6 and 1 <= int(text) <= EXPIRES_S_MAX):
        raise S3Error(
            "AuthorizationQueryParametersError",
            f"X-Amz-Expires is a number of seconds from 1 to {EXPIRES_S_MAX}.",
        )
    if age_s < -CLOCK_SKEW_S:
        raise S3Error("AccessDenied", f"The address is not valid before {claim.timestamp}.")
    if age_s > int(text):
        raise S3Error("AccessDenied", "Request has expired")
    return moment + timedelta(seconds=int(text))


def _malformed(claim: _Claim, what: str) -> S3Error:
    code = (
        "AuthorizationQueryParametersError" if claim.presigned else "AuthorizationHeaderMalformed"
    )
    return S3Error(code, f"The signature has no usable {what}.")


def _signature(head: Head, claim: _Claim, key: SigningKey) -> str:
    names = claim.signed_headers.split(";")
    present = {name.decode("latin-1") for name, _ in head.headers}
    unsigned = {name for name in present if name.startswith("x-amz-")}.difference(names)
    if claim.presigned:
        unsigned.discard("x-amz-content-sha256")  # it says what the query's claim says
    if unsigned or "host" not in names:
        missing = ", ".join(sorted(unsigned)) or "host"
        raise S3Error("AccessDenied", f"There are headers that were not signed: {missing}.")
    request = _canonical_request(head, names, claim.signed_headers, claim.payload)
    return key.sign(ALGORITHM, hashlib.sha256(request.encode()).hexdigest())


def _canonical_request(head: Head, names: Sequence[str], signed_headers: str, payload: str) -> str:
    headers = []
    for name in names:
        values = [v.decode("utf-8", "replace") for k, v in head.headers if k == name.encode()]
        text = ",".join(_SPACES.sub(" ", value.strip()) for value in values)
        headers.append(f"{name}:{text}\n")
    return "\n".join(
        (
            head.method,
            encoded_path(head.path),
            _canonical_query(query_pairs(head.query)),
            "".join(headers),
            signed_headers,
            payload,
        )
    )


def _canonical_query(pairs: Sequence[tuple[bytes, bytes]]) -> str:
    ordered = sorted(
        (encoded(name), encoded(value)) for name, value in pairs if name != b"X-Amz-Signature"
    )
    return "&".join(f"{name}={value}" for name, value in ordered)


def presigned_query(
    credentials: Credentials,
    head: Head,
    *,
    now: datetime,
    expires: timedelta,
    region: str = "us-east-1",
) -> str:
    """Return the query that makes `head` a presigned request; of its headers it signs Host."""
    key = Verifier(credentials).signing_key(timestamp=now.strftime(_TIMESTAMP), region=region)
    claims = {
        "Algorithm": ALGORITHM,
        "Credential": f"{credentials.access_key}/{key.scope}",
        "Date": key.timestamp,
        "Expires": str(int(expires.total_seconds())),
        "SignedHeaders": "host",
    }
    own = "&".join(f"X-Amz-{name}={encoded(value.encode())}" for name, value in claims.items())
    query = b"&".join(filter(None, (head.query, own.encode())))
    whole = Head(head.method, head.path, query, head.headers)
    request = _canonical_request(whole, ["host"], "host", "UNSIGNED-PAYLOAD")
    signature = key.sign(ALGORITHM, hashlib.sha256(request.encode()).hexdigest())
    return f"{query.decode()}&X-Amz-Signature={signature}"
