"""Loop devices: a file's blocks, for as long as somebody has them."""

import os
import subprocess
from pathlib import Path

import pytest

from riostat.core.errors import TestbedError
from riostat.testbed.loops import LoopDevice
from tests.testbed.rights import needs_root, without_root

pytestmark = [pytest.mark.root, needs_root]


def backing_file(device: Path) -> str:
    file = Path("/sys/block", device.name, "loop", "backing_file")
    return file.read_text().strip() if file.exists() else ""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "file"
    made.write_bytes(bytes(range(256)) * 4096)
    return made


def test_a_device_has_the_blocks_of_its_file(file: Path) -> None:
    with LoopDevice(file) as device:
        assert backing_file(device.path) == str(file)
        assert device.path.read_bytes() == file.read_bytes()
        status = device.path.stat()
        assert device.number == f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
        assert isinstance(device.direct, bool)
        path = device.path
    assert backing_file(path) != str(file)
    device.close()


def test_two_have_two_devices(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(bytes(8192))
    with LoopDevice(file) as one, LoopDevice(other) as two:
        assert one.path != two.path


def test_a_device_goes_with_the_process_that_has_it(file: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from riostat.testbed.loops import LoopDevice; "
        "print(LoopDevice(Path(sys.argv[1])).path, flush=True); input()"
    )
    with subprocess.Popen(
        ["python", "-c", program, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        assert backing_file(path) == str(file)
        process.kill()
    assert backing_file(path) != str(file)


def test_a_file_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(TestbedError, match=r"cannot become the device .* local disk"):
        LoopDevice(Path("/proc/self/mem"))


def test_without_root_one_sentence_says_so() -> None:
    said = without_root(
        "import tempfile; from pathlib import Path; from riostat.testbed.loops import LoopDevice\n"
        "with tempfile.NamedTemporaryFile() as file: LoopDevice(Path(file.name))"
    )
    assert said == (
        "MissingToolError: The device /dev/loop-control cannot be used (Permission denied); "
        "run it as root, with sudo for example."
    )
