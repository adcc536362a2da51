"""Rhetorical cues of a citing sentence: whose evidence, and does it agree?

The tables are the field's: verbs and nouns by which authors present evidence of their own, phrases
of agreement and of contrast, hedges, negations, comparisons, words of method and of attribution to
earlier work (after Teufel, Siddharthan and Tidhar, "Automatic classification of citation function",
EMNLP 2006, and Kilicoglu et al., "Confirm or refute? A comparative study on citation sentiment
classification in clinical research publications", Journal of Biomedical Informatics 91, 2019).
Some cues mean little alone: that a word of agreement follows one of the authors' own evidence,
or stands between it and the target, is therefore seen by patterns with gaps. They describe a
sentence; what they weigh is learned.
"""

import re
from collections.abc import Iterator
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
_OWN: Final = (
    r"(?:we|our|ours|(?:present|current) (?:study|results?|findings?|work|data)"
    r"|this (?:study|result|finding|observation|is|was|agrees?|confirms?|supports?|corroborates"
    r"|contrasts|differs|contradicts|phenomenon)|these (?:results?|findings?|data|observations?"
    r"|values?|contradictions|are|were|prevalences)|(?:result|finding)s? (?:of|from) (?:this|our"
    r"|the present)|here|simulations?|which (?:is|are|agrees)|thus|fig|table|0 %)"
)
_AGREE: Final = (
    r"(?:consistent|agree|agrees|agreement|line|accord|accordance|keeping|concordant|concordance"
    r"|compatible|confirm|confirms|confirmed|confirming|affirmed|corroborat\w+|supports?|supported"
    r"|supporting|validat\w+|replicat\w+|reproduc\w+|similar|similarly|comparable|resonates?"
    r"|expected|predicted|as (?:previously )?(?:reported|described|shown|seen|observed)|extends?"
    r"|also|likewise|analogous)"
)
_DIFFER: Final = (
    r"(?:contrast|contrasts|contrary|conflict\w*|contradict\w*|inconsistent|disagree\w*"
    r"|discrepan\w+|differs?|differed|different|opposite|unlike|at odds|lower|higher|smaller"
    r"|larger|greater|longer|shorter|weaker|stronger|less|fewer|fail\w*|not|incorrect"
    r"|surprising\w*|although|however|unexpected\w*|refut\w+|challeng\w+|question\w*)"
)
_PRIOR: Final = (
    r"(?:report\w*|previous\w*|prior|earlier|stud(?:y|ies)|findings?|found|claim\w*|described"
    r"|observed|literature|others|works?|observations?|results?|data|et al|values?|experiments?"
    r"|experimental|hypothes[ie]s|known|theor\w+|evidence)"
)
_TOLD: Final = r"(?:found|reported|showed|shown|demonstrated|observed|described)"


def _up_to(words: int) -> str:
    """Return a pattern of a gap of at most so many words."""
    return rf"(?: [^ ]+){{0,{words}}} "


def _turns(name: str, turn: str) -> dict[str, str]:
    """Return patterns of a word of agreement or contrast between evidence and target."""
    return {
        f"{name}_prior": rf"\b{turn}{_up_to(6)}{_PRIOR}\b",
        f"prior_{name}": rf"\b{_PRIOR}{_up_to(6)}{turn}\b",
        f"own_{name}": rf"\b{_OWN}{_up_to(8)}{turn}\b",
        f"{name}_own": rf"\b{turn}{_up_to(6)}{_OWN}\b",
        f"own_{name}_target": rf"\b{_OWN}{_up_to(10)}{turn}{_up_to(12)}{TARGET}",
        f"{name}_target": rf"\b{turn}{_up_to(8)}{TARGET}",
        f"target_{name}": rf"{TARGET}{_up_to(8)}{turn}\b",
        f"{name}_own_target": rf"\b{turn}{_up_to(8)}{_OWN}{_up_to(12)}{TARGET}",
        f"{name}_with_target": rf"\b{turn} (?:with|to|by|than|from|of|in){_up_to(10)}{TARGET}",
        f"{name}_first": rf"^(?:[^ ]+ ){{0,4}}{turn}\b",
    }


