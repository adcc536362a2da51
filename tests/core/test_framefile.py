"""Following a file that grows."""

from pathlib import Path

from riostat.core.channels import ChannelKind
from riostat.core.framefile import FrameFile
from riostat.core.frames import MAX_PAYLOAD
from riostat.core.writer import RunWriter


def test_a_growing_file_is_read_on(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path, writer="test", run_id="run")
    channel = writer.channel("bytes", ChannelKind.SAMPLES)
    file = FrameFile(writer.path, "run")
    assert list(file.frames()) == []
    for number in range(5):
        writer.samples(channel, (bytes([number]),))
        assert [bytes(frame.payload) for frame in file.frames()] == [bytes([number])]
    assert (file.closed, file.unread_bytes) == (False, 0)
    writer.close()
    assert list(file.frames()) == []
    assert (file.closed, file.damage) == (True, None)


def test_the_largest_frame_is_read(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path, writer="test", run_id="run") as writer:
        channel = writer.channel("bytes", ChannelKind.SAMPLES)
        writer.samples(channel, (b"small",))
        writer.samples(channel, (bytes(MAX_PAYLOAD),))
        writer.samples(channel, (b"small",))
    file = FrameFile(writer.path, "run")
    assert [len(frame.payload) for frame in file.frames()] == [5, MAX_PAYLOAD, 5]


def test_a_file_that_vanished_is_empty(tmp_path: Path) -> None:
    file = FrameFile(tmp_path / "absent.frames", "run")
    assert list(file.frames()) == []
    assert (file.damage, file.unread_bytes) == (None, 0)


def test_half_a_frame_waits_for_its_other_half(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path, writer="test", run_id="run") as writer:
        writer.samples(writer.channel("bytes", ChannelKind.SAMPLES), (bytes(100),))
    content = writer.path.read_bytes()
    writer.path.write_bytes(content[:-70])
    file = FrameFile(writer.path, "run")
    assert list(file.frames()) == []
    assert file.unread_bytes > 0
    writer.path.write_bytes(content)
    assert [len(frame.payload) for frame in file.frames()] == [100]
    assert file.closed
