"""A real Firefox with the built extension, driven through WebDriver BiDi (https://w3c.github.io/webdriver-bidi/)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from websockets.sync.client import ClientConnection, connect

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "extension" / ".output" / "sandbox-firefox-mv3"
EXTENSION_ID = "tallystick@tallystick.example"
PROGRAMS = ("firefox-esr", "firefox")
START_SECONDS = 60.0
Seen = TypeVar("Seen")


@dataclass
class Firefox:
    """One running Firefox. `own` is the address at which the extension's own pages lie."""

    socket: ClientConnection
    own: str
    _ids: Iterator[int] = field(default_factory=count)

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Sends one BiDi command and gives its result; fails the test with what Firefox says of it."""
        number = next(self._ids)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv(timeout=START_SECONDS))
            if answer.get("id") != number:
                continue
            if answer["type"] == "error":
                pytest.fail(f"{method}: {answer['error']}: {answer['message']}")
            return dict(answer["result"])

    def open(self, address: str) -> Tab:
        """A new tab at this address, once it has loaded."""
        tab = Tab(self, self.command("browsingContext.create", type="tab")["context"])
        tab.goto(address)
        return tab


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of a Firefox."""

    firefox: Firefox
    context: str

    def goto(self, address: str) -> None:
        """Goes there and waits until it has loaded."""
        self.firefox.command("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def run(self, script: str) -> Any:
        """What an expression (awaited) gives in the page, as JSON."""
        done = self.firefox.command(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({script})))()",
            target={"context": self.context},
            awaitPromise=True,
        )
        if done["type"] == "exception":
            pytest.fail(f"in the page: {done['exceptionDetails']['text']}")
        value = done["result"].get("value")
        return None if value is None else json.loads(value)

    def press(self, text: str) -> None:
        """Types as a keyboard does, into what has the focus."""
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": keys})

    def click(self, selector: str) -> None:
        """Clicks the middle of the one element that the CSS selector finds, as a mouse does."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({ block: 'center' }); const r = e.getBoundingClientRect();"
            " return [Math.round(r.x + r.width / 2), Math.round(r.y + r.height / 2)]; })()"
        )
        self._act(
            {
                "type": "pointer",
                "id": "mouse",
                "actions": [
                    {"type": "pointerMove", "x": x, "y": y},
                    {"type": "pointerDown", "button": 0},
                    {"type": "pointerUp", "button": 0},
                ],
            }
        )

    def type(self, selector: str, text: str) -> None:
        """Puts the text into a control, whatever stood there."""
        self.click(selector)
        self.run(f"document.querySelector({json.dumps(selector)}).select?.() ?? null")
        self.press(text)

    def until(self, look: Callable[[], Seen], what: str, seconds: float = 20.0) -> Seen:
        """The first true value of `look`; fails after `seconds`."""
        end = time.monotonic() + seconds
        while not (value := look()):
            if time.monotonic() > end:
                pytest.fail(f"not seen within {seconds:g} s: {what}")
            self.run("new Promise((go) => setTimeout(() => go(true), 30))")
        return value

    def _act(self, source: dict[str, Any]) -> None:
        self.firefox.command("input.performActions", context=self.context, actions=[source])


def program() -> str | None:
    """Firefox on this machine, None where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@contextmanager
def firefox_with_extension(profile: Path) -> Iterator[Firefox]:
    """A headless Firefox with a profile of its own and the extension installed, until left."""
    found = program()
    assert found is not None
    address = str(uuid.uuid4())
    profile.mkdir(parents=True)
    # Firefox draws the address of an extension's own pages by lot; here it is known beforehand.
    known = json.dumps(json.dumps({EXTENSION_ID: address}))
    (profile / "user.js").write_text(
        f'user_pref("extensions.webextensions.uuids", {known});\n'
        'user_pref("datareporting.policy.dataSubmissionEnabled", false);\n'
        'user_pref("app.update.enabled", false);\n',
        encoding="utf-8",
    )
    # System access: the pages of an extension are opened by a driver only with it.
    remote = ["--remote-debugging-port", "0", "--remote-allow-system-access"]
    with subprocess.Popen(
        [found, "--headless", "--no-remote", "--profile", str(profile), *remote],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            with connect(f"{_listening(process)}/session", max_size=None) as socket:
                firefox = Firefox(socket, f"moz-extension://{address}")
                firefox.command("session.new", capabilities={})
                data = {"type": "path", "path": str(EXTENSION)}
                firefox.command("webExtension.install", extensionData=data)
                yield firefox
        finally:
            process.kill()


def _listening(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if listening := re.search(r"ws://\S+", line):
            return listening.group()
    pytest.fail("Firefox ended before it listened.")
