"""Claims measured for real, in their quick form."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.profiler.rights import needs_root


def _run(data: Path, claim: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "riostat", "claims", "run", "--json", claim],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"RIOSTAT_DATA": str(data)},
    )
    assert done.returncode == 0, done.stderr
    (verdict,) = json.loads(done.stdout)["claims"]
    assert isinstance(verdict, dict)
    return verdict


def test_rio1997_replication(tmp_path: Path) -> None:
    verdict = _run(tmp_path, "rio1997-replication")
    assert verdict["details"]["late share at r = 0"] > 1e-3
    assert verdict["value"] == verdict["details"]["late share at r = 0.5"] < 1e-5


@needs_root
def test_vee2005_distribution(tmp_path: Path) -> None:
    verdict = _run(tmp_path, "vee2005-distribution")
    assert verdict["details"]["shares"] == 27
    assert verdict["value"] > 0.7
    assert verdict["details"]["largest difference"] < 0.1


@needs_root
def test_vee2009_grant_reuse(tmp_path: Path) -> None:
    verdict = _run(tmp_path, "vee2009-grant-reuse")
    details = verdict["details"]
    assert details["share of mapping, baseline"] > 0.3
    assert details["share of mapping, reuse"] < details["share of mapping, baseline"] / 5


def test_vee2009_throughput(tmp_path: Path) -> None:
    verdict = _run(tmp_path, "vee2009-throughput")
    assert verdict["value"] > 1
    assert verdict["details"]["corrupt frames"] == 0


@pytest.mark.soak
def test_vee2005_overhead(tmp_path: Path) -> None:
    verdict = _run(tmp_path, "vee2005-overhead")
    assert verdict["low"] <= verdict["value"] <= verdict["high"]
    assert {"slowdown, riostat 100 Hz", "slowdown, riostat 4000 Hz"} <= set(verdict["details"])
