"""Whether KVM runs guests, as the kernel itself says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.testbed import kvm


def test_the_answer_is_no_more_than_a_reason() -> None:
    words = kvm.kvm_fault()
    assert "\n" not in words
    assert "Traceback" not in words
    if not Path("/dev/kvm").exists():
        assert "offers no hardware virtualisation" in words


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_user_without_the_right_is_told_the_group() -> None:
    program = f"import runpy; runpy.run_path({kvm.__file__!r}, run_name='__main__')"
    said = subprocess.run(
        [
            *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
            *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
            *(sys.executable, "-B", "-I", "-S", "-c", program),
        ],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if Path("/dev/kvm").exists():
        assert said == "this user may not open /dev/kvm: add the user to the group kvm"
    else:
        assert "there is no /dev/kvm" in said
