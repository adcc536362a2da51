"""Everything that the console starts comes to its end with it."""

import asyncio
from pathlib import Path

from riostat.console.app import create_app
from riostat.core.datadir import DataDirectory
from tests.console.serving import TOKEN, new_settings


def test_closing_ends_streams_and_children(tmp_path: Path) -> None:
    DataDirectory(tmp_path).make()
    console = create_app(new_settings(tmp_path), token=TOKEN).console

    async def live() -> tuple[int, list[bytes]]:
        console.live.start()
        async with console.live.listen() as states:
            seen = [await anext(states), await anext(states)]
            pid = console.live.feed_pid
            console.end_streams()
            seen += [state async for state in states]
        await console.close()
        assert pid is not None
        return pid, seen

    pid, seen = asyncio.run(live())
    assert len(seen) == 2
    assert not Path(f"/proc/{pid}").exists()
