"""Speedscope's file format: https://www.speedscope.app/file-format-schema.json."""

import json
from typing import Final, TextIO

import numpy as np

from riostat.profiler.profile import Profile
from riostat.profiler.stacks import Frame, build_stacks

__all__ = ["SCHEMA", "write"]

SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"


def write(profile: Profile, stream: TextIO) -> None:
    """Write one sampled profile, rooted in domain and process.

    The samples of a CPU are in the order of time, those of one CPU after those of another: mixed,
    nothing could be seen, and a profile for each would have no sum.
    """
    stacks = build_stacks(profile)
    order = np.argsort(profile.samples.cpu, kind="stable")
    weights = profile.samples.weight[order].tolist()
    head = {
        "type": "sampled",
        "name": f"{profile.event} on {len(profile.cpus)} CPUs, one after another",
        "unit": "nanoseconds" if profile.event.endswith("-clock") else "none",
        "startValue": 0,
        "endValue": sum(weights),
    }
    shared = {"frames": [_frame(frame) for frame in stacks.frames]}
    # Many samples share a stack: its text is made once.
    texts = [json.dumps(stacks.path(stack)) for stack in range(len(stacks))]
    stream.write(f'{{"$schema": {json.dumps(SCHEMA)}, "exporter": "riostat", ')
    stream.write(f'"shared": {json.dumps(shared)}, "profiles": [{json.dumps(head)[:-1]}, ')
    stream.write('"samples": [')
    stream.write(", ".join([texts[stack] for stack in stacks.codes[order].tolist()]))
    stream.write(f'], "weights": {json.dumps(weights)}}}]}}\n')


def _frame(frame: Frame) -> dict[str, str]:
    return {"name": frame.name, "file": frame.module} if frame.module else {"name": frame.name}
