"""Samples of every domain of this machine, recorded cheaply and read into one profile.

Recording, in the order in which data meets the modules:

- `perf_event` opens events, `ring` maps what the kernel writes, `events` knows them by name;
- `opening` opens as much as the kernel allows and gives it up to a `sampler.Sampler`;
- `recording` lays it out in a run, with a `snapshot` of processes and cgroups and the `idle` times;
- `recorder` does so for a while or around a `workload`, `rolling` for hours in `segments`;
- `sampling` records into a run that another process made, until that has had enough.

Nothing of that decodes samples or imports numpy, and the small records among it are named tuples:
making a dataclass costs every start of a recording half a millisecond.

Reading: `records` and `kernels` take records apart into `samples` and `callchains`, `processes` and
`mappings` follow who ran what, `symbols` names functions, `cgroups` names domains, and
`profile.Profile` puts them together. `capability` says what can be sampled here.

Not here: guests and hypervisors, whose time is that of their threads on the host.
"""
