"""Machine code is kept in the data directory, under a name that the sources give."""

import subprocess
import sys
from pathlib import Path

CODE = """
import sys
from pathlib import Path
from riostat.core.kernelcache import import_kernels

kernels = import_kernels("riostat.profiler.kernels", Path(sys.argv[1]))
assert import_kernels("riostat.profiler.kernels", Path("/nowhere")) is kernels
import numba
print(numba.config.CACHE_DIR)
"""


def test_the_cache_lies_where_it_was_asked_for(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CODE, str(tmp_path)]
    places = {
        subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)
    }
    (place,) = places
    assert Path(place.strip()).parent == tmp_path
    assert Path(place.strip()).is_dir()
