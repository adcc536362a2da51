"""How long guests and a Xen host take to answer: with an empty cache, cold, and from a snapshot.

The set-up starts with an empty cache, so packages are downloaded; what comes after it uses that
cache. Cold boots and warm starts of one guest take turns.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from riostat.testbed.folders import CacheFolder
from riostat.testbed.guest.guest import GuestSpecification, join, start_guest
from riostat.testbed.image.image import make_image
from riostat.testbed.image.specification import ImageSpecification
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.xen.start import start_xen

SET_UP_BAR_S = 120.0
PACKAGES_BAR_BYTES = 150e6
GUEST_BAR_S = 1.5
XEN_BAR_S = 4.0
DOMAIN = "u1"


def seconds(work: Callable[[], None]) -> float:
    """Return how long something took."""
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


def line(what: str, measured: str, bar: str, *, met: bool) -> None:
    """Print a figure beside its bar."""
    print(f"{what:<44} {measured:>10}   bar {bar}: {'met' if met else 'MISSED'}")


def told(what: str, taken_s: float, bar_s: float) -> None:
    """Print a time beside its bar."""
    line(what, f"{taken_s:.2f} s", f"{bar_s:g} s", met=taken_s <= bar_s)


def answer_guest(cache: CacheFolder, *, warm: bool) -> None:
    """Start a guest and hear one command's answer."""
    image = make_image(ImageSpecification(), cache, packages=PackageCache(cache.packages))
    with start_guest(GuestSpecification(image=image), cache=cache, warm=warm) as guest:
        assert guest.run("echo here").stdout == b"here\n"


def connect_guests(cache: CacheFolder) -> None:
    """Start two guests, and have one reach the other by TCP."""
    image = make_image(ImageSpecification(), cache, packages=PackageCache(cache.packages))
    specification = GuestSpecification(image=image)
    with (
        start_guest(specification, cache=cache) as one,
        start_guest(specification, cache=cache) as other,
    ):
        join(one, other, addresses=("10.0.0.1/24", "10.0.0.2/24"))
        one.run("nc -l -p 7 -e /bin/cat >/dev/null 2>&1 &")
        reply = other.run(
            "for try in 1 2 3 4 5; do echo hi | nc -w 2 10.0.0.1 7 && exit; sleep 0.2; done"
        )
        assert reply.stdout == b"hi\n", reply


def answer_xen(cache: CacheFolder) -> tuple[float, float]:
    """Return after how many seconds a Xen host's dom0, then its domain, answered."""
    start_s = time.perf_counter()
    with start_xen(cache=cache) as host:
        assert host.run("echo here").stdout == b"here\n"
        dom0_s = time.perf_counter() - start_s
        assert host.run("echo here", domain=DOMAIN).stdout == b"here\n"
        return dom0_s, time.perf_counter() - start_s


def main() -> None:
    """Measure round by round, and print medians beside their bars."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="starts of each kind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        cache = CacheFolder(Path(place))
        set_up_s = seconds(lambda: answer_guest(cache, warm=True))
        told("guest, empty cache, until it answers", set_up_s, SET_UP_BAR_S)
        size = sum(deb.stat().st_size for deb in cache.packages.rglob("*.deb"))
        assert size, "the cache keeps no packages"
        line(
            "packages of a guest",
            f"{size / 1e6:.0f} MB",
            f"{PACKAGES_BAR_BYTES / 1e6:g} MB",
            met=size <= PACKAGES_BAR_BYTES,
        )
        cold, warm = [], []
        for _ in range(options.rounds):
            cold.append(seconds(lambda: answer_guest(cache, warm=False)))
            warm.append(seconds(lambda: answer_guest(cache, warm=True)))
        told("guest, warm, started, asked and ended", statistics.median(warm), GUEST_BAR_S)
        ratio = statistics.median(a / b for a, b in zip(cold, warm, strict=True))
        print(
            f"  a cold boot of it takes {statistics.median(cold):.2f} s, {ratio:.1f} times as long"
        )
        pairs = [seconds(lambda: connect_guests(cache)) for _ in range(options.rounds)]
        print(f"  two that exchange TCP, started and ended: {statistics.median(pairs):.2f} s")
        _, first_s = answer_xen(cache)
        print(f"  Xen host, with its packages downloaded and its first boot: {first_s:.1f} s")
        answers = [answer_xen(cache) for _ in range(options.rounds)]
        dom0_s, domain_s = (statistics.median(times) for times in zip(*answers, strict=True))
        told("Xen, warm, until dom0 answers", dom0_s, XEN_BAR_S)
        told("Xen, warm, until its domain answers", domain_s, XEN_BAR_S)


if __name__ == "__main__":
    main()
