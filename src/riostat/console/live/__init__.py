"""The live profile: the last seconds of the rolling run, once a second.

In the order in which data meets them: `tail` reads what was appended to a segment, `processes` and
`names` say whom and what each sample hit, `window` sums up, `feed` is the child process that does
all this, `state` is what it says each second, and `service` tells it to whoever listens.

Not here: callchains and error bars, which reports have.
"""
