"""CPU time of serving cached ranges beside nginx.

Run it with ``python benchmarks/store_vs_nginx.py``. Both serve the same bytes, in ranges of 1 MiB
at random places, to the same wrk with 16 connections, one after another, round by round: nginx
from the page cache by sendfile, the store from blocks that were verified when they left the disk.
What is compared is the CPU time of the server's processes for each GiB that it sent.

Two of the store's ways in are measured: a bucket that everybody may read, as nginx's files are, and
a presigned address. It needs nginx and wrk, which no test does.
"""

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

BLOCK = 1 << 20
BAR_OF_NGINX = 1.5
AIM_OF_NGINX = 1.0
CONNECTIONS = 16
NGINX = """
worker_processes 1; daemon off; pid {root}/nginx.pid; error_log {root}/nginx.log; {user}
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  client_body_temp_path {root}/b; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f;
  uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;
  server {{ listen 127.0.0.1:{port}; root {root}/www; }}
}}
"""
WRK = """
request = function()
  local from = math.random(0, {blocks} - 1) * {block}
  local range = "bytes=" .. from .. "-" .. (from + {block} - 1)
  return wrk.format("GET", {target!r}, {{["Range"] = range}})
end
"""


@dataclass
class Served:
    """One server: its processes, where the object is, and what each round has cost."""

    name: str
    pids: list[int]
    url: str
    costs: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


def cpu_s(pids: list[int]) -> float:
    """Return the CPU seconds that processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def nginx(root: Path, data: bytes) -> Iterator[Served]:
    """Serve the bytes by nginx."""
    (root / "www").mkdir()
    (root / "www/film").write_bytes(data)
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    (root / "nginx.conf").write_text(NGINX.format(root=root, port=port, user=user))
    with subprocess.Popen(["nginx", "-c", str(root / "nginx.conf")]) as process:
        try:
            answers(f"http://127.0.0.1:{port}/film", data)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
            pids = [process.pid, *map(int, children.split())]
            yield Served("nginx", pids, f"http://127.0.0.1:{port}/film")
        finally:
            process.terminate()


@contextlib.contextmanager
def store(root: Path, data: bytes) -> Iterator[list[Served]]:
    """Serve the bytes by the store, open to everybody and by a presigned address."""
    riostat = [sys.executable, "-m", "riostat", "store"]
    place = [f"--store={root / 'store'}", f"--data={root / 'data'}"]
    disks = [f"--disk={root / f'disk{n}'},capacity={len(data) * 2}" for n in range(2)]
    for disk in range(2):
        (root / f"disk{disk}").mkdir()
    subprocess.run([*riostat, "init", str(root / "store"), *disks], check=True, stdout=2)
    put = [*riostat, "put", str(root / "www/film"), "open/film", *place]
    subprocess.run(put, check=True, stdout=2)
    flags = ["--json", "--port=0", "--public-read=open", f"--cache-bytes={len(data) + BLOCK}"]
    with subprocess.Popen([*riostat, "serve", *flags, *place], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            address = json.loads(process.stdout.readline())["address"]
            answers(f"{address}/open/film", data)
            url = subprocess.check_output([*riostat, "url", "open/film", *place], text=True).strip()
            yield [
                Served("store", [process.pid], f"{address}/open/film"),
                Served("store, presigned", [process.pid], url),
            ]
        finally:
            process.terminate()


def answers(url: str, data: bytes) -> None:
    """Wait until a server is there, and look at all that it sends."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(1000):
        try:
            with opener.open(url) as answer:
                assert answer.read() == data, f"{url} sends other bytes"
                return
        except ConnectionRefusedError:
            continue
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
    sys.exit(f"{url} does not answer.")


def measure(served: Served, seconds: float, script: Path, blocks: int) -> None:
    """Load a server for a while and note what that cost."""
    parts = urlsplit(served.url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    script.write_text(WRK.format(blocks=blocks, block=BLOCK, target=target))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script)]
    before = cpu_s(served.pids)
    text = subprocess.check_output([*command, f"{parts.scheme}://{parts.netloc}"], text=True)
    used = cpu_s(served.pids) - before
    found = re.search(r"(\d+) requests in ([\d.]+)s", text)
    if found is None or "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"wrk has trouble with {served.name}:\n{text}")
    requests = int(found[1])
    served.costs.append(used / (requests * BLOCK / (1 << 30)))
    served.rates.append(requests * BLOCK / (1 << 20) / float(found[2]))


def main() -> None:
    """Measure round by round and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each server")
    parser.add_argument("--seconds", type=int, default=3, help="seconds of each round")
    parser.add_argument("--mib", type=int, default=192, help="size of the object")
    options = parser.parse_args()
    for tool in ("nginx", "wrk"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is missing; install the package of this name")
    data = random.Random(1).randbytes(options.mib * BLOCK)
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        root = Path(place)
        root.chmod(0o755)  # nginx's worker may be another user
        peer = stack.enter_context(nginx(root, data))
        ours = stack.enter_context(store(root, data))
        for number in range(options.rounds + 1):
            for served in (peer, *ours):
                measure(served, options.seconds, root / "range.lua", options.mib)
                if number == 0:  # to warm up
                    served.costs.clear()
                    served.rates.clear()
    print(f"{'server':<18} CPU s/GiB    MiB/s   of nginx")
    for served in (peer, *ours):
        ratios = [cost / other for cost, other in zip(served.costs, peer.costs, strict=True)]
        print(
            f"{served.name:<18} {statistics.median(served.costs):9.3f} "
            f"{statistics.median(served.rates):8.0f} {statistics.median(ratios):9.2f}x "
            f"({min(ratios):.2f}-{max(ratios):.2f})"
        )
    print(
        f"bar {BAR_OF_NGINX}x, aim {AIM_OF_NGINX}x; {options.rounds} rounds of {options.seconds} s"
    )


if __name__ == "__main__":
    main()
