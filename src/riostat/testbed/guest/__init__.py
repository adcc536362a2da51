"""Machines under QEMU, and what is said to those that run inside: the `agent` in a guest."""
