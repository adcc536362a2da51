"""The parts that answer, and the two steps in which they come and go."""

from dataclasses import dataclass

from riostat.console.analysis.client import Analysis
from riostat.console.live.service import Live
from riostat.console.measurements import Measurements
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

    def end_streams(self) -> None:
        """Let every answer that is being given come to its end, so that the server can end."""
        self.live.end()
        self.recordings.end()
        self.measurements.end()
        self.analysis.end()

    async def close(self) -> None:
        """End every child process and the reading of the rolling run."""
        await self.live.close()
        await self.recordings.close()
        await self.measurements.close()
        await self.analysis.close()
