"""A driver domain in user space: guests exchange frames over shared rings and grants.

What a port is and counts stands in `ports`, the workers that serve them behind `engine`, and the
compiled loops in `kernels`. The source is Ram et al., VEE 2009; what it does not do is said in
`docs/concepts/grants.md`.
"""
