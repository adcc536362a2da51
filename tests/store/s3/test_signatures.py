"""Signature Version 4 against AWS's published examples, and against botocore's own signer."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from riostat.store.s3.refusals import S3Error
from riostat.store.s3.signatures import (
    CLOCK_SKEW_S,
    Credentials,
    Head,
    Verifier,
    presigned_query,
)

# The examples of the Amazon S3 API Reference all have this identity and time.
EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
NOON = datetime(2013, 5, 24, tzinfo=UTC)
EMPTY = hashlib.sha256(b"").hexdigest()


def head_of(method: str, url: str, headers: Mapping[str, str]) -> Head:
    parts = urlsplit(url)
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return Head(method, parts.path.encode(), parts.query.encode(), pairs)


def example(method: str, target: str, signature: str, **more: str) -> Head:
    headers = {"host": "examplebucket.s3.amazonaws.com", "x-amz-date": "20130524T000000Z"}
    headers |= {"x-amz-content-sha256": EMPTY}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    headers["authorization"] = (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        f"SignedHeaders={';'.join(sorted(headers))},Signature={signature}"
    )
    return head_of(method, target, headers)


GET_OBJECT = example(
    "GET",
    "/test.txt",
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    range="bytes=0-9",
)
PUT_OBJECT = example(
    "PUT",
    "/test$file.text",
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    date="Fri, 24 May 2013 00:00:00 GMT",
    x_amz_storage_class="REDUCED_REDUNDANCY",
    x_amz_content_sha256=hashlib.sha256(b"Welcome to Amazon S3.").hexdigest(),
)
GET_LIFECYCLE = example(
    "GET", "/?lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
)
LIST_OBJECTS = example(
    "GET",
    "/?max-keys=2&prefix=J",
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
)
PRESIGNED = head_of(
    "GET",
    "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524"
    "%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
    "&X-Amz-SignedHeaders=host&X-Amz-Signature="
    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    {"host": "examplebucket.s3.amazonaws.com"},
)
EXAMPLES = [GET_OBJECT, PUT_OBJECT, GET_LIFECYCLE, LIST_OBJECTS, PRESIGNED]


@pytest.mark.parametrize("head", EXAMPLES, ids=["get", "put", "lifecycle", "list", "presigned"])
def test_published_examples_are_right(head: Head) -> None:
    signed = Verifier(EXAMPLE).verify(head, NOON)
    assert signed is not None
    assert signed.presigned == (head is PRESIGNED)


def refused(head: Head, now: datetime = NOON, credentials: Credentials = EXAMPLE) -> str:
    with pytest.raises(S3Error) as refusal:
        Verifier(credentials).verify(head, now)
    assert str(refusal.value)
    return refusal.value.code


@pytest.mark.parametrize("head", EXAMPLES)
def test_another_secret_is_refused(head: Head) -> None:
    wrong = Credentials(EXAMPLE.access_key, EXAMPLE.secret_key.lower())
    assert refused(head, credentials=wrong) == "SignatureDoesNotMatch"
    stranger = Credentials("AKIASOMEBODYELSE", EXAMPLE.secret_key)
    assert refused(head, credentials=stranger) == "InvalidAccessKeyId"


def changed(head: Head, **header: str) -> Head:
    replaced = {name.replace("_", "-").encode(): value.encode() for name, value in header.items()}
    kept = [(name, value) for name, value in head.headers if name not in replaced]
    return Head(head.method, head.path, head.query, [*kept, *replaced.items()])


@pytest.mark.parametrize(
    "head",
    [
        changed(GET_OBJECT, range="bytes=0-10"),
        changed(GET_OBJECT, host="other"),
        changed(GET_OBJECT, x_amz_content_sha256=hashlib.sha256(b"x").hexdigest()),
        Head("DELETE", GET_OBJECT.path, GET_OBJECT.query, GET_OBJECT.headers),
        Head("GET", b"/test2.txt", GET_OBJECT.query, GET_OBJECT.headers),
        Head("GET", GET_OBJECT.path, b"versionId=1", GET_OBJECT.headers),
        Head("PUT", PRESIGNED.path, PRESIGNED.query, PRESIGNED.headers),
        Head("GET", PRESIGNED.path, PRESIGNED.query + b"&acl", PRESIGNED.headers),
        Head("GET", PRESIGNED.path, PRESIGNED.query[:-1] + b"5", PRESIGNED.headers),
    ],
)
def test_what_was_changed_is_refused(head: Head) -> None:
    assert refused(head) == "SignatureDoesNotMatch"


def test_headers_of_amazon_must_be_signed() -> None:
    for head in EXAMPLES:
        assert refused(changed(head, x_amz_copy_source="/b/k")) == "AccessDenied"


@pytest.mark.parametrize("seconds", [-CLOCK_SKEW_S - 1, CLOCK_SKEW_S + 1])
def test_a_clock_too_far_off_is_refused(seconds: int) -> None:
    assert refused(GET_OBJECT, NOON + timedelta(seconds=seconds)) == "RequestTimeTooSkewed"
    near = NOON + timedelta(seconds=seconds - (1 if seconds > 0 else -1))
    assert Verifier(EXAMPLE).verify(GET_OBJECT, near) is not None


def test_an_address_is_good_for_its_time_alone() -> None:
    assert refused(PRESIGNED, NOON + timedelta(days=1, seconds=1)) == "AccessDenied"
    assert refused(PRESIGNED, NOON - timedelta(seconds=CLOCK_SKEW_S + 1)) == "AccessDenied"
    assert Verifier(EXAMPLE).verify(PRESIGNED, NOON + timedelta(days=1)) is not None


def test_no_signature_is_no_error() -> None:
    bare = head_of("GET", "/b/k?list-type=2", {"host": "x"})
    assert Verifier(EXAMPLE).verify(bare, NOON) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Basic YTpi", "InvalidRequest"),
        ("AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=", "InvalidRequest"),
        ("AWS4-HMAC-SHA256", "AuthorizationHeaderMalformed"),
        ("AWS4-HMAC-SHA256 Credential=a,SignedHeaders=host", "AuthorizationHeaderMalformed"),
        (
            "AWS4-HMAC-SHA256 Credential=a/20130524/r/ec2/aws4_request,SignedHeaders=a,Signature=0",
            "AuthorizationHeaderMalformed",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/20130525/r/s3/aws4_request,SignedHeaders=a,Signature=0",
            "AuthorizationHeaderMalformed",
        ),
    ],
)
def test_malformed_headers_are_refused(text: str, code: str) -> None:
    assert refused(changed(GET_OBJECT, authorization=text)) == code


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("X-Amz-Expires=86400", "X-Amz-Expires=604801", "AuthorizationQueryParametersError"),
        ("X-Amz-Expires=86400", "X-Amz-Expires=-1", "AuthorizationQueryParametersError"),
        ("X-Amz-Expires=86400", "", "AuthorizationQueryParametersError"),
        ("20130524T000000Z", "20130524", "AuthorizationQueryParametersError"),
        ("HMAC-SHA256", "ECDSA-P256-SHA256", "AuthorizationQueryParametersError"),
        ("SignedHeaders=host", "SignedHeaders=range", "AccessDenied"),
    ],
)
def test_malformed_addresses_are_refused(old: str, new: str, code: str) -> None:
    query = PRESIGNED.query.replace(old.encode(), new.encode())
    assert refused(Head("GET", PRESIGNED.path, query, PRESIGNED.headers)) == code


def test_version_two_is_refused_by_name() -> None:
    old = head_of("GET", "/b/k?AWSAccessKeyId=a&Expires=1&Signature=b", {"host": "x"})
    assert refused(old) == "InvalidRequest"


# What botocore signs as it stands: it leaves the encoding of a path to its caller.
_keys = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)
_values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)


@given(
    key=_keys,
    query=st.dictionaries(_keys, _keys, max_size=4),
    metadata=st.dictionaries(st.from_regex(r"x-amz-meta-[a-z0-9-]{1,9}", fullmatch=True), _values),
    body=st.binary(max_size=20),
)
def test_what_botocore_signs_is_right(
    key: str, query: dict[str, str], metadata: dict[str, str], body: bytes
) -> None:
    import botocore.utils

    path = botocore.utils.percent_encode(key, safe="/~")
    request = AWSRequest("PUT", f"http://127.0.0.1:9000/bucket/{path}", metadata, body, query)
    S3SigV4Auth(BotoCredentials(EXAMPLE.access_key, EXAMPLE.secret_key), "s3", "eu-1").add_auth(
        request
    )
    prepared = request.prepare()
    headers = {name: _text(value) for name, value in prepared.headers.items()}
    head = head_of("PUT", prepared.url, {"host": "127.0.0.1:9000"} | headers)
    signed = Verifier(EXAMPLE).verify(head, datetime.now(UTC))
    assert signed is not None
    assert signed.payload in {hashlib.sha256(body).hexdigest(), "UNSIGNED-PAYLOAD"}


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


@given(key=_keys, more=st.dictionaries(st.sampled_from(["versionId", "a b"]), _keys))
def test_addresses_are_signed_as_botocore_signs_them(key: str, more: dict[str, str]) -> None:
    import botocore.utils

    path = botocore.utils.percent_encode(key, safe="/~")
    url = f"http://127.0.0.1:9000/bucket/{path}"
    request = AWSRequest("GET", url, params=more)
    boto = BotoCredentials(EXAMPLE.access_key, EXAMPLE.secret_key)
    S3SigV4QueryAuth(boto, "s3", "us-east-1", expires=60).add_auth(request)
    head = head_of("GET", request.prepare().url, {"host": "127.0.0.1:9000"})
    now = datetime.now(UTC)
    assert Verifier(EXAMPLE).verify(head, now) is not None
    bare = Head("GET", head.path, b"", head.headers)
    query = presigned_query(EXAMPLE, bare, now=now, expires=timedelta(seconds=60))
    own = Head("GET", head.path, query.encode(), head.headers)
    assert Verifier(EXAMPLE).verify(own, now) is not None


@given(st.text(st.characters(max_codepoint=0xFF), max_size=80), st.binary(max_size=80))
def test_whatever_arrives_is_refused_or_unsigned(text: str, query: bytes) -> None:
    headers = [(b"host", b"x"), (b"authorization", text.encode("latin-1"))]
    for head in (
        Head("GET", b"/%zz\xff", query, headers),
        Head("GET", b"/", b"X-Amz-Signature=" + query, [(b"host", b"\xff")]),
        changed(GET_OBJECT, authorization=f"AWS4-HMAC-SHA256 {text}"),
    ):
        with pytest.raises(S3Error):
            Verifier(EXAMPLE).verify(head, NOON)


def test_an_address_that_was_right_is_looked_at_again_when_anything_differs() -> None:
    verifier = Verifier(EXAMPLE)
    first = verifier.verify(PRESIGNED, NOON)
    assert verifier.verify(PRESIGNED, NOON) is first
    for other in (
        changed(PRESIGNED, host="other"),
        changed(PRESIGNED, x_amz_copy_source="/b/k"),
        Head("PUT", PRESIGNED.path, PRESIGNED.query, PRESIGNED.headers),
        Head("GET", b"/other", PRESIGNED.query, PRESIGNED.headers),
        Head("GET", PRESIGNED.path, PRESIGNED.query + b"&a=b", PRESIGNED.headers),
        Head("GET", PRESIGNED.path, PRESIGNED.query, [*PRESIGNED.headers, (b"host", b"x")]),
    ):
        with pytest.raises(S3Error):
            verifier.verify(other, NOON)
    with pytest.raises(S3Error, match="expired"):
        verifier.verify(PRESIGNED, NOON + timedelta(days=1, seconds=1))
