"""Profiles in the formats of other tools, one module each with `write`.

All write the same total: the event's count over all samples, nanoseconds for a clock. What is not
here: pprof and Firefox's format.
"""
