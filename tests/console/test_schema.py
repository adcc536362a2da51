"""Colours belong to domains, the host's first."""

import msgspec

from riostat.console.schema import Node, slots_of


def test_the_host_is_nought_and_six_others_have_colours() -> None:
    names = [("a", "vm"), ("host", "host"), *((f"c{n}", "container") for n in range(7))]
    slots = slots_of([*names, *names])
    assert slots["host"] == 0
    assert slots["a"] == 1
    assert slots["c4"] == 6
    assert slots["c5"] == slots["c6"] == "other"


def test_a_leaf_says_no_more_than_it_must() -> None:
    leaf = Node(name="f", kind="symbol", samples=1, share=0.5)
    assert msgspec.json.encode(leaf) == b'{"name":"f","kind":"symbol","samples":1,"share":0.5}'
