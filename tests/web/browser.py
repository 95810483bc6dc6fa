# SPDX-License-Identifier: Apache-2.0
"""Chromium without a window, driven by its DevTools protocol over a pipe: no port, no library, nothing of the user's."""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

TIMEOUT_S = 60
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-extensions", "--ignore-certificate-errors",
         "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe")


def find():
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def high(fd):
    """The descriptor under a number that cannot be 3 or 4, which the browser wants."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD, 100)
    os.close(fd)
    return moved


class Browser:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="plimsoll-web-", ignore_cleanup_errors=True)
        read, self.to_browser = map(high, os.pipe())
        self.from_browser, write = map(high, os.pipe())
        self.log = open(os.path.join(self.folder.name, "log"), "w")
        argv = [find(), *FLAGS, f"--user-data-dir={self.folder.name}/profile"]
        self.process = subprocess.Popen(["bash", "-c", f'exec "$@" 3<&{read} 4>&{write}', "chromium", *argv],
                                        pass_fds=(read, write), stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, env=dict(os.environ, HOME=self.folder.name))
        os.close(read)
        os.close(write)
        self.buffer = b""
        self.events = []
        self.serial = 0

    def close(self):
        try:
            self.call("Browser.close")
        except (AssertionError, OSError):
            self.process.kill()
        self.process.wait(TIMEOUT_S)
        os.close(self.to_browser)
        os.close(self.from_browser)
        self.log.close()
        self.folder.cleanup()

    def message(self, end):
        while b"\0" not in self.buffer:
            left = end - time.monotonic()
            assert left > 0 and select.select([self.from_browser], [], [], left)[0], "the browser does not answer"
            data = os.read(self.from_browser, 1 << 20)
            assert data, "the browser has ended"
            self.buffer += data
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, session=None, **parameters):
        self.serial += 1
        message = {"id": self.serial, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + TIMEOUT_S
        while True:
            answer = self.message(end)
            if answer.get("id") == self.serial:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, session, method):
        end = time.monotonic() + TIMEOUT_S
        while True:
            for i, event in enumerate(self.events):
                if event.get("sessionId") == session and event.get("method") == method:
                    del self.events[i]
                    return event["params"]
            self.events.append(self.message(end))

    def page(self, **settings):
        return Page(self, **settings)


class Page:
    """A tab with cookies of its own."""

    def __init__(self, browser, width=1280, height=900, script=True, dark=False):
        self.browser = browser
        self.context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=self.context)["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Security"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        if dark:
            self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def close(self):
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)

    def open(self, address):
        self.expect_load(lambda: self.call("Page.navigate", url=address))

    def expect_load(self, action):
        action()
        self.browser.wait_for(self.session, "Page.loadEventFired")

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def html(self):
        root = self.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        return self.call("DOM.getOuterHTML", nodeId=root)["outerHTML"]

    def cookies_of(self, other):
        """Takes over who is signed in there."""
        cookies = self.browser.call("Storage.getCookies", browserContextId=other.context)["cookies"]
        keys = ("name", "value", "domain", "path", "secure", "httpOnly", "sameSite")
        self.browser.call("Storage.setCookies", browserContextId=self.context,
                          cookies=[{key: one[key] for key in keys if key in one} for one in cookies])

    def complaints(self):
        """What the console shows: errors, refusals of the policy, uncaught exceptions, dialogs."""
        self.evaluate("0")  # whatever was on its way has come
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            method, params = event["method"], event.get("params", {})
            if method == "Log.entryAdded" and params["entry"]["level"] in ("warning", "error"):
                found.append(params["entry"]["text"])
            elif method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening"):
                found.append(json.dumps(params)[:500])
        return found

    def requests(self):
        return [event["params"]["request"]["url"] for event in self.browser.events
                if event.get("sessionId") == self.session and event["method"] == "Network.requestWillBeSent"]

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"])
