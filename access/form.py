"""A posted form, read on the event loop: never past its limit, never for ever, nothing twice."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from anyio import fail_after
from starlette.requests import ClientDisconnect, Request

from access.replies import Reply, invalid_request

FORM_TYPE = "application/x-www-form-urlencoded"
FORM_LIMIT = 8192
FIELD_LIMIT = 16
BODY_SECONDS = 10


async def read_form(request: Request) -> Mapping[str, str] | Reply:
    """The body's parameters, each once; or the refusal."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        return invalid_request(f"Send the body as {FORM_TYPE}.", f"请求体须为 {FORM_TYPE}。")
    body = bytearray()
    try:
        with fail_after(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > FORM_LIMIT:
                    return invalid_request("The body is too large.", "请求体过大。", 413)
    except (TimeoutError, ClientDisconnect):
        return invalid_request("The body did not arrive whole.", "请求体未传完。", 408)
    return parameters(bytes(body))


def parameters(encoded: bytes) -> Mapping[str, str] | Reply:
    """The parameters of a form or of an address, each once; or the refusal."""
    try:
        pairs = parse_qsl(
            encoded.decode(),
            keep_blank_values=True,
            strict_parsing=bool(encoded),
            errors="strict",
            max_num_fields=FIELD_LIMIT,
        )
    except ValueError:
        return invalid_request("The parameters are not a well-formed form.", "参数格式不正确。")
    form = dict(pairs)
    if len(form) != len(pairs):
        return invalid_request("A parameter is repeated.", "参数重复。")
    return form
