"""Rhetorical cues of a citing sentence: whose evidence, and does it agree?

The tables are the field's: verbs and nouns by which authors present evidence of their own, phrases
of agreement and of contrast, hedges, negations, comparisons, words of method and of attribution to
earlier work (after Teufel, Siddharthan and Tidhar, "Automatic classification of citation function",
EMNLP 2006, and Kilicoglu et al., "Confirm or refute? A comparative study on citation sentiment
classification in clinical research publications", Journal of Biomedical Informatics 91, 2019).
They describe a sentence; what they weigh is learned.
"""

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from riostat.citations.masking import OTHER, TARGET

__all__ = ["COUNT", "TABLES", "cues", "section_of"]

_RESULT = (
    r"(?:results?|findings?|data|observations?|analys[ei]s|study|experiments?|measurements?"
    r"|estimates?|model|simulations?|evidence|conclusions?|values?|work|trial|cohort|survey)"
)
_SHOW = (
    r"(?:f(?:ou)nd|observed?|showe?d?|shown|demonstrated?|detected?|identif(?:y|ied)|measured?"
    r"|confirm(?:ed)?|reveal(?:ed)?|report|noted?|saw|see|obtained|conclude|verified|replicated?"
    r"|reproduced?|provided?|suggest|indicated?)"
)
_TABLE: Final = {
    "own": r"\b(?:we|our|ours|us|present|current|herein)\b",
    "own_find": rf"\b(?:we (?:\w+ ){{0,2}}{_SHOW}|our (?:\w+ ){{0,2}}{_RESULT}"
    rf"|(?:the|this) (?:present|current) (?:\w+ )?{_RESULT}|here we|in this (?:study|work|paper)"
    rf"|in (?:our|the present) )",
    "this_result": rf"\b(?:th(?:is|ese|ose) (?:\w+ ){{0,2}}{_RESULT}|this (?:is|was|agrees|supports"
    r"|confirms|contrasts|contradicts|suggests|indicates)|these (?:are|were|agree|support|confirm)"
    r"|(?:which|that) (?:is|are|was|were) (?:\w+ )?(?:consistent|in (?:line|agreement|accord)))",
    "agree": r"\b(?:consistent(?:ly)? with|in (?:\w+ )?agreement|agrees?(?:d|ment)? (?:\w+ )?with"
    r"|in line with|in accord(?:ance)? with|accords? with|in keeping with|in concordance"
    r"|concord(?:s|ant|ance)|compatible with|congruent|coherent with|consonant|consistency"
    r"|as (?:was |were |has been |have been )?(?:expected|predicted))\b",
    "confirm": r"\b(?:confirm(?:s|ed|ing|ation)?|corroborat\w+|supports?|supported|supporting"
    r"|validat\w+|replicat\w+|reproduc\w+|recapitulat\w+|reinforc\w+|verif\w+|strengthen\w*"
    r"|substantiat\w+|extends? (?:\w+ )?(?:previous|earlier|prior))\b",
    "alike": r"\b(?:similar(?:ly)? to|similar (?:to|results?|findings?|observations?|trends?)"
    r"|similarly|likewise|comparable (?:to|with)|resembl\w+|mirror\w*|parallels?|echo\w*"
    r"|reminiscent|the same (?:as|results?|trend)|identical to|close to|also"
    r"|matches|matched|analogous)\b",
    "as_shown": r"\bas (?:\w+ ){0,3}(?:reported|shown|observed|described|found|demonstrated|noted"
    r"|seen|suggested|documented|proposed)\b",
    "contrast": r"\b(?:in (?:\w+ )?contrast|contrast(?:s|ed|ing)? (?:with|to)|by contrast|contrary"
    r"|opposite|opposed|unlike|at odds|on the other hand|conversely|opposing)\b",
    "conflict": r"\b(?:inconsistent|contradict\w*|conflict\w*|disagree\w*|discrepan\w+|disput\w+"
    r"|refut\w+|challeng\w+|disprov\w+|inconsistenc\w+|incompatible|contrad\w+|overestimat\w+"
    r"|underestimat\w+|rule[sd]? out|reject\w*|question(?:s|ed)?|surprising\w*|unexpected\w*)\b",
    "differ": r"\b(?:differ(?:s|ed|ent|ences?)?|differently|deviat\w+|higher|lower|greater|larger"
    r"|smaller|weaker|stronger|fewer|less|more than|rather than|instead of|only)\b",
    "fail": r"\b(?:fail(?:s|ed|ure)? to|did not (?:\w+ )?(?:find|show|observe|confirm|detect"
    r"|support|replicate|reproduce|see|differ|affect|change)|(?:do|does|could|were|was) not"
    r"|no (?:\w+ )?(?:evidence|significant|effect|difference|association|correlation"
    r"|relationship|change|increase|support)|not (?:\w+ )?(?:consistent|supported|confirmed"
    r"|replicated|observed|found|detected|significant)|unable to|lack of|absence of)\b",
    "concede": r"\b(?:however|although|though|whereas|while|but|despite|nevertheless|yet|even)\b",
    "prior": r"\b(?:previous(?:ly)?|prior|earlier|others|other (?:studies|authors|groups|reports"
    r"|work|investigators)|literature|published|past|recent(?:ly)?|studies|reports)\b",
    "attribute": r"\b(?:et al|showed that|(?:reported|found|demonstrated|shown|suggested|proposed"
    r"|argued|observed|described|known) (?:\w+ ){0,3}(?:that|to|by|in)|by \ue000|of \ue000"
    r"|according to)",
    "method": r"\b(?:us(?:ing|ed)|methods?|protocols?|software|algorithms?|package|procedure"
    r"|described (?:previously|elsewhere|in|by)|as (?:previously )?described|follow(?:ing|ed)"
    r"|performed|implemented|calculated|purchased|based on|dataset|obtained from|adapted"
    r"|downloaded|available|tool|version|computed|assessed|modified|developed)\b",
    "known": r"\b(?:well (?:known|established)|(?:has|have) been|is known|it is|can be|include[sd]?"
    r"|such as|for example|e g|reviewed|review|important|play)\b",
    "hedge": r"\b(?:may|might|could|possibl[ey]|perhaps|likely|potential(?:ly)?|hypothe\w+|would"
    r"|should|speculat\w+|explain(?:ed|s)?|due to|because)\b",
    "negation": r"\b(?:not|no|neither|nor|without|cannot|never|none|n't)\b",
    "number": r"(?:\b0 %|\bp [<=>] 0|[<=>] 0|\bci\b|\bfold\b)",
    "figure": r"\b(?:fig|figs|figures?|tables?|supplementary|movie|data not shown)\b",
    "interest": r"\b(?:interesting(?:ly)?|notabl[ey]|importantly|indeed|thus|therefore|together"
    r"|taken together|overall|collectively|remarkably)\b",
}
_PATTERNS: Final = tuple(re.compile(pattern) for pattern in _TABLE.values())
_PLACE: Final = {name: place for place, name in enumerate(_TABLE)}
_OWN = [_PLACE[name] for name in ("own", "own_find", "this_result", "figure", "number")]
_TURN = [
    _PLACE[name]
    for name in ("agree", "confirm", "alike", "as_shown", "contrast", "conflict", "differ", "fail")
]
_CHAIN: Final = (
    re.compile(r"^(?:\w+ ){0,4}(?:this|these|our|the present|the current|consistent|similar"
               r"|in (?:agreement|line|accord|contrast|keeping)|contrary|unlike|as expected)\b"),
    re.compile(rf"(?:with|to|by|of|from|than|unlike|in) (?:\w+ ){{0,6}}{TARGET}"),
    re.compile(rf"^{TARGET}|^(?:\w+ ){{1,3}}(?:et al )?{TARGET}"),
    re.compile(rf"{TARGET} (?:\W )?(?:and|but|or|while|whereas)\b"),
)  # fmt: skip

