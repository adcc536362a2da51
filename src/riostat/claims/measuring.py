"""Measures one claim for a program: ``python -m riostat.claims.measuring DATA CLAIM quick|full``.

On standard output it writes a JSON object a line: how many steps of how many are done, and last
the verdict. What keeps it from one is a sentence on standard error.
"""

import secrets
import sys
from pathlib import Path

import msgspec

from riostat.claims.catalogue import CLAIMS
from riostat.claims.running import run_claim
from riostat.claims.verdicts import Verdict
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.errors import RiostatError

__all__ = ["Step"]


class Step(msgspec.Struct, frozen=True):
    """One line: `done` of `of` steps, and the verdict where it is the last."""

    done: int
    of: int
    verdict: Verdict | None = None


def _say(done: int, of: int, verdict: Verdict | None = None) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(Step(done, of, verdict)) + b"\n")
    sys.stdout.buffer.flush()


def _main(data: DataDirectory, claim: str, extent: str) -> int:
    chosen = next(known for known in CLAIMS if known.id == claim)
    data.make()
    try:
        verdict = run_claim(
            chosen,
            data=data,
            clock=SYSTEM_CLOCK,
            seed=secrets.randbits(32),
            quick=extent != "full",
            progress=_say,
        )
    except RiostatError as error:
        sys.stderr.write(f"riostat: {error}\n")
        return 1
    _say(1, 1, verdict)
    return 0


if __name__ == "__main__":
    sys.exit(_main(DataDirectory(Path(sys.argv[1])), sys.argv[2], sys.argv[3]))
