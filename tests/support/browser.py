"""A headless Chromium, steered over the W3C WebDriver protocol, which is JSON over HTTP and needs no client library.

`browser()` installs Debian's chromium and chromium-driver when they are missing (as root or with sudo).
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Browser", "browser"]

PATIENCE = 60  # seconds for one answer of the driver
_SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


@dataclass
class Browser:
    """One window. `run` is the way to ask anything; a click is a real one, at the place where the element is shown."""

    connection: http.client.HTTPConnection
    session: str = ""

    def open(self, path: Path, fragment: str = "") -> None:
        """Load a file and wait for its load event."""
        self._call("POST", "/url", {"url": path.resolve().as_uri() + fragment})

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 - any JSON value
        """What the body of a function, called with `arguments`, returns."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def click(self, selector: str) -> None:
        """Scroll to the first element that fits and click it; fails when something else lies above it."""
        self._call("POST", f"/element/{self._find(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        """Press the keys of `text` in an element."""
        self._call("POST", f"/element/{self._find(selector)}/value", {"text": text})

    def text(self, selector: str) -> str:
        """The text that a person sees in the first element that fits."""
        return str(self._call("GET", f"/element/{self._find(selector)}/text"))

    def visible(self, selector: str) -> int:
        """How many elements that fit are shown."""
        script = "return [...document.querySelectorAll(arguments[0])].filter(one => one.checkVisibility()).length"
        return int(self.run(script, selector))

    def complaints(self) -> list[str]:
        """What the console received since it was last asked."""
        return [str(entry["message"]) for entry in self._call("POST", "/se/log", {"type": "browser"})]

    def prefer(self, scheme: str, *, width: int = 1280, height: int = 900) -> None:
        """Show the page `light` or `dark`, in a window of this size."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.devtools("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.devtools("Emulation.setDeviceMetricsOverride", size)

    def scripts(self, *, on: bool) -> None:
        """Whether pages opened from now on may run scripts."""
        self.devtools("Emulation.setScriptExecutionDisabled", {"value": not on})

    def screenshot(self, path: Path) -> None:
        """Write what the window shows as PNG."""
        path.write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def devtools(self, command: str, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 - any JSON value
        """A command of the DevTools protocol."""
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def begin(self, profile: Path) -> None:
        """Start the browser with an empty profile."""
        options = {"binary": _program("chromium"), "args": [*_SWITCHES, f"--user-data-dir={profile}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = str(self._call("POST", "", {"capabilities": {"alwaysMatch": wanted}})["sessionId"])

    def end(self) -> None:
        """Close the browser."""
        if self.session:
            self._call("DELETE", "")

    def _find(self, selector: str) -> str:
        found = self._call("POST", "/element", {"using": "css selector", "value": selector})
        return str(next(iter(found.values())))

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
        data = None if body is None else json.dumps(body)
        whole = f"/session/{self.session}{path}" if self.session else f"/session{path}"
        self.connection.request(method, whole, body=data, headers={"Content-Type": "application/json"})
        answer = json.loads(self.connection.getresponse().read())["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise AssertionError(f"{method} {path}: {answer['error']}: {answer.get('message', '')}")
        return answer


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Install what is missing, start the driver on a free port, end both when done."""
    _install()
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile, _driver() as port:
        window = Browser(connection=http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE))
        try:
            window.begin(Path(profile))
            yield window
        finally:
            window.end()
            window.connection.close()


@contextlib.contextmanager
def _driver() -> Iterator[int]:
    command = [_program("chromedriver"), "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                started = re.search(r"started successfully on port (\d+)", line)
                if started:
                    break
            else:
                raise AssertionError("chromedriver ended without naming its port")
            yield int(started[1])
        finally:
            process.terminate()


def _install() -> None:
    if shutil.which("chromium") and shutil.which("chromedriver"):
        return
    prefix = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    subprocess.run([*prefix, "apt-get", "-qq", "update"], check=True)
    install = ["apt-get", "-qq", "install", "--yes", "--no-install-recommends", "chromium", "chromium-driver"]
    subprocess.run([*prefix, "env", "DEBIAN_FRONTEND=noninteractive", *install], check=True, stdout=subprocess.DEVNULL)


def _program(name: str) -> str:
    path = shutil.which(name)
    assert path, f"{name} is not installed"
    return path
