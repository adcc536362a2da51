"""Works that several claims come from."""

from riostat.claims.claim import Source

__all__ = ["VEE_2005", "VEE_2009"]

VEE_2005 = Source(
    "A. Menon, J. R. Santos, Y. Turner, G. Janakiraman, W. Zwaenepoel",
    "Diagnosing performance overheads in the Xen virtual machine environment",
    "ACM/USENIX Conference on Virtual Execution Environments",
    2005,
)

VEE_2009 = Source(
    "K. K. Ram, J. R. Santos, Y. Turner, A. L. Cox, S. Rixner",
    "Achieving 10 Gb/s using safe and transparent network interface virtualization",
    "ACM SIGPLAN/SIGOPS International Conference on Virtual Execution Environments",
    2009,
)