_CHAINS: Final = {
    **_turns("agree", _AGREE),
    **_turns("differ", _DIFFER),
    "not_agree": r"\b(?:not|no|neither|nor|cannot|failed|unable|never|little|without)"
    rf"(?: [^ ]+){{0,4}} {_AGREE}",
    "also_target": rf"\b(?:also|likewise|similarly|too|same)\b{_up_to(10)}{TARGET}",
    "others_told": r"\b(?:others|authors|another study|other studies|previous studies|recent study"
    rf"|studies|et al)\b{_up_to(6)}{_TOLD}",
    "target_told": rf"{TARGET}{_up_to(5)}(?:{_TOLD}|suggested)",
    "method_target": r"(?:as|was|were|been) (?:previously )?(?:described|performed|used|determined"
    rf"|calculated|measured|implemented){_up_to(8)}{TARGET}",
    "using_target": r"\b(?:using|used|use|by|following|software|package|program|method|algorithm"
    rf"|model){_up_to(3)}{TARGET}",
    "demonstrative_first": r"^(?:\w+ ){0,4}(?:this|these|our|the present|the current|consistent"
    r"|similar|in (?:agreement|line|accord|contrast|keeping)|contrary|unlike|as expected)\b",
    "relation_target": rf"(?:with|to|by|of|from|than|unlike|in) (?:\w+ ){{0,6}}{TARGET}",
    "target_first": rf"^{TARGET}|^(?:\w+ ){{1,3}}(?:et al )?{TARGET}",
    "target_and": rf"{TARGET} (?:\W )?(?:and|but|or|while|whereas)\b",
}
_AROUND: Final = {
    "own": rf"\b{_OWN}\b",
    "figure": r"\b(?:fig|figs|figure|table|p [<=] 0|0 %|significant\w*)\b",
    "agree": rf"\b{_AGREE}\b",
    "differ": rf"\b{_DIFFER}\b",
    "citation": OTHER,
}

_SECTIONS: Final = (
    ("result and discussion", re.compile(r"result.*discussion|discussion.*result")),
    ("method", re.compile(r"method|material|procedure|experimental|statistic|patients|participant"
                          r"|data (?:collection|source)|implementation|setup|software|design")),
    ("introduction", re.compile(r"introduc|background|related|motivation|statement of need"
                                r"|overview|review|summary|literature")),
    ("discussion", re.compile(r"discuss|conclu|limitation|implication|outlook|comparison")),
    ("result", re.compile(r"result|finding|evaluation|experiment|analys")),
)  # fmt: skip

_WORDS = tuple(re.compile(pattern) for pattern in _TABLE.values())
_GAPPED = {name: re.compile(pattern) for name, pattern in _CHAINS.items()}
_NEIGHBOURS = {name: re.compile(pattern) for name, pattern in _AROUND.items()}

# Per word cue: there, how often, how near before the target, how near after it, in each neighbour.
_PER_WORD: Final = 6
_KINDS: Final = len(_SECTIONS) + 1
_JOINT: Final = 13
_SHAPE: Final = 6
COUNT: Final = (
    len(_WORDS) * _PER_WORD + len(_GAPPED) + 2 * len(_NEIGHBOURS) + _JOINT + _KINDS + _SHAPE
)
"""How many numbers `cues` returns."""

_REACH: Final = 40.0
_LATE: Final = frozenset((0, 1, 4, 5))

TABLES: Final = repr((_TABLE, _CHAINS, _AROUND, _SECTIONS, _REACH, sorted(_LATE)))
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
    target = text.find(TARGET)
    kind = section_of(section)
    gapped = {name: bool(pattern.search(text)) for name, pattern in _GAPPED.items()}
    around = [bool(p.search(side)) for side in (previous, following) for p in _NEIGHBOURS.values()]
    inside = {name: bool(pattern.search(text)) for name, pattern in _NEIGHBOURS.items()}
    return np.array(
        [
            *_words(text, previous, following, target),
            *gapped.values(),
            *around,
            *_joint(gapped, inside, own_before=around[0], late=kind in _LATE),
            *(kind == other for other in range(_KINDS)),
            *_shape(text, target),
        ],
        np.float32,
    )


def _words(text: str, previous: str, following: str, target: int) -> list[float]:
    found: list[float] = []
    for pattern in _WORDS:
        before = after = 0.0
        count = 0
        for match in pattern.finditer(text):
            count += 1
            distance = match.start() - target
            if distance < 0:
                before = max(before, _nearness(-distance))
            else:
                after = max(after, _nearness(distance))
        found += (count > 0, min(count, 3) / 3, before, after)
        found += (bool(pattern.search(previous)), bool(pattern.search(following)))
    return found


def _joint(
    gapped: dict[str, bool], inside: dict[str, bool], *, own_before: bool, late: bool
) -> Iterator[bool]:
    """Yield what two cues say together: whose evidence, which turn, towards which target."""
    for turn in ("agree", "differ"):
        own = gapped[f"own_{turn}"] or gapped[f"{turn}_own"]
        yield own and late
        yield own and gapped[f"{turn}_prior"]
        yield own and gapped[f"{turn}_target"] and late
        yield inside[turn] and own_before and late
        yield inside[turn] and own_before and gapped[f"{turn}_target"]
    agree = gapped["own_agree"] or gapped["agree_own"]
    yield gapped["own_differ"] and gapped["differ_prior"] and late
    yield inside["differ"] and not gapped["own_differ"]
    yield inside["agree"] and not agree and not own_before


def _nearness(distance: int) -> float:
    return 1.0 / (1.0 + distance / _REACH)


def _shape(text: str, target: int) -> tuple[float, ...]:
    length = max(len(text), 1)
    return (
        target / length if target >= 0 else 0.5,
        target >= 0,
        min(text.count(OTHER), 4) / 4,
        min(text.count(TARGET), 4) / 4,
        min(length, 400) / 400,
        text.endswith((TARGET, f"{TARGET} .")),
    )
