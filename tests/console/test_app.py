"""The server: starts, says so, refuses what it cannot do in one sentence, and ends quickly."""

import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import pytest

from riostat.console.app import create_app, first_url, serve
from riostat.core.datadir import DataDirectory
from riostat.core.errors import ConsoleError
from tests.console.serving import TOKEN, free_port, new_console, new_settings


@pytest.fixture
def data(tmp_path: Path) -> Path:
    DataDirectory(tmp_path / "data").make()
    return tmp_path / "data"


def unready(_url: str) -> None:
    pytest.fail("the server is ready")


def test_a_busy_port_is_one_sentence(data: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings = new_settings(data, port=other.getsockname()[1])
        with pytest.raises(ConsoleError, match=r"Address already in use\); .*--port.*\.$"):
            serve(settings, ready=unready)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "a" * 300, "\udcff"])
def test_an_address_of_another_machine_is_one_sentence(data: Path, host: str) -> None:
    with pytest.raises(ConsoleError, match=r"cannot listen on .*--host.*\.$"):
        serve(new_settings(data, host=host, port=free_port()), ready=unready)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_every_stream(data: Path, number: signal.Signals) -> None:
    with new_console(data) as console, console.client() as client:
        with client.stream("GET", "/api/live") as live, client.stream("GET", "/api/live") as idle:
            lines = live.iter_lines()
            assert next(lines) == "event: live"
            assert idle.status_code == 200
            children = console.children()
            assert console.end(number) == 0
            assert [line for line in lines if not line.startswith(("event:", "data:"))]
        assert console.process.stdout is not None
        assert console.process.stdout.read() == "ended\n"
        assert console.log.read_text() == ""
        assert children
        assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


def test_no_child_outlives_a_killed_console(data: Path) -> None:
    with new_console(data) as console:
        while not (children := console.children()):
            pass
        handles = [Path(f"/proc/{pid}/stat") for pid in children]
        console.end(signal.SIGKILL)
        while any(_is_running(stat) for stat in handles):
            pass


def _is_running(stat: Path) -> bool:
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_token_is_made_and_found_again(data: Path) -> None:
    with new_console(data, token="") as console:
        token = console.token
        assert len(token) > 30
        assert (data / "token").stat().st_mode & 0o777 == 0o600
    with new_console(data, token="") as console:
        assert console.token == token


def test_it_listens_on_ipv6_too(data: Path) -> None:
    with new_console(data, host="::1") as console:
        assert console.url.startswith("http://[::1]:")
        assert httpx2.get(console.url, trust_env=False).status_code == 303


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("box", "box")],
)
def test_the_first_url_works_in_a_browser_here(host: str, shown: str) -> None:
    settings = new_settings(Path("unused"), host=host)
    assert first_url(settings, TOKEN) == f"http://{shown}:8180/?token={TOKEN}"


def test_unknown_addresses_and_methods_are_told_in_one_sentence(data: Path) -> None:
    with new_console(data) as console, console.client() as client:
        page = client.get("/nothing/<script>")
        assert page.status_code == 404
        assert "&lt;script&gt;" in page.text
        assert client.get("/api/nothing").json()["error"].endswith("/api lists what there is.")
        assert client.delete("/api/runs").status_code == 405
        assert client.post("/runs").status_code == 405


def test_the_server_stands_many_requests_at_once(data: Path) -> None:
    statuses: list[int] = []

    def ask() -> None:
        with console.client() as client:
            statuses.extend(client.get(path).status_code for path in ("/", "/runs", "/api/now"))

    with new_console(data) as console:
        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [200] * 48


def test_importing_the_server_loads_no_numbers() -> None:
    program = "import sys, riostat.console.app; print({'numpy', 'numba'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"set()\n"


def test_an_application_can_be_made_without_a_server(data: Path) -> None:
    application = create_app(new_settings(data), token=TOKEN)
    assert len(application.console.live.listeners) == 0
