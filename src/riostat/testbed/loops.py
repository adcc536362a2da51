"""Loop devices: files as block devices. Source: Linux, include/uapi/linux/loop.h."""

import errno
import fcntl
import os
import struct
from pathlib import Path
from typing import Final

from riostat.core.closing import Closing
from riostat.core.errors import MissingToolError, TestbedError

__all__ = ["LoopDevice"]

_CONTROL: Final = Path("/dev/loop-control")
_LOOP_CONFIGURE: Final = 0x4C0A
_LOOP_CTL_GET_FREE: Final = 0x4C82
_AUTOCLEAR: Final = 4
_DIRECT_IO: Final = 16
# struct loop_config: file, block size, and in its loop_info64 nothing but the flags.
_CONFIGURATION: Final = struct.Struct("=II52xI176x64x")
_BLOCK_BYTES: Final = 4096  # of the device: direct I/O on the file needs that of its own device
_ATTEMPTS: Final = 64  # others take loop devices too


class LoopDevice(Closing):
    """A block device on a file, past the page cache where the file's file system can do so.

    The kernel takes it away when nobody has it open or mounted any more, and so also after a
    crash. Raises `TestbedError`, and `MissingToolError` without loop devices or root.
    """

    def __init__(self, file: Path) -> None:
        backing = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        try:
            self.path, self._descriptor = _configured(file, backing)
        finally:
            os.close(backing)

    @property
    def number(self) -> str:
        """The device's number as the kernel writes it, ``MAJOR:MINOR``."""
        device = os.fstat(self._descriptor).st_rdev
        return f"{os.major(device)}:{os.minor(device)}"

    @property
    def direct(self) -> bool:
        """Whether the file is reached past the page cache."""
        return Path("/sys/block", self.path.name, "loop/dio").read_text().strip() == "1"

    def close(self) -> None:
        """Give the device back; the kernel clears it when it is not mounted any more."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _configured(file: Path, backing: int) -> tuple[Path, int]:
    configuration = _CONFIGURATION.pack(backing, _BLOCK_BYTES, _AUTOCLEAR | _DIRECT_IO)
    for _ in range(_ATTEMPTS):
        path = Path(f"/dev/loop{_free_number()}")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise _missing(path, error) from error
        try:
            fcntl.ioctl(descriptor, _LOOP_CONFIGURE, configuration)
        except OSError as error:
            os.close(descriptor)
            if error.errno != errno.EBUSY:
                raise TestbedError(
                    f"The file {file} cannot become the device {path} ({error.strerror}); "
                    "put the files into a folder on a local disk."
                ) from error
        else:
            return path, descriptor
    raise TestbedError(
        f"Others took each of {_ATTEMPTS} loop devices first; see `losetup --list` for their files."
    )


def _free_number() -> int:
    try:
        control = os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise _missing(_CONTROL, error) from error
    try:
        return fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
    except OSError as error:
        raise _missing(_CONTROL, error) from error
    finally:
        os.close(control)


def _missing(path: Path, error: OSError) -> MissingToolError:
    if error.errno in {errno.EACCES, errno.EPERM}:
        remedy = "run it as root, with sudo for example"
    else:
        remedy = (
            "load the kernel module loop, and give a container /dev/loop-control and /dev/loop*"
        )
    return MissingToolError(f"The device {path} cannot be used ({error.strerror}); {remedy}.")
