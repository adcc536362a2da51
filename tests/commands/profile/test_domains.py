"""riostat profile domains, as its user runs it."""

import json
import subprocess
import sys

from riostat.profiler.capability import probe
from tests.profiler.rights import needs_root, unprivileged

COMMAND = [sys.executable, "-m", "riostat", "profile", "domains"]


def output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_words_name_the_host_its_events_and_what_is_missing() -> None:
    host = probe().domains[0]
    lines = output(COMMAND).splitlines()
    assert lines[0] == "host (host)"
    assert lines[1] == f"  samples {', '.join(host.sampling)}"
    assert lines[2 : 2 + len(host.missing)] == [f"  {sentence}" for sentence in host.missing]


def test_json_has_the_fields_of_the_contract() -> None:
    result = json.loads(output([*COMMAND, "--json"]))
    host = result["domains"][0]
    assert set(host) == {"name", "kind", "sampling", "missing"}
    assert (host["name"], host["kind"]) == ("host", "host")
    assert "cpu-clock" in host["sampling"]
    assert isinstance(result["pmu"], bool)


@needs_root
def test_without_rights_what_is_missing_is_said_and_how_to_get_it() -> None:
    result = json.loads(output(unprivileged([*COMMAND, "--json"])))
    missing = " ".join(result["domains"][0]["missing"])
    if not result["every_cpu"]:
        assert "kernel.perf_event_paranoid is " in missing
        assert "CAP_PERFMON" in missing
    if not result["kernel_names"]:
        assert "symbols" in missing
