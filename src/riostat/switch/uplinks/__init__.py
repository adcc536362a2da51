"""Ports that lead out of the switch: devices of the host's kernel.

`tap` is the way to a container, a network namespace or the host itself.
"""
