"""An HTTP server on the loopback interface that answers as a test says, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request: names of its headers in lower case, its query and its body decoded."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode()))


@dataclass(frozen=True)
class Reply:
    """An answer; ``data`` is sent as JSON, bytes as they are, None as no body."""

    status: int = 200
    data: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Asked], Reply | None]
"""None closes the connection without an answer."""


@dataclass
class Rest:
    """What a running server is known by."""

    url: str
    asked: list[Asked]

    def __iter__(self) -> Iterator[Asked]:
        return iter(self.asked)


@contextmanager
def rest(answer: Answer) -> Iterator[Rest]:
    """Serve until the end of the ``with``."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked.append(Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body))
            reply = answer(asked[-1])
            if reply is None:
                self.close_connection = True
                return
            content = reply.data if isinstance(reply.data, bytes) else b""
            if reply.data is not None and not isinstance(reply.data, bytes):
                content = json.dumps(reply.data).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    for method in ("GET", "POST", "PATCH"):
        setattr(Handler, f"do_{method}", Handler.handle_one)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Rest(f"http://127.0.0.1:{server.server_address[1]}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def script(*replies: Reply | None) -> Answer:
    """Answer with one after the other, the last one for ever."""
    left = list(replies)

    def answer(_asked: Asked) -> Reply | None:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer
