"""What answers, and the steps in which it comes and goes."""

from dataclasses import dataclass

from riostat.console.analysis.client import Analysis
from riostat.console.library.holdings import Holdings
from riostat.console.library.reading import Library
from riostat.console.live.service import Live
from riostat.console.measurements import Measurements
from riostat.console.parts.shelf import Shelf
from riostat.console.parts.storestate import StoreView
from riostat.console.parts.switchstate import SwitchView
from riostat.console.parts.watch import Watch
from riostat.console.recordings import Recordings
from riostat.console.runs import RunCatalogue
from riostat.core.datadir import DataDirectory

__all__ = ["Console"]


@dataclass(frozen=True, slots=True)
class Console:
    """What pages and API ask."""

    data: DataDirectory
    catalogue: RunCatalogue
    analysis: Analysis
    recordings: Recordings
    measurements: Measurements
    live: Live
    switch: Watch[SwitchView]
    store: Watch[StoreView]
    shelf: Shelf
    library: Library
    holdings: Watch[Holdings]

    def has_part(self, name: str) -> bool:
        """Tell whether a part has a page worth a place in the navigation."""
        match name:
            case "switch":
                return self.switch.state.state != "absent"
            case "store":
                return self.store.state.state != "absent" or self.shelf.exists()
            case _:
                return True

    def start(self) -> None:
        """Begin to follow what changes."""
        self.live.start()
        self.switch.start()
        self.store.start()
        self.holdings.start()

    def end_streams(self) -> None:
        """Let every answer that is being given come to its end, so that the server can end."""
        self.live.listeners.end()
        self.switch.listeners.end()
        self.store.listeners.end()
        self.holdings.listeners.end()
        self.recordings.end()
        self.measurements.end()
        self.analysis.end()

    async def close(self) -> None:
        """End every child process and all following, and let go of the store."""
        await self.live.close()
        await self.switch.close()
        await self.store.close()
        await self.shelf.close()
        await self.holdings.close()
        await self.library.close()
        await self.recordings.close()
        await self.measurements.close()
        await self.analysis.close()
