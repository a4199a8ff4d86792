"""A headless Chromium that is asked over a pipe, by its DevTools protocol."""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from select import select

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
SECONDS = 120


def found():
    """Return the path of a browser; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """A page that is open, and what its console said."""

    def __init__(self, commands, answers):
        self._commands, self._answers = commands, answers
        self._rest, self._number, self._session = b"", 0, None
        self.errors, self._loaded = [], 0
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **params):
        """Ask for something, and return what came of it."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": params}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._commands, json.dumps(asked).encode() + b"\0")
        while (message := self._next()).get("id") != self._number:
            self._note(message)
        assert "error" not in message, (method, message["error"])
        return message["result"]

    def open(self, path, width=1280, scheme="light"):
        """Open a file at a width in pixels, in a colour scheme, and wait until it is loaded."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.ask("Emulation.setEmulatedMedia", features=[feature])
        before = self._loaded
        self.ask("Page.navigate", url=path.absolute().as_uri())
        while self._loaded == before:
            self._note(self._next())

    def value(self, expression):
        """Return the value of an expression in JavaScript."""
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def press(self, key):
        """Press a key and let it go."""
        text = {"Enter": "\r"}.get(key)
        codes = {"key": key, "code": key, "windowsVirtualKeyCode": {"Tab": 9, "Enter": 13}[key]}
        down = {"type": "keyDown", **codes} | ({"text": text} if text else {})
        self.ask("Input.dispatchKeyEvent", **down)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **codes)

    def _note(self, message):
        kind, params = message.get("method"), message.get("params", {})
        if kind == "Page.loadEventFired":
            self._loaded += 1
        elif kind in ("Runtime.exceptionThrown", "Network.loadingFailed"):
            self.errors.append(params)
        elif kind == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"])
        elif kind == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.errors.append(params["args"])

    def _next(self):
        while b"\0" not in self._rest:
            assert select([self._answers], [], [], SECONDS)[0], "the browser does not answer"
            data = os.read(self._answers, 65536)
            assert data, "the browser has ended"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)


@contextmanager
def opened(folder):
    """Start a browser that keeps what it writes in a folder, and end it.

    It reads commands from its descriptor 3, and answers on 4.
    """
    (commands_in, commands), (answers, answers_out) = os.pipe(), os.pipe()
    line = f'exec "$0" "$@" 3<&{commands_in} 4>&{answers_out}'
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    options += ["--remote-debugging-pipe", f"--user-data-dir={folder}", "--hide-scrollbars"]
    process = subprocess.Popen(
        ["bash", "-c", line, found(), *options],
        pass_fds=(commands_in, answers_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands_in)
    os.close(answers_out)
    try:
        yield Page(commands, answers)
    finally:
        os.close(commands)  # upon which it ends
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(answers)
