"""What a look may ask of the network: the portal's own hosts, and nothing that could change something.

Pictures, styles and fonts of the portal's own hosts are loaded, because the evidence must look as the page
does;
sound and film, trackers and every other host are not.
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Request, Response, Route, WebSocketRoute
from playwright.async_api import Error as PlaywrightError

from automation.pace import Budget
from portal_profiles.profile import Profile

#: Methods that ask and change nothing (RFC 9110, section 9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: What a page's content arrives by; the answers to these say whether the portal is well.
_CONTENT = frozenset({"document", "xhr", "fetch"})


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
    500 and
    above and broken connections since `forget`. waiting: content requests without an answer yet.
    """

    def __init__(self, profile: Profile, base_url: str | None, budget: Budget) -> None:
        self.origins = frozenset(
            _origin(profile.url("/", host.use, base_url) if base_url else host.origin)
            for host in profile.hosts
        )
        self._network = profile.network
        self._budget = budget
        self.signing_in = False
        self.blocked: list[str] = []
        self.faults = 0
        self._waiting: set[Request] = set()

    async def stand_before(self, context: BrowserContext) -> None:
        """Every request of the context goes through the gate from now on."""
        await context.route("**/*", self._let)
        await context.route_web_socket(lambda url: not self._own(url), _close)
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("requestfinished", self._done)
        context.on("requestfailed", self._failed)

    def forget(self) -> None:
        """Forgets faults and blocked requests: a new thing is begun."""
        self.faults = 0
        self.blocked = []

    @property
    def waiting(self) -> bool:
        """The portal still owes an answer."""
        return bool(self._waiting)

    async def _let(self, route: Route, request: Request) -> None:
        allowed = request.resource_type != "media" and is_allowed(
            request.method,
            request.url,
            origins=self.origins,
            posts=self._network.allowed_posts,
            signing_in=self.signing_in,
            queries=self._network.allowed_queries,
            body=request.post_data if self._network.allowed_queries else None,
        )
        if allowed:
            if request.resource_type in _CONTENT:
                self._budget.spend()
        elif request.method not in SAFE_METHODS and self._own(request.url):
            self.blocked.append(f"blocked {request.method} to {shown_path(request.url)}")
        try:
            await (route.continue_() if allowed else route.abort("aborted"))
        except PlaywrightError:
            # The page that asked is gone, and its request with it: there is nothing left to let or stop.
            self._waiting.discard(request)

    def _own(self, url: str) -> bool:
        parts = urlsplit(url.replace("ws", "http", 1) if url.startswith("ws") else url)
        return f"{parts.scheme}://{parts.netloc}" in self.origins

    def _asked(self, request: Request) -> None:
        if request.resource_type in _CONTENT:
            self._waiting.add(request)

    def _answered(self, response: Response) -> None:
        if response.status >= 500 and response.request.resource_type in _CONTENT:
            self.faults += 1

    def _done(self, request: Request) -> None:
        self._waiting.discard(request)

    def _failed(self, request: Request) -> None:
        self._waiting.discard(request)
        if request.failure != "net::ERR_ABORTED" and request.resource_type in _CONTENT:
            self.faults += 1


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def _close(socket: WebSocketRoute) -> None:
    await socket.close()
