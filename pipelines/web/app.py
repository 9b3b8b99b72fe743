"""The account managers' web app: lists, customers and the team, read from the current publication."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from configs.errors import DependencyError
from configs.settings import Settings
from pipelines.web import actions, assets, oversight, pages, report, signing
from pipelines.web.schema import REFUSED
from pipelines.web.security import COOKIE, HEADERS, Clock, Visit
from pipelines.web.site import NOT_FOUND, Site, Stopped

LARGEST_FORM = 64 * 1024


def create_app(settings: Settings, now: Clock) -> FastAPI:
    """The app over the root of `settings`; `now` tells the time, in UTC. Its database is brought up to date first."""
    site = Site(settings, now)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        yield
        site.database.close()

    app = FastAPI(openapi_url=None, lifespan=lifespan)
    app.state.site = site
    for part in (pages, actions, report, oversight, signing, assets):
        app.include_router(part.router)
    # Another site's name that leads here must not open it: browsers would treat it as that site's own.
    hosts = {urlsplit(settings.web.address).hostname or "", "127.0.0.1", "localhost"}
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=sorted(hosts), www_redirect=False)
    app.middleware("http")(_guarded)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.exception_handler(Stopped)
    def stopped(request: Request, error: Stopped) -> HTMLResponse:
        visit = site.seal.read(Visit, request.cookies.get(COOKIE), site.now()) if error.refused else None
        if visit and visit.person and error.refused:
            with suppress(DependencyError):
                site.note(visit.person, REFUSED, error.refused)
        return _message(site, error.status, error.heading, error.said)

    @app.exception_handler(DependencyError)
    def away(_: Request, error: DependencyError) -> HTMLResponse:
        return _message(
            site, 503, "Try again soon", "Something that this page needs does not answer. Nothing was recorded."
        )

    @app.exception_handler(HTTPException)
    def other(_: Request, error: HTTPException) -> HTMLResponse:
        return _message(site, error.status_code, *NOT_FOUND[1:])

    @app.exception_handler(RequestValidationError)
    def incomplete(_: Request, error: RequestValidationError) -> HTMLResponse:
        return _message(site, 400, "Not accepted", "Something is missing in what was sent. Load the page again.")

    return app


def _message(site: Site, status: int, heading: str, said: str) -> HTMLResponse:
    """A page in place of the one asked for; asked for by htmx, in place of the whole page that it was asked from."""
    answer = site.page("message.html.j2", status=status, heading=heading, said=said)
    answer.headers.update({"HX-Retarget": "body", "HX-Reswap": "innerHTML", "HX-Push-Url": "false"})
    return answer


async def _guarded(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse forms beyond any that this app has; put the headers on every answer."""
    length = request.headers.get("content-length", "")
    if request.method == "POST" and not (length.isdigit() and int(length) <= LARGEST_FORM):
        answer: Response = Response("Too large, or of unknown length.", 413)
    else:
        answer = await go_on(request)
    answer.headers.update(HEADERS)
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer
