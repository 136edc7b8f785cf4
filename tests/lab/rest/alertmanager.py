"""The real Prometheus Alertmanager, as Debian has it, and a proxy in front of it as companies have one.

The daemon listens on loopback only, with files of its own. The proxy speaks TLS, asks for a credential, keeps what it
was asked, and can misbehave.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import requests
from aiohttp import web

PROGRAM = "prometheus-alertmanager"
PREFIX = "/monitoring/alerts"

_START_LIMIT = 30.0
_CONFIGURATION = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}

Json = dict[str, Any]


class Daemon:
    """The daemon. ``start`` and ``stop`` it on an event loop; what it knows survives that, in ``folder``.

    ``web_config``, if given, is what --web.config.file is to say (TLS, users). It is served below ``PREFIX``.
    """

    def __init__(self, address: str, port: int, folder: Path, *, web_config: Mapping[str, Any] | None = None) -> None:
        self.address = address
        self.port = port
        self.folder = folder
        self.scheme = "https" if web_config else "http"
        self._web_config = web_config
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"{self.scheme}://{self.address}:{self.port}{PREFIX}"

    async def start(self) -> None:
        """Start it, and wait until it listens. Raises RuntimeError if it is not installed, or ends."""
        program = shutil.which(PROGRAM)
        if program is None:
            raise RuntimeError(f"{PROGRAM} is not installed; make setup installs it (bindep.txt)")
        self.folder.mkdir(parents=True, exist_ok=True)
        files = {"alertmanager.yml": _CONFIGURATION, "web.yml": self._web_config or {}}
        for name, content in files.items():
            (self.folder / name).write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                program,
                f"--config.file={self.folder / 'alertmanager.yml'}",
                f"--storage.path={self.folder}",
                f"--web.listen-address={self.address}:{self.port}",
                f"--web.external-url={self.url}",
                f"--web.config.file={self.folder / 'web.yml'}",
                "--cluster.listen-address=",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _START_LIMIT
        while not await self._listens():
            if self._process.returncode is not None or time.monotonic() > end:
                raise RuntimeError(f"{PROGRAM} does not start: {(self.folder / 'log').read_text()[-2000:]}")
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """End it, as a service manager does: it stores what it knows."""
        if self._process and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def _listens(self) -> bool:
        try:
            _reader, writer = await asyncio.open_connection(self.address, self.port)
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    # --- for tests, without a proxy ---

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request to its API and return the JSON of its answer."""
        answer = requests.request(method, f"{self.url}/api/v2{path}", json=body, timeout=20)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def silences(self, *states: str) -> list[Json]:
        """The silences in these states (default: those that have not expired), the oldest first."""
        listed: list[Json] = self.ask("GET", "/silences")
        wanted = states or ("active", "pending")
        return sorted(
            (each for each in listed if each["status"]["state"] in wanted), key=lambda each: str(each["startsAt"])
        )

    def fire(self, **labels: str) -> None:
        """An alert with these labels fires."""
        self.ask("POST", "/alerts", [{"labels": labels}])

    def suppressed(self, **labels: str) -> bool:
        """Whether the alert with these labels is suppressed."""
        found = [each for each in self.ask("GET", "/alerts") if each["labels"] == labels]
        assert len(found) == 1, found
        return bool(found[0]["status"]["state"] == "suppressed" and found[0]["status"]["silencedBy"])


class Front:
    """The proxy in front of a daemon, and the daemon with it: both start and stop together."""

    def __init__(
        self, daemon: Daemon, address: str, port: int = 0, *, tls: tuple[Path, Path], authorization: str = ""
    ) -> None:
        self.daemon = daemon
        self.address = address
        self.port = port
        self.authorization = authorization
        self.log: list[tuple[str, str]] = []  # method, path below the API

        # What a test may set.
        self.refusing = False  # writes are answered with 403
        self.lost_answers = 0  # so many of the next writes are carried out and answered with 502
        self.forgetting = False  # writes are answered like those that were carried out, and are not
        self.answers: list[tuple[str, str]] = []  # (content type, body) of the next answers
        self.meanwhile: Callable[[], object] | None = None  # somebody does this right before the next write
        self.holding = False  # writes are carried out, and their answers wait
        self.held = False  # whether a write waits

        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(*tls)
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """Where clients are to find the Alertmanager."""
        return f"https://{self.address}:{self.port}{PREFIX}"

    @property
    def writes(self) -> int:
        """How many requests came that would have changed something."""
        return sum(method != "GET" for method, _path in self.log)

    async def start(self) -> None:
        """Start the daemon, then listen."""
        await self.daemon.start()
        await self.open()

    async def stop(self) -> None:
        """Stop listening, then end the daemon."""
        await self.close()
        await self.daemon.stop()

    async def open(self) -> None:
        """Listen."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._pass_on)
        self._session = aiohttp.ClientSession()
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.address, self.port, ssl_context=self._tls)
        await site.start()
        self.port = self.port or self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening."""
        if self._runner and self._session:
            await self._runner.cleanup()
            await self._session.close()

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        assert self._session
        body = await request.read()
        self.log.append((request.method, request.path.removeprefix(f"{PREFIX}/api/v2")))
        if self.authorization and request.headers.get("Authorization") != self.authorization:
            return web.Response(status=401, text="<html><title>Log in</title></html>", content_type="text/html")
        if self.answers:
            kind, text = self.answers.pop(0)
            return web.Response(text=text, content_type=kind)
        writes = request.method != "GET"
        if writes and self.refusing:
            return web.Response(status=403, text='"silences are for operators"', content_type="application/json")
        if writes and self.forgetting:
            return web.json_response({"silenceID": "f9a8cdff-14dd-4710-8618-a27cb023a7bd"})
        if writes and self.meanwhile:
            act, self.meanwhile = self.meanwhile, None
            await asyncio.to_thread(act)
        address = f"http://{self.daemon.address}:{self.daemon.port}{request.raw_path}"
        headers = {"Content-Type": request.content_type} if body else {}
        try:
            async with self._session.request(request.method, address, data=body, headers=headers) as answer:
                content, status, kind = await answer.read(), answer.status, answer.content_type
        except aiohttp.ClientError:
            return web.Response(status=502, text="Bad Gateway")
        while writes and self.holding:
            self.held = True
            await asyncio.sleep(0.05)
        if writes and self.lost_answers:
            self.lost_answers -= 1
            return web.Response(status=502, text="Bad Gateway")
        return web.Response(status=status, body=content, content_type=kind)
