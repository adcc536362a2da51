"""What the papers say, tested on this machine.

- `claim` says what a claim is: a sentence of a published work, an experiment that could refute it,
  and the rule that was written down before anything was measured;
- `experiment` is what a measurement works with, `verdicts` what comes out of it and where the last
  one of each claim is kept, `running` the way from one to the other;
- `catalogue` holds one module per claim; `mix`, `work` and `kernels` are programs that experiments
  run.

Nothing here is tuned to make a verdict, and no verdict enters a work's tallies of citations.
"""
