"""Answers are JSON, one sentence, or events."""

import msgspec

from riostat.console.answers import api_failure, event, json_answer, refusal


def test_json_is_encoded_once() -> None:
    assert json_answer({"a": 1}).body == b'{"a":1}'
    assert json_answer(b'{"a":1}', 202).body == b'{"a":1}'
    assert json_answer(b"{}", 202).status_code == 202


def test_a_refusal_is_printable_and_short() -> None:
    evil = "\x1b[2J\u202e" + "x" * 10_000
    sentence = msgspec.json.decode(api_failure(400, evil).body)["error"]
    assert sentence.startswith("\\x1b[2J\\u202e")
    assert len(sentence) == 1000
    assert refusal(400, evil).detail == sentence


def test_an_event_is_one_line_of_data() -> None:
    assert event("live", b'{"a":"\\n"}') == b'event: live\ndata: {"a":"\\n"}\n\n'
