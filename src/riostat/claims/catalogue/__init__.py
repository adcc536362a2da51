"""The claims that can be put to the test, one module each."""

from riostat.claims.catalogue import (
    rio1997_replication,
    vee2005_distribution,
    vee2005_overhead,
    vee2009_grant_reuse,
    vee2009_throughput,
)

__all__ = ["CLAIMS"]

CLAIMS = (
    vee2005_distribution.CLAIM,
    vee2005_overhead.CLAIM,
    vee2009_throughput.CLAIM,
    vee2009_grant_reuse.CLAIM,
    rio1997_replication.CLAIM,
)
