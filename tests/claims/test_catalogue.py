"""What every claim of the catalogue must have."""

import re

from riostat.claims.catalogue import CLAIMS


def test_claims_are_told_apart_and_say_what_they_are() -> None:
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS)
    for claim in CLAIMS:
        assert re.fullmatch(r"[a-z]+[0-9]{4}-[a-z-]+", claim.id)
        assert str(claim.source.year) in claim.id
        for text in (claim.sentence, claim.method):
            assert text.endswith(".")
        assert claim.source.doi == "" or claim.source.doi.startswith("10.")
