import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import MachineError
from riostat.core.text import printable
from riostat.testbed.guest.conversation import Conversation, Finished

READY = b'{"hello":"w","agent":"python","version":1}\n'
EXIT = b'{"id":1,"exit":0,"cut_out":0,"cut_err":0,"timed_out":0}\n'


def ready() -> Conversation:
    conversation = Conversation()
    conversation.hello("w")
    conversation.receive(READY)
    assert conversation.is_ready
    return conversation


def running(*, limit: int = 100, data: bytes = b"") -> Conversation:
    conversation = ready()
    list(conversation.run(b"true", timeout_s=1, limit=limit, data=data))
    return conversation


def out(content: bytes, *, number: int = 1, name: str = "out") -> bytes:
    text = base64.b64encode(content).decode()
    return json.dumps({"id": number, name: text}).encode() + b"\n"


def test_what_a_host_says() -> None:
    conversation = Conversation()
    assert conversation.hello("w") == b'\n{"hello":"w"}\n'
    assert conversation.hello("w", time_ns=5, entropy=b"abc") == (
        b'\n{"hello":"w","time_ns":5,"entropy":"YWJj"}\n'
    )
    conversation.hello("w")
    conversation.receive(READY)
    assert list(conversation.run(b"ls", timeout_s=1.5, limit=9, data=b"abc")) == [
        b'{"id":1,"run":"bHM=","timeout_ms":1500,"limit":9}\n',
        b'{"id":1,"data":"YWJj"}\n',
        b'{"id":1,"end":1}\n',
    ]


@given(st.binary(), st.binary(), st.integers(-64, 255), st.integers(1, 40))
def test_output_arrives_however_the_stream_is_cut(
    stdout: bytes, stderr: bytes, status: int, step: int
) -> None:
    stream = out(stdout) + b"\n" + out(stderr, name="err") + EXIT.replace(b"0", b"%d" % status, 1)
    conversation, finished = running(limit=1 << 20), None
    for start in range(0, len(stream), step):
        assert finished is None
        finished = conversation.receive(stream[start : start + step])
    assert finished == Finished(status, stdout, stderr)
    assert conversation.is_ready


@given(st.binary(max_size=2000), st.binary(max_size=2000))
def test_before_the_hello_anything_is_dropped(noise: bytes, more: bytes) -> None:
    conversation = Conversation()
    conversation.hello("w")
    stream = noise + b"\n" + READY.replace(b'"w"', b'"v"') + more + b"\n" + READY
    conversation.receive(stream)
    assert conversation.is_ready


def test_before_the_hello_an_endless_line_is_dropped() -> None:
    conversation = Conversation()
    conversation.hello("w")
    for _ in range(100):
        conversation.receive(b"x" * 10_000)
    assert len(conversation._partial) < 200_000
    conversation.receive(b"\n" + READY)
    assert conversation.is_ready


def test_a_late_answer_is_nobodys() -> None:
    conversation = running()
    assert conversation.receive(EXIT) is not None
    assert conversation.receive(out(b"late") + EXIT) is None
    list(conversation.run(b"true", timeout_s=1, limit=100, data=b""))
    assert conversation.receive(out(b"later") + EXIT) is None
    assert conversation.receive(out(b"now", number=2)) is None
    assert conversation.receive(EXIT.replace(b"1", b"2", 1)) == Finished(0, b"now", b"")


def test_a_new_hello_forgets_a_command() -> None:
    conversation = running()
    conversation.receive(out(b"before") + b'{"id":1,"ou')
    conversation.hello("v")
    assert conversation.receive(b't":""}\n' + EXIT + READY) is None
    assert not conversation.is_ready
    conversation.receive(READY.replace(b'"w"', b'"v"'))
    list(conversation.run(b"true", timeout_s=1, limit=100, data=b""))
    assert conversation.receive(EXIT) == Finished(0, b"", b"")


def test_a_time_out_and_cuts_are_said() -> None:
    stream = b'{"id":1,"exit":-9,"cut_out":7,"cut_err":0,"timed_out":1}\n'
    assert running().receive(stream) == Finished(-9, b"", b"", 7, 0, timed_out=True)


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"x" * 200_000, "no end"),
        (b"x" * 200_000 + b"\n", "too long"),
        (b"nonsense\n", "no message"),
        (b"[" * 100_000 + b"\n", "no message"),
        (b'{"id":1,"exit":"0"}\n', "no message"),
        (b'{"id":1,"exit":0,"more":1}\n', "no message"),
        (b'{"id":1,"out":"%"}\n', "no message"),
        (b'{"id":1,"exit":99999999999999999999}\n', "no message"),
        (b'{"id":1,"exit":0,"cut_out":-1}\n', "no message"),
        (b"\xff\xfe\n", "no message"),
        (b'{"id":2,"exit":0}\n', "about no command"),
        (b'{"id":-1,"exit":0}\n', "about no command"),
        (b'{"exit":0}\n', "about no command"),
        (out(b"x" * 101), "more output"),
        (b'{"id":1,"error":"bm8gG1szMW0="}\n', r"no \\x1b"),
    ],
)
def test_what_no_agent_says_is_refused(stream: bytes, words: str) -> None:
    with pytest.raises(MachineError, match=words) as caught:
        running().receive(stream)
    assert len(str(caught.value)) < 600
    assert str(caught.value).isprintable()


def test_an_agent_of_another_version_is_refused() -> None:
    conversation = Conversation()
    conversation.hello("w")
    with pytest.raises(MachineError, match=r"version 2 .* make the image anew"):
        conversation.receive(READY.replace(b"1", b"2"))


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=50),
            st.sampled_from([READY, EXIT, out(b"abc"), b"\n", b"{", b'"id":', b"}"]),
        )
    )
)
def test_hostile_streams_are_taken_or_refused(pieces: list[bytes]) -> None:
    conversation, refusal = running(limit=10), "none"
    try:
        for piece in pieces:
            finished = conversation.receive(piece)
            assert finished is None or len(finished.stdout) <= 10
    except MachineError as error:
        refusal = str(error)
    assert refusal == printable(refusal)


def test_data_is_cut_into_lines_that_an_agent_takes() -> None:
    conversation = ready()
    data = bytes(range(256)) * 1000
    lines = list(conversation.run(b"cat", timeout_s=1, limit=1, data=data))
    assert max(map(len, lines)) < 128 << 10
    assert b"".join(base64.b64decode(json.loads(line)["data"]) for line in lines[1:-1]) == data
