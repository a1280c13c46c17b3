"""What a look may ask of the network: the portal's own hosts, and nothing that could change something.

Pictures, styles and fonts of the portal's own hosts are loaded, because the evidence must look as the page
does;
sound and film, trackers and every other host are not.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Page, Request, Response, Route, WebSocketRoute
from playwright.async_api import Error as PlaywrightError

from automation.closing import close_page
from automation.pace import Budget
from portal_profiles.profile import Profile

#: Methods that ask and change nothing (RFC 9110, section 9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Kinds of content that are a file to keep, not something that a page is made of.
_FILE = re.compile(r"^application/(pdf|octet-stream|x-pdf)\b", re.IGNORECASE)
#: What a page's content arrives by; the answers to these say whether the portal is well.
_CONTENT = frozenset({"document", "xhr", "fetch"})
#: What a firewall answers with: forbidden, too many requests (RFC 9110, 15.5.4; RFC 6585, 4).
_REFUSED = frozenset({403, 429})


def is_allowed(
    method: str,
    url: str,
    *,
    origins: frozenset[str],
    posts: tuple[str, ...],
    signing_in: bool,
    queries: tuple[str, ...] = (),
    body: str | None = None,
) -> bool:
    """Whether a request may leave.

    origins: scheme://host:port of the portal. posts: paths (with *) that a search may post to. While signing
    in,
    any post to the portal is the sign-in's own. queries: paths to which a body may be posted that only asks.
    """
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" not in origins:
        return False
    if method in SAFE_METHODS:
        return True
    if method != "POST":
        return False
    if signing_in or any(fnmatchcase(parts.path, pattern) for pattern in posts):
        return True
    return any(fnmatchcase(parts.path, pattern) for pattern in queries) and only_asks(body)


def only_asks(body: str | None) -> bool:
    """Whether a GraphQL request, or each of a batch, is known to be a query (GraphQL, section 2.3).

    One whose document is not sent along (a persisted one) can't be told, and is not.
    """
    try:
        sent = json.loads(body or "")
    except ValueError:
        return False
    asked = sent if isinstance(sent, list) else [sent]
    return bool(asked) and all(isinstance(one, dict) and _is_query(one.get("query")) for one in asked)


def _is_query(document: object) -> bool:
    if not isinstance(document, str):
        return False
    # Without its texts and comments, in which any word may stand.
    bare = re.sub(r'""".*?"""|"(?:\\.|[^"\\])*"|#[^\n]*', " ", document, flags=re.DOTALL)
    return bool(bare.strip()) and not re.search(r"\b(mutation|subscription)\b", bare)


def shown_path(url: str) -> str:
    """The path of an address for a message: no query, and no part with a digit, which could be a patient's
    number."""
    return re.sub(r"[^/]*\d[^/]*", "…", urlsplit(url).path)


class Gate:
    """Stands between one browser context and the network, and notes how the portal answers.

    blocked: what was stopped and could have changed something, for the profile's author. faults: answers of
    500 and above and broken connections since `forget`. refused: a page was forbidden since then. waiting:
    content requests without an answer yet.
    a_person_drives: somebody signs in by hand in this window, and whatever they need is let through.
    """

    def __init__(self, profile: Profile, base_url: str | None, budget: Budget) -> None:
        self.origins = frozenset(
            _origin(profile.url("/", host.use, base_url) if base_url else host.origin)
            for host in profile.hosts
        )
        self._network = profile.network
        self._budget = budget
        self.signing_in = False
        self.a_person_drives = False
        self.blocked: list[str] = []
        self.faults = 0
        self.refused = False
        self._waiting: set[Request] = set()
        self._tabs_stopped: list[str] = []
        self._caught: asyncio.Future[Request | Response] | None = None

    async def stand_before(self, context: BrowserContext) -> None:
        """Every request of the context goes through the gate from now on."""
        await context.route("**/*", self._let)
        await context.route_web_socket(lambda url: not self._own(url), _close)
        context.on("page", self._opened)
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("requestfinished", self._done)
        context.on("requestfailed", self._failed)

    @asynccontextmanager
    async def catching(self) -> AsyncIterator[asyncio.Future[Request | Response]]:
        """Meanwhile the document that a press leads to is caught: the future has its request, which was not
        sent, or the answer by which the page itself fetched a file."""
        self._caught = caught = asyncio.get_running_loop().create_future()
        try:
            yield caught
        finally:
            self._caught = None
            caught.cancel()

    def forget(self) -> None:
        """Forgets faults and blocked requests: a new thing is begun."""
        self.faults = 0
        self.refused = False
        self.blocked = []

    @property
    def waiting(self) -> bool:
        """The portal still owes an answer."""
        return bool(self._waiting)

    @property
    def leaving(self) -> bool:
        """A document was asked for and has not come: the page that is shown is about to go."""
        return any(request.is_navigation_request() for request in self._waiting)

    async def _let(self, route: Route, request: Request) -> None:
        if self.a_person_drives:
            await self._through(route, request, allowed=True)
            return
        allowed = request.resource_type != "media" and is_allowed(
            request.method,
            request.url,
            origins=self.origins,
            posts=self._network.allowed_posts,
            signing_in=self.signing_in,
            queries=self._network.allowed_queries,
            body=request.post_data if self._network.allowed_queries else None,
        )
        caught = self._caught
        if allowed and caught is not None and request.is_navigation_request():
            if not caught.done():
                caught.set_result(request)
            allowed = False
        elif allowed:
            if request.resource_type in _CONTENT:
                self._budget.spend()
        elif request.method not in SAFE_METHODS and self._own(request.url):
            self.blocked.append(f"blocked {request.method} to {shown_path(request.url)}")
        await self._through(route, request, allowed=allowed)

    async def _through(self, route: Route, request: Request, *, allowed: bool) -> None:
        try:
            if allowed:
                await route.continue_()
            elif _opens_a_tab(request):
                # An aborted tab is never reported and stays open, and what lies below it draws once a second.
                self._tabs_stopped.append(request.url)
                await route.fulfill(status=200, content_type="text/html", body="")
            else:
                await route.abort("aborted")
        except PlaywrightError:
            # The page that asked is gone, and its request with it: there is nothing left to let or stop.
            self._waiting.discard(request)

    async def _opened(self, page: Page) -> None:
        if page.url in self._tabs_stopped:
            self._tabs_stopped.remove(page.url)
            await close_page(page)

    def _own(self, url: str) -> bool:
        parts = urlsplit(url.replace("ws", "http", 1) if url.startswith("ws") else url)
        return f"{parts.scheme}://{parts.netloc}" in self.origins

    def _asked(self, request: Request) -> None:
        if request.resource_type in _CONTENT:
            self._waiting.add(request)

    def _answered(self, response: Response) -> None:
        if response.status >= 500 and response.request.resource_type in _CONTENT:
            self.faults += 1
        caught = self._caught
        if (
            caught is not None
            and not caught.done()
            and _FILE.search(response.headers.get("content-type", ""))
        ):
            caught.set_result(response)
        if response.status in _REFUSED and _is_page(response) and self._own(response.url):
            self.refused = True

    def _done(self, request: Request) -> None:
        self._waiting.discard(request)

    def _failed(self, request: Request) -> None:
        self._waiting.discard(request)
        if request.failure != "net::ERR_ABORTED" and request.resource_type in _CONTENT:
            self.faults += 1


def _opens_a_tab(request: Request) -> bool:
    """Whether a document is asked for by a tab that has none yet."""
    if not request.is_navigation_request():
        return False
    try:
        request.frame  # noqa: B018 - asked for what it raises
    except PlaywrightError:
        return True
    return False


def _is_page(response: Response) -> bool:
    """Whether a document was asked for, or HTML given where a page's script asked: its own interface answers
    in another type, so that a role that is missing there is no firewall."""
    kind = response.request.resource_type
    return kind == "document" or (kind in _CONTENT and "html" in response.headers.get("content-type", ""))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def _close(socket: WebSocketRoute) -> None:
    await socket.close()
