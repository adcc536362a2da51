"""Rules: which measurements decide, and in which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.claims.claim import Judgement, Measurement, Rule, Setting


@pytest.mark.parametrize(
    ("low", "high", "at_least", "setting", "judgement"),
    [
        (3.5, 4, True, Setting.SAME, Judgement.SUPPORTS),
        (1, 3, True, Setting.SAME, Judgement.CONTRASTS),
        (3.5, 4, True, Setting.ANALOGUE, Judgement.CONSISTENT),
        (1, 3, True, Setting.SIMULATION, Judgement.INCONSISTENT),
        (3, 4, True, Setting.SAME, Judgement.INCONCLUSIVE),
        (3.5, 4, False, Setting.SAME, Judgement.CONTRASTS),
        (1, 3, False, Setting.EMULATED, Judgement.CONSISTENT),
        (3, 4, False, Setting.SAME, Judgement.INCONCLUSIVE),
    ],
)
def test_the_whole_interval_decides(
    low: float, high: float, *, at_least: bool, setting: Setting, judgement: Judgement
) -> None:
    rule = Rule("the value", "units", 3.4, at_least=at_least)
    assert rule.judge(Measurement((low + high) / 2, low, high), setting) is judgement


@given(st.floats(-10, 10), st.floats(0, 5), st.floats(-10, 10))
def test_opposite_rules_never_both_hold(low: float, width: float, threshold: float) -> None:
    measured = Measurement(low, low, low + width)
    judged = [
        Rule("v", "", threshold, at_least=way).judge(measured, Setting.SAME)
        for way in (True, False)
    ]
    if low != threshold != low + width:
        assert judged != [Judgement.SUPPORTS] * 2
        assert (Judgement.SUPPORTS in judged) == (Judgement.CONTRASTS in judged)


def test_a_rule_reads_as_a_sentence() -> None:
    rule = Rule("the slowdown", "of the time", 0.05, at_least=False)
    assert str(rule) == "the slowdown is at most 0.05 of the time"
