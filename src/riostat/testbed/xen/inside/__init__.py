"""Files that run in dom0; they are copied there, and import nothing of riostat.

`dom0.sh` makes a booted Linux the dom0 that xl expects, `vif.sh` joins a domain's network device to
the bridge, and `relay` carries a channel between a virtio port and a domain's agent.
"""
