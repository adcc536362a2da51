"""A store that `riostat store serve` serves, as tests use it."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from riostat.store.s3.credentials import load_credentials
from riostat.store.s3.signatures import Credentials
from riostat.store.specification import DiskSpecification
from riostat.store.store import Store

__all__ = ["ServedStore", "client_of", "made_store", "serving", "tool_environment"]

_READY_S = 60
_STOP_S = 30


@dataclass
class ServedStore:
    """A running server, and what a client must know of it."""

    process: subprocess.Popen[str]
    root: Path
    address: str
    errors: Path

    @property
    def credentials(self) -> Credentials:
        return load_credentials(self.root)

    @property
    def port(self) -> int:
        port = urlsplit(self.address).port
        assert port is not None
        return port

    def client(self, **changes: Any) -> Any:
        return client_of(self.address, self.credentials, **changes)

    def url(self, method: str, bucket: str, key: str) -> str:
        """A presigned address, made by botocore."""
        with contextlib.closing(self.client()) as client:
            parameters = {"Bucket": bucket, "Key": key}
            url: str = client.generate_presigned_url(method, Params=parameters, ExpiresIn=600)
            return url

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(_STOP_S)


def client_of(address: str, credentials: Credentials, **changes: Any) -> Any:
    """A client of boto3 that neither tries again nor waits for long."""
    # Addresses would be presigned with Version 2 otherwise.
    options: dict[str, Any] = {"signature_version": "s3v4"}
    options |= {
        "retries": {"total_max_attempts": 1},
        "read_timeout": 60,
        "max_pool_connections": 32,
    }
    return boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        config=Config(**options | changes),
    )


def made_store(
    root: Path, *, disks: int = 3, disk_bytes: int = 96 << 20, block_bytes: int = 1 << 20
) -> Path:
    """A new store on directories beside it."""
    places = [root / f"disk{number}" for number in range(disks)]
    for place in places:
        place.mkdir(parents=True)
    specifications = [DiskSpecification(path=place, capacity_bytes=disk_bytes) for place in places]
    Store.create(root / "store", specifications, block_bytes=block_bytes, replication=0.5).close()
    return root / "store"


@contextlib.contextmanager
def serving(root: Path, *flags: str) -> Iterator[ServedStore]:
    """`riostat store serve` of the store in `root`, on a free port, until the end."""
    command = [sys.executable, "-m", "riostat", "store", "serve", "--json", "--port=0"]
    places = [f"--store={root}", f"--data={root.parent / 'data'}"]
    errors = root.parent / "serve.log"
    with (
        errors.open("w") as log,
        subprocess.Popen(
            [*command, *places, *flags], stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            readable, _, _ = select.select([process.stdout], [], [], _READY_S)
            line = process.stdout.readline() if readable else ""
            assert line, errors.read_text()
            yield ServedStore(process, root, json.loads(line)["address"], errors)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(_STOP_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise


def tool_environment(home: Path) -> dict[str, str]:
    """The environment of a client program, without what this machine says of Amazon or proxies."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and not name.lower().endswith("_proxy")
    }
    return kept | {"HOME": str(home)}
