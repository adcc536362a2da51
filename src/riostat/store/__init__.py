"""Objects on unequal disks: blocks at random places, some twice, each read from the better copy.

This is the storage system of RIO (Santos and Muntz, "Performance analysis of the RIO multimedia
storage system with heterogeneous disk configurations", ACM Multimedia 1998) on directories of
today's file systems. In the order in which data meets the modules:

- `specification` says what a disk is, `superblock` and `slots` how it is laid out, `disks` and
  `diskset` open it, with the `buffers` that they read into;
- `placement` draws the disks of every block, `queues` serves each disk by deadline;
- `layouts`, `objects` and `manifests` are the nouns; `metadata` keeps them in SQLite with the map
  of used slots, `sessions` tells whose reservations are still alive;
- `upload` writes, `reading` reads through a `blockcache` and chooses among copies, `removal`
  deletes, `integrity` verifies and repairs, `rebuild` makes lost metadata anew from the disks;
- `store.Store` puts them together.

Not here yet: parity for blocks without a second copy, moving blocks to other disks, admission.
"""
