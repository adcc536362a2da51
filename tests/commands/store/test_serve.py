"""riostat store serve, as a person starts it."""

import select
import signal
import subprocess
import sys
from pathlib import Path

from tests.store.serving import made_store


def test_it_says_where_it_is_and_ends_by_ctrl_c(tmp_path: Path) -> None:
    root = made_store(tmp_path)
    command = [sys.executable, "-m", "riostat", "store", "serve", f"--store={root}", "--port=0"]
    with subprocess.Popen(
        [*command, f"--data={tmp_path / 'data'}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 60)[0]
        line = process.stdout.readline()
        assert line.startswith(f"The store in {root} is served at http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "The store is no longer served.\n")
    assert (root / "credentials").stat().st_mode & 0o777 == 0o600
