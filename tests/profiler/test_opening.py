"""What is opened, and what is given up: as root, without rights, and with hardly any room.

Each case is a process of its own, because limits and rights belong to a process.
"""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from riostat.core.errors import SamplingError
from riostat.profiler.events import CPU_CLOCK, EVENT_NAMES, find_event
from riostat.profiler.opening import (
    MAX_SAMPLE_RATE,
    PARANOID,
    SamplingRequest,
    event_refusal,
    online_cpus,
    open_sampler,
)
from tests.profiler.rights import needs_root, unprivileged

OPEN = """
import json, os, sys
from riostat.core.errors import SamplingError
from riostat.profiler.opening import SamplingRequest, open_sampler
{before}
workload = {workload}
request = SamplingRequest({events}, {frequency}, None)
try:
    samplers = [open_sampler(request, workload=workload) for _ in range({count})]
except SamplingError as error:
    print(json.dumps(str(error)))
    sys.exit()
print(json.dumps([
    [s.system, s.kernel, s.restriction, s.fallback, s.cpus, [e.name for e in s.events],
     [len(s.identifiers(e)) for e in s.events]]
    for s in samplers
]))
"""

REFUSE_PERF_EVENT_OPEN = """
import ctypes, struct
number = {"x86_64": 298, "aarch64": 241}[os.uname().machine]
program = b"".join(struct.pack("<HBBI", *instruction) for instruction in (
    (0x20, 0, 0, 0),  # load the system call's number
    (0x15, 0, 1, number),
    (0x06, 0, 0, 0x00050001),  # EPERM, as the default filter of a container says
    (0x06, 0, 0, 0x7FFF0000),
))
buffer = ctypes.create_string_buffer(program)
filter = struct.pack("<HxxxxxxQ", 4, ctypes.addressof(buffer))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, filter) == 0
"""


def opened(
    *,
    without_rights: bool = False,
    before: str = "",
    workload: str = "None",
    events: tuple[str, ...] = ("cpu-clock",),
    frequency: int = 99,
    count: int = 1,
) -> Any:
    """Open samplers in a new process; return what they are, or the sentence of the refusal."""
    program = OPEN.format(
        before=dedent(before), workload=workload, events=events, frequency=frequency, count=count
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        unprivileged(command) if without_rights else command,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_root
def test_root_samples_every_cpu_with_the_kernel() -> None:
    [[system, kernel, restriction, fallback, cpus, events, identifiers]] = opened()
    assert (system, kernel, restriction, fallback) == (True, True, None, None)
    assert tuple(cpus) == online_cpus()
    assert (events, identifiers) == (["cpu-clock"], [len(cpus)])


def test_cycles_or_what_stands_for_them() -> None:
    for names in ((), ("cycles",)):
        [[_, _, _, fallback, _, events, _]] = opened(events=names)
        if event_refusal(find_event("cycles")) is None:
            assert (events, fallback) == (["cycles"], None)
        else:
            assert events == ["cpu-clock"]
            assert "cpu-clock was sampled instead of cycles" in fallback


def test_several_events_share_the_rings() -> None:
    names = ("cpu-clock", "page-faults", "cpu-clock", "context-switches")
    [[*_, events, identifiers]] = opened(events=names)
    assert events == ["cpu-clock", "page-faults", "context-switches"]
    assert len(set(identifiers)) == 1


def test_an_event_of_an_absent_processor_is_one_sentence() -> None:
    absent = [name for name in EVENT_NAMES if event_refusal(find_event(name)) is not None]
    for name in {*absent, "rffffffffffffffff"} - {"cycles"}:
        refused = opened(events=(name,))
        assert refused.startswith(f"The event {name} cannot be sampled on this machine")


def test_a_frequency_above_the_kernels_is_one_sentence() -> None:
    limit = int(MAX_SAMPLE_RATE.read_text())
    with pytest.raises(SamplingError, match=rf"perf_event_max_sample_rate is {limit}; raise it"):
        open_sampler(SamplingRequest((), limit + 1, None))


needs_restriction = pytest.mark.skipif(
    int(PARANOID.read_text()) != 2, reason="kernel.perf_event_paranoid is not 2, its default"
)


@needs_root
@needs_restriction
def test_without_rights_a_command_is_sampled_alone() -> None:
    [[system, kernel, restriction, *_]] = opened(without_rights=True, workload="os.getpid()")
    assert (system, kernel) == (False, False)
    assert restriction.startswith("Only the command was sampled, without the kernel's code")


@needs_root
@needs_restriction
def test_without_rights_own_processes_are_sampled() -> None:
    before = """
    read, write = os.pipe()
    if os.fork() == 0:
        os.close(write)
        os.read(read, 1)  # until the parent ends
        os._exit(0)
    """
    [[system, kernel, restriction, _, cpus, _, identifiers]] = opened(
        without_rights=True, before=before
    )
    assert (system, kernel) == (False, False)
    assert restriction.startswith("Only your own processes were sampled")
    assert identifiers[0] >= len(cpus)


@needs_root
@needs_restriction
def test_a_process_of_another_user_is_refused() -> None:
    refused = opened(without_rights=True, workload="1")
    assert refused.startswith("No process of yours runs that can be sampled")


def test_a_container_that_forbids_the_call_is_one_sentence() -> None:
    refused = opened(before=REFUSE_PERF_EVENT_OPEN)
    assert refused.startswith("This user may not sample")
    assert "seccomp" in refused


def test_too_few_open_files_are_one_sentence() -> None:
    before = """
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (6, 6))
    """
    assert opened(before=before, count=20).startswith("Sampling needs more than the 6 open files")


LOCKED = """
import resource
resource.setrlimit(resource.RLIMIT_MEMLOCK, ({0}, {0}))
"""


@needs_root
@needs_restriction
def test_rings_become_smaller_where_memory_may_not_be_locked() -> None:
    room = len(online_cpus()) * 300 << 10
    samplers = opened(
        without_rights=True,
        before=LOCKED.format(room),
        workload="os.getpid()",
        frequency=9999,
        count=2,
    )
    assert [len(sampler[4]) for sampler in samplers] == [len(online_cpus())] * 2


@needs_root
@needs_restriction
def test_no_lockable_memory_at_all_is_one_sentence() -> None:
    refused = opened(
        without_rights=True,
        before=LOCKED.format(0),
        workload="os.getpid()",
        frequency=9999,
        count=2,
    )
    assert refused.startswith("The kernel will not lock memory for the rings")
    assert "perf_event_mlock_kb" in refused


def test_the_probe_of_an_event_leaves_nothing_open() -> None:
    before = list(Path("/proc/self/fd").iterdir())
    assert event_refusal(CPU_CLOCK) is None
    assert list(Path("/proc/self/fd").iterdir()) == before


def test_online_cpus_are_those_of_sysfs() -> None:
    present = {
        int(path.name[3:])
        for path in Path("/sys/devices/system/cpu").glob("cpu[0-9]*")
        if not (path / "online").exists() or (path / "online").read_text().strip() == "1"
    }
    assert set(online_cpus()) == present
