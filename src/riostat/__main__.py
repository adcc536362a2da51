"""Makes ``python -m riostat`` the same as ``riostat``."""

from riostat.commands.main import main

__all__: list[str] = []

main()
