"""The web application: the API, the token endpoint beside it, health, and the console's local pages."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from schema import download, metrics, outside
from schema.caller import Callers
from schema.context import Services
from schema.export.endpoint import ByAccept, ExportEndpoint
from schema.export.run import Exports
from schema.health import HealthEndpoint
from schema.http import GraphQLEndpoint
from schema.live.endpoint import LiveEndpoint
from schema.live.hub import LiveHub
from schema.live.limits import LiveLimits
from schema.media import GRAPHQL_JSON, HTML, JSON, accepted
from schema.operation import Operations
from schema.tally import Tallied
from schema.view import Views

GRAPHQL = "/graphql"
Handlers = Mapping[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]
CONSOLE = Path(__file__).parent.parent / "console"
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Application(Starlette):
    """What is sent to /graphql goes to `posts` and through nothing else, see `schema/http.py`."""

    def __init__(self, posts: ASGIApp, routes: Sequence[BaseRoute], handlers: Handlers) -> None:
        super().__init__(routes=routes, exception_handlers=handlers)
        self._posts = posts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        posted = scope["type"] == "http" and scope["method"] == "POST"
        if posted and scope["path"] == GRAPHQL:
            await self._posts(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class GraphQLPage:
    """The endpoint, and for a browser the page that asks it."""

    def __init__(self, endpoint: ASGIApp) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._endpoint
        if scope["method"] == "GET" and _wants_page(Request(scope)):
            answer = FileResponse(CONSOLE / "graphiql" / "index.html", headers=PAGE_HEADERS)
        await answer(scope, receive, send)


def create_app(
    services: Services,
    callers: Callers,
    token_routes: Sequence[BaseRoute] = (),
    limits: LiveLimits = LiveLimits(),  # noqa: B008 - a frozen value
) -> Starlette:
    """`token_routes`: those of the embedded issuer. Its `state.live` is the hub of the sockets."""
    views, operations = Views(), Operations(services)
    endpoint = GraphQLEndpoint(callers, views, operations, get_queries=services.get_queries)
    exports = ExportEndpoint(
        endpoint, callers, Exports(services, operations), services.export_seconds
    )
    by_accept = ByAccept(endpoint, exports)
    live = LiveHub(callers, views, operations, services, limits)
    sdl = download.SchemaDownload(callers, views)
    health = HealthEndpoint(callers, services)
    tally = services.observer.tally

    def others() -> Iterable[Tallied]:
        return tally.others()

    measured = metrics.MetricsEndpoint(
        callers,
        services,
        {
            "operations_queued": lambda: operations.waiting,
            "result_cache_hits": lambda: (
                operations.kept.hits + operations.repeats.hits + sum(o.hits for o in others())
            ),
            "result_cache_misses": lambda: operations.kept.misses + sum(o.misses for o in others()),
            "result_cache_bytes": lambda: (
                operations.kept.bytes + operations.repeats.bytes + sum(o.kept for o in others())
            ),
            "sockets": lambda: live.sessions,
            "live_queries": lambda: len(live.queries),
            "subscriptions": lambda: sum(query.readers for query in live.queries),
        },
    )

    async def home(_request: Request) -> Response:
        return RedirectResponse("/graphql")

    app = Application(
        by_accept,
        routes=[
            Route("/", home),
            Route(GRAPHQL, GraphQLPage(by_accept)),
            Route(download.PATH, sdl.__call__),
            WebSocketRoute(GRAPHQL, LiveEndpoint(live).__call__),
            Route("/health", health.__call__),
            Route(metrics.PATH, measured.__call__),
            *token_routes,
            Mount("/console", StaticFiles(directory=CONSOLE)),
        ],
        handlers={HTTPException: outside.http_error, Exception: outside.fault},
    )
    app.router.redirect_slashes = False  # it would send callers to whatever host they named
    app.state.live = live
    return app


def _wants_page(request: Request) -> bool:
    return accepted(request.headers.get("accept"), (JSON, GRAPHQL_JSON, HTML)) == HTML
