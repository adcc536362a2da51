"""riostat testbed doctor."""

import json
from pathlib import Path

import pytest

from riostat.commands.main import run


def test_people_read_a_table_and_programs_read_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    place = f"--testbed={tmp_path}"
    assert run(["testbed", "doctor", "--json", place]) == 0
    diagnosis = json.loads(capsys.readouterr().out)
    assert run(["testbed", "doctor", place]) == 0
    rows = {
        line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line[0] != " "
    }
    for one in diagnosis["capabilities"]:
        assert rows[one["name"]].split()[1] == ("yes" if one["works"] else "no")
        assert " ".join(one["words"].split()[:3]) in rows[one["name"]]
    assert rows["QEMU:"] == f"QEMU: {diagnosis['qemu'] or 'none'}"
    assert "with no packages" in rows["Cache:"]
