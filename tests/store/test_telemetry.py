"""The counters of a server, in the words that others read."""

import contextlib
from pathlib import Path

from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.store.serverstatus import ServerStatus, read_status
from tests.store.serving import made_store, serving


def next_status(root: Path, after: ServerStatus | None) -> ServerStatus:
    """Wait for a status that was written after another."""
    while (status := read_status(root)) is None or (
        after is not None and status.time_ns <= after.time_ns
    ):
        pass
    return status


def test_counters_grow_with_what_is_done(tmp_path: Path) -> None:
    root = made_store(tmp_path)
    with serving(root, "--public-read=films") as served:
        before = next_status(root, None)
        with contextlib.closing(served.client()) as client:
            client.create_bucket(Bucket="films")
            client.put_object(Bucket="films", Key="k", Body=bytes(5 << 20))
            with contextlib.closing(client.get_object(Bucket="films", Key="k")["Body"]) as body:
                body.read()
        after = next_status(root, next_status(root, before))
    assert (before.requests, before.delay.blocks) == (0, 0)
    assert (after.requests, after.objects, after.refused) == (3, 1, 0)
    assert (after.sent_bytes, after.received_bytes) == (5 << 20, 5 << 20)
    delay = after.delay
    assert delay.blocks == sum(count for *_, count in delay.buckets) > 0
    assert 0 < delay.p50_ns <= delay.p99_ns <= delay.p999_ns <= delay.max_ns
    assert sum(disk.bytes for disk in after.disks) >= 5 << 20
    (path,) = RunDirectory(tmp_path / "data" / "runs").paths()
    events = [event.name for event in Run.open(path).events()]
    assert events == ["serving", "ended"]


def test_counters_that_cannot_be_written_do_not_end_the_server(tmp_path: Path) -> None:
    root = made_store(tmp_path)
    with serving(root) as served:
        before = next_status(root, None)
        (root / ".server.json").mkdir()
        with contextlib.closing(served.client()) as client:
            while "cannot be written" not in served.errors.read_text():
                client.list_buckets()
            (root / ".server.json").rmdir()
            assert next_status(root, before).requests > 0
    assert served.errors.read_text().count("cannot be written") == 1
