"""The claims that can be put to the test, one module each."""

from riostat.claims.catalogue import rio1997_replication, vee2005_distribution, vee2005_overhead

__all__ = ["CLAIMS"]

CLAIMS = (
    vee2005_distribution.CLAIM,
    vee2005_overhead.CLAIM,
    rio1997_replication.CLAIM,
)
