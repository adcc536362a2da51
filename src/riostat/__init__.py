"""An open workbench for I/O in virtualised systems."""

__all__ = ["__version__"]

__version__ = "0.1.0"
