"""GET /graphql/schema.graphql: the schema a caller sees, as SDL, for code generators and editors.

Rules: it holds what the caller's introspection holds and nothing else; the text depends on the schema
alone, so it is written once for each view, equal callers get equal bytes, and whoever has them is told so
by the ETag.
"""

from starlette.requests import Request
from starlette.responses import Response

from schema.caller import Callers
from schema.context import blocking
from schema.http import failure
from schema.media import JSON
from schema.message import bearer_of, request_id_of
from schema.purpose import CASE_HEADER, PURPOSE_HEADER, Stated, stated_in_headers
from schema.view import Sdl, Views

PATH = "/graphql/schema.graphql"
MEDIA = "text/plain"
"""There is no registered media type for SDL; a browser shows this one."""
NOT_MODIFIED = 304


class SchemaDownload:
    """`__call__` is the Starlette endpoint."""

    def __init__(self, callers: Callers, views: Views) -> None:
        self._callers = callers
        self._views = views

    async def __call__(self, request: Request) -> Response:
        request_id = request_id_of(request)
        try:
            stated = stated_in_headers(
                request.headers.getlist(PURPOSE_HEADER), request.headers.getlist(CASE_HEADER)
            )
            sdl = await blocking(self._sdl, bearer_of(request), stated)
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is leaves as GraphQL JSON
            return failure(error, JSON, request_id).response()
        headers = {
            "ETag": sdl.etag,
            "Cache-Control": "private, no-cache",
            "Vary": "Authorization, X-Vitalhub-Purpose",
            "X-Content-Type-Options": "nosniff",
            "X-Request-Id": request_id,
        }
        if sdl.etag in _held(request):
            return Response(status_code=NOT_MODIFIED, headers=headers)
        return Response(sdl.content, headers=headers, media_type=MEDIA)

    def _sdl(self, bearer: str, stated: Stated) -> Sdl:
        return self._views.of(self._callers.of(bearer, stated)).sdl


def _held(request: Request) -> set[str]:
    """What the caller says it has; a proxy may have made an ETag a weak one."""
    given = request.headers.get("if-none-match", "").split(",")
    return {tag.strip().removeprefix("W/") for tag in given}
