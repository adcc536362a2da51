"""Commands that ask a running switch, and what they say where none runs."""

from pathlib import Path

import pytest

from tests.commands.switch.served import riostat


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["attach", "a=tap:a"], ["detach", "a"], ["policy", "a", "copy"]],
    ids=lambda arguments: arguments[0],
)
def test_no_switch_is_one_sentence(tmp_path: Path, arguments: list[str]) -> None:
    done = riostat(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"riostat: No switch runs with the data directory {tmp_path}; start one with "
        "`riostat switch run`, or name its directory with --data.\n"
    )


def test_the_policies_are_those_of_the_switch() -> None:
    from riostat.commands.switch.portoptions import POLICIES
    from riostat.switch.ports import Policy

    assert list(POLICIES) == list(Policy)
