"""The data plane, compiled: raw memory, rings, grants, forwarding and the loop of a worker.

Addresses, lengths and fields of guests are signed 64-bit integers throughout: what a guest writes
is widened on reading, so an address at or above 2^63 is negative and refused.
"""
