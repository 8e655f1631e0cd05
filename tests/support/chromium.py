"""A headless Chromium, driven over its debugging pipe: no port, no further package, and no request of it gets out."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
    "--no-first-run", "--hide-scrollbars", "--force-color-profile=srgb", "--disable-background-networking",
    "--disable-component-update",
)  # fmt: skip
"""No sandbox: tests run as root in containers, and pages are ours."""


def program() -> str | None:
    """The browser's path, None = there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Chromium:
    """One browser with one page. `errors`: what its console said; `requests`: what it wanted elsewhere, refused."""

    def __init__(self, browser: str) -> None:
        self.profile = TemporaryDirectory(prefix="chromium-")
        theirs, mine = os.pipe(), os.pipe()
        self.send, self.receive = theirs[1], os.fdopen(mine[0], "rb")

        def descriptors() -> None:
            os.dup2(theirs[0], 53), os.dup2(mine[1], 54)  # neither of them may be 3 or 4 before
            os.dup2(53, 3), os.dup2(54, 4)

        self.process = subprocess.Popen(
            [browser, *OPTIONS, f"--user-data-dir={self.profile.name}"],
            preexec_fn=descriptors, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs[0]), os.close(mine[1])
        self.number, self.buffer = 0, b""
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.loaded = 0
        target = self.call("Target.createTarget", url="about:blank", session=None)["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True, session=None)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Fetch.enable", patterns=[{"urlPattern": "*"}])

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self.send)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.receive.close()
        self.profile.cleanup()

    def call(self, method: str, session: str | None = "", **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        self.number += 1
        message: dict[str, Any] = {"id": self.number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session or self.session
        self._write(message)
        while True:
            answer = self._next()
            if answer.get("id") == message["id"]:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])

    def _write(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.send, data) :]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            more = os.read(self.receive.fileno(), 1 << 20)
            if not more:
                raise RuntimeError("Chromium has ended")
            self.buffer += more
        first, _, self.buffer = self.buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, method: str, parameters: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.errors.append(str(parameters["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.errors.append(parameters["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.errors.append(str(parameters["args"]))
        elif method == "Page.loadEventFired":
            self.loaded += 1
        elif method == "Fetch.requestPaused":
            self._answer(parameters)

    def _answer(self, parameters: dict[str, Any]) -> None:
        """The page itself is given, with the headers that the test wants; everything else is refused and noted."""
        self.number += 1
        session = self.session
        if parameters["request"]["url"] == self.url and parameters["resourceType"] == "Document":
            body = base64.b64encode(self.page).decode()
            given = {
                "requestId": parameters["requestId"],
                "responseCode": 200,
                "body": body,
                "responseHeaders": self.headers,
            }
            self._write({"id": self.number, "method": "Fetch.fulfillRequest", "params": given, "sessionId": session})
            return
        self.requests.append(parameters["request"]["url"])
        refused = {"requestId": parameters["requestId"], "errorReason": "BlockedByClient"}
        self._write({"id": self.number, "method": "Fetch.failRequest", "params": refused, "sessionId": session})

    def open(
        self,
        page: Path,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        script: bool = True,
        policy: str = "",
    ) -> None:
        """Load a file as from a secure server, which sends that Content-Security-Policy."""
        self.page, self.url = page.read_bytes(), "https://report.example/report.html"
        self.headers = [{"name": "Content-Type", "value": "text/html; charset=utf-8"}]
        self.headers += [{"name": "Content-Security-Policy", "value": policy}] if policy else []
        self.errors.clear(), self.requests.clear()
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        before = self.loaded
        self.call("Page.navigate", url=self.url)
        while self.loaded == before:
            self._next()

    def run(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page, awaited."""
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """A PNG of what is seen, or of the whole page."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))
