"""riostat claims, as its user runs it."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from riostat.claims.catalogue import CLAIMS

CONTRACT = {
    "id", "source", "sentence", "setting", "verdict", "value", "low", "high", "threshold", "unit",
    "run", "missing",
}  # fmt: skip


def claims(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "riostat", "claims", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"RIOSTAT_DATA": str(data)},
    )


def test_a_verdict_is_listed_reported_and_repeated_by_its_seed(tmp_path: Path) -> None:
    first, second = (
        json.loads(claims(tmp_path, "run", "rio1997-replication", "--seed=1", "--json").stdout)
        for _ in range(2)
    )
    (verdict,), (again,) = first["claims"], second["claims"]
    assert set(verdict) >= CONTRACT
    assert verdict["details"] == again["details"]
    assert first["machine"]["cpus"] >= 1
    listed = {
        row["id"]: row for row in json.loads(claims(tmp_path, "list", "--json").stdout)["claims"]
    }
    assert set(listed) == {claim.id for claim in CLAIMS}
    assert listed["rio1997-replication"]["verdict"] == "consistent"
    assert listed["rio1997-replication"]["run"] == again["run"]
    assert "last: consistent" in claims(tmp_path, "list").stdout
    output = tmp_path / "note.xml"
    assert claims(tmp_path, "report", "--format=jats", "-o", str(output)).returncode == 0
    assert ET.parse(output).getroot().tag == "article"
    assert again["run"] in claims(tmp_path, "report").stdout


def test_the_words_of_a_verdict(tmp_path: Path) -> None:
    done = claims(tmp_path, "run", "rio1997-replication", "--seed=1")
    assert done.returncode == 0
    assert "rio1997-replication: consistent, simulation" in done.stdout
    assert "the claim holds if" in done.stdout


def test_an_unknown_claim_is_wrong_usage(tmp_path: Path) -> None:
    done = claims(tmp_path, "run", "rio1996")
    assert (done.returncode, done.stdout) == (2, "")
    assert "riostat claims list" in done.stderr


def test_a_report_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    done = claims(tmp_path, "report", "-o", str(tmp_path / "no" / "file"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "choose another file" in done.stderr
