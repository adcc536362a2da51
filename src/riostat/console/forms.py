"""Forms that pages send."""

from typing import TypeVar
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request

from riostat.console.answers import refusal
from riostat.console.api import read_body

__all__ = ["FORM", "read_form"]

FORM = "application/x-www-form-urlencoded"
_FIELDS = 8
_Fields = TypeVar("_Fields", bound=msgspec.Struct)


async def read_form(request: Request, kind: type[_Fields]) -> _Fields:
    """Return what a form holds; raises `HTTPException` where it is none, or another one."""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != FORM:
        raise refusal(415, f"The body must be a form ({FORM}).")
    try:
        body = (await read_body(request)).decode()
        fields = {
            name: values[-1] for name, values in parse_qs(body, max_num_fields=_FIELDS).items()
        }
        return msgspec.convert(fields, kind, strict=False)
    except (ValueError, msgspec.MsgspecError) as error:
        raise refusal(400, f"The form cannot be read ({error}); correct it.") from error
