"""Work in a namespace's thread: what it returns, and which errors people see."""

import asyncio
import errno
import os

import pytest
from pyroute2 import NetlinkError

from riostat.core.errors import MissingToolError, NetworkError
from riostat.testbed.network.netlink import (
    NAMESPACES,
    in_namespace,
    make_namespace,
    remove_namespace,
)
from tests.testbed.rights import needs_root

pytestmark = pytest.mark.root


def test_the_callers_devices_are_seen_without_root() -> None:
    names = in_namespace(
        None, "X", lambda route: [link.get_attr("IFLA_IFNAME") for link in route.get_links()]
    )
    assert "lo" in names


def test_a_running_event_loop_is_not_in_the_way() -> None:
    async def main() -> int:
        return in_namespace(None, "X", lambda route: len(list(route.get_links())))

    assert asyncio.run(main()) >= 1


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (NetlinkError(errno.EPERM), MissingToolError, "X without root; run it as root"),
        (NetlinkError(errno.EEXIST), NetworkError, r"X \(File exists\); choose another name"),
        (OSError(errno.EBUSY, "busy"), NetworkError, r"X \(.* busy\); end the program"),
        (OSError(errno.EIO, "broken"), NetworkError, r"X \(Input/output error\); see `ip link`"),
    ],
)
def test_errors_of_the_kernel_become_sentences(
    error: Exception, kind: type[Exception], words: str
) -> None:
    def fail(_: object) -> None:
        raise error

    with pytest.raises(kind, match=words):
        in_namespace(None, "X", fail)


@needs_root
def test_a_name_that_is_taken_stays_with_its_owner() -> None:
    path = NAMESPACES / f"rio{os.getpid()}-taken"
    make_namespace(path)
    try:
        with pytest.raises(NetworkError, match="cannot be made"):
            make_namespace(path)
        assert path.exists()
    finally:
        in_namespace(path, "It is there", lambda route: list(route.get_links()))
        remove_namespace(path)
    assert not path.exists()
