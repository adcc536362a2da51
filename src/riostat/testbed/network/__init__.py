"""Networks for guests and programs: namespaces, and devices in them or in the caller's own.

A `Namespace` is a network stack apart, which `ip netns` knows; programs are run in it, and TAP,
veth and bridge devices are made in it, with addresses. `HostNetwork` makes devices where the
caller is. Both remove what they made when they are left, and what a crash keeps them from
removing is found by its mark (`riostat.testbed.leftovers`).

It is no description of a network that is brought about and kept: what is made lives as long as
its owner. Firewalls, routes other than those that addresses bring, and IPv6 unless it is asked
for, are left out.
"""
