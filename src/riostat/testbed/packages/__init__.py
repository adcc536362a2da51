"""Debian packages as files: kernels, Xen and programs, in a cache of the user's.

A `PackageSet` names what is wanted; `sources` turns the machine's own package sources into those of
the one distribution that guests are made of, and `apt` finds and downloads with them, in a state of
its own. `folder` takes the same from a folder of files, for machines without a network. `unpack`
lays packages out as a `PackageTree`, and `PackageCache` keeps all of it, with checksums.

Nothing is installed: no script of a package runs, and only the cache is written.
"""
