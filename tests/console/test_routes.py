"""The document is made of the routes that are served, and of nothing else."""

import re
from pathlib import Path

import httpx2

from riostat.console.app import create_app
from riostat.console.routes import routes
from tests.console.serving import TOKEN, new_settings


def test_every_route_is_described(client: httpx2.Client) -> None:
    endpoints = create_app(new_settings(Path("unused")), token=TOKEN).endpoints
    document = client.get("/api").json()
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }
    served = {
        (method, re.sub(r":\w+\}", "}", route.path))
        for route in routes(endpoints)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert described == served


def test_every_reference_of_the_document_leads_somewhere(client: httpx2.Client) -> None:
    document = client.get("/api").json()
    text = client.get("/api").text
    references = set(re.findall(r'"\$ref":"#/components/schemas/(\w+)"', text))
    assert references
    assert references <= document["components"]["schemas"].keys()


def test_every_path_parameter_is_declared(client: httpx2.Client) -> None:
    for path, operations in client.get("/api").json()["paths"].items():
        for operation in operations.values():
            declared = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert declared == set(re.findall(r"\{(\w+)\}", path))
            assert operation["summary"]


def test_only_health_is_described_as_open(client: httpx2.Client) -> None:
    document = client.get("/api").json()
    assert document["security"] == [{"token": []}]
    open_paths = [
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if operation.get("security") == []
    ]
    assert open_paths == ["/healthz"]