_SECTIONS: Final = (
    ("result and discussion", re.compile(r"result.*discussion|discussion.*result")),
    ("method", re.compile(r"method|material|procedure|experimental|statistic|patients|participant"
                          r"|data (?:collection|source)|implementation|setup|software|design")),
    ("introduction", re.compile(r"introduc|background|related|motivation|statement of need"
                                r"|overview|review|summary|literature")),
    ("discussion", re.compile(r"discuss|conclu|limitation|implication|outlook|comparison")),
    ("result", re.compile(r"result|finding|evaluation|experiment|analys")),
)  # fmt: skip

_KINDS = len(_SECTIONS) + 1
_CUES = len(_PATTERNS)
# Per cue: there, how often, how near before the target, how near after it, in each neighbour.
_PER_CUE = 6
_CROSSES = 3 * len(_OWN) * len(_TURN) + _KINDS * len(_TURN)
COUNT: Final = _CUES * _PER_CUE + len(_CHAIN) + _KINDS + _CROSSES + 6
"""How many numbers `cues` returns."""

_REACH = 40.0

TABLES: Final = repr((_TABLE, _OWN, _TURN, _CHAIN, _SECTIONS, _REACH))
"""Everything that the meaning of `cues` hangs on, for the fingerprint of features."""


def section_of(heading: str | None) -> int:
    """Return which kind of section a heading names, 0 for any other."""
    text = (heading or "").lower()
    for kind, (_, pattern) in enumerate(_SECTIONS, start=1):
        if pattern.search(text):
            return kind
    return 0


def cues(text: str, previous: str, following: str, section: str | None) -> NDArray[np.float32]:
    """Return what a statement shows, f32[COUNT] between 0 and 1.

    The texts are words of masked sentences with one space between them.
    """
    there = np.zeros((_CUES, _PER_CUE), np.float32)
    target = text.find(TARGET)
    for row, pattern in enumerate(_PATTERNS):
        places = [match.start() for match in pattern.finditer(text)]
        if places:
            there[row, :2] = 1.0, min(len(places), 3) / 3
            there[row, 2] = max((_nearness(target - p) for p in places if p < target), default=0.0)
            there[row, 3] = max((_nearness(p - target) for p in places if p >= target), default=0.0)
        there[row, 4] = pattern.search(previous) is not None
        there[row, 5] = pattern.search(following) is not None
    own, turn = there[_OWN, 0], there[_TURN]
    kinds = np.zeros(_KINDS, np.float32)
    kinds[section_of(section)] = 1.0
    return np.concatenate(
        (
            there.ravel(),
            np.array([pattern.search(text) is not None for pattern in _CHAIN], np.float32),
            kinds,
            np.outer(own, turn[:, 0]).ravel(),
            np.outer(own, np.maximum(turn[:, 2], turn[:, 3])).ravel(),
            np.outer(there[_OWN, 4], turn[:, 0]).ravel(),
            np.outer(kinds, turn[:, 0]).ravel(),
            _shape(text, target),
        )
    )


def _nearness(distance: int) -> float:
    return 1.0 / (1.0 + distance / _REACH)


def _shape(text: str, target: int) -> NDArray[np.float32]:
    length = max(len(text), 1)
    others = text.count(OTHER)
    return np.array(
        [
            target / length if target >= 0 else 0.5,
            target >= 0,
            min(others, 4) / 4,
            min(text.count(TARGET), 4) / 4,
            min(length, 400) / 400,
            text.endswith((TARGET, f"{TARGET} .")),
        ],
        np.float32,
    )
