# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""One client for JSON over HTTPS: TLS, proxy, time limits, retries with back-off, redaction. It knows no product.

The connections are ``http.client``'s, with the TLS context that ``ansible.module_utils.urls`` builds for every other
module (so the same CA certificates are trusted). ``urls.Request`` itself opens a connection and a TLS session for
each request and replaces a process-wide opener on the way; five hundred requests from several threads need kept-alive
connections and no shared state.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._deadline import TooLong, within
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._address import base_url, proxy_for
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._answer import Answer, Raw, judge
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._redaction import MASK, spellings
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._retry import NOT_CARRIED_OUT, Pace, Retry
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._tls import tls_context
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._trouble import (
    CLOSED,
    HttpFailure,
    Trouble,
    explain,
)


class Client:
    """Sends requests to one server and returns the JSON of its answers. Safe to be used by several threads.

    ``url`` is the base ("https://dsm.example.com:4119/api"). ``headers`` go with each request, and so do
    ``credentials``, headers whose values are secret; ``secrets`` are more texts that must not appear in any message.
    ``ca_path`` is a PEM file of the CAs to trust in place of the system's, ``client_cert`` and ``client_key`` are PEM
    files of a certificate to log in with. ``proxy`` is "http://host:port"; without
    it the environment variables https_proxy and no_proxy are followed; ``use_proxy`` False ignores both. ``timeout``
    is the limit, in seconds, of one try. ``tell`` gets a line when a request has to be sent again. ``remedies`` says
    what to do about an HTTP status. Raises Failure for an unusable URL, proxy or CA file.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        credentials: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        validate_certs: bool = True,
        ca_path: str | None = None,
        client_cert: str | None = None,
        client_key: str | None = None,
        use_proxy: bool = True,
        proxy: str | None = None,
        timeout: float = 30.0,
        retry: Retry | None = None,
        pace: Pace | None = None,
        remedies: Mapping[int, str] | None = None,
        tell: Callable[[str], None] = lambda line: None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts, port = base_url(url)
        self.target = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._headers = {"Accept": "application/json", "User-Agent": "quiesce.maintenance", **(headers or {})}
        if not all(value.isascii() and value.isprintable() for value in (credentials or {}).values()):
            # http.client would refuse it with a message that quotes it.
            raise Failure(
                "connect",
                self.target,
                "the credential holds characters that can't be in an HTTP header",
                "Look for a line break or a character that is not ASCII in it",
            )
        self._headers.update(credentials or {})
        self._secrets = spellings([*secrets, *(credentials or {}).values()])
        self._timeout = timeout
        self._retry = retry or Retry()
        self._pace = pace or Pace(now=now, sleep=sleep)
        self._remedies = dict(remedies or {})
        self._tell = tell
        self._now = now
        self._sleep = sleep
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._reached = False
        self.sent: Counter[str] = Counter()

        self._host = parts.hostname or ""
        self._port = port
        self._base_path = parts.path.rstrip("/")
        self._tls = parts.scheme == "https"
        if not self._tls and validate_certs:
            raise Failure(
                "connect",
                self.target,
                "the URL begins with http://, the credential would be sent readable for everybody on the way",
                "Use the https:// address; validate_certs: false allows http:// where that risk is accepted",
            )
        self._context = (
            tls_context(self.target, validate_certs, ca_path, client_cert, client_key) if self._tls else None
        )
        self._proxy = proxy_for(self.target, proxy, self._host, self._port) if self._tls and use_proxy else None

    def get(self, path: str, *, attempted: str, query: Iterable[tuple[str, str]] = ()) -> Answer:
        """Read ``path``. See ``request``."""
        return self.request("GET", path, attempted=attempted, query=query)

    def page(self, path: str, *, attempted: str) -> str:
        """Read ``path`` as text (a web page), in one try. Raises HttpFailure unless there is an answer of 2xx."""
        try:
            raw = self._exchange("GET", self._base_path + path, None, fresh=False)
            if raw.status != 200:
                self._judge(raw)
            return raw.body.decode("utf-8", "replace")
        except Trouble as trouble:
            raise self._failure(attempted, trouble, 0.0) from None

    def request(
        self,
        method: str,
        path: str,
        *,
        attempted: str,
        query: Iterable[tuple[str, str]] = (),
        body: Any = None,
        repeatable: bool = True,
    ) -> Answer:
        """Send a request and return its answer; only a 2xx answer with JSON or without a body is one.

        ``path`` follows the base URL; ``query`` may name a key several times; ``body`` is sent as JSON.
        ``attempted`` completes "Could not ..." in a message. ``repeatable`` False says that a second delivery would
        do harm: it is then sent again only if the server certainly did not carry it out.
        Raises HttpFailure for everything else, after the retries.
        """
        address = self._base_path + path
        pairs = list(query)
        if pairs:
            address += "?" + urllib.parse.urlencode(pairs)
        content = None if body is None else json.dumps(body).encode()
        began = self._now()
        pause = self._retry.first_pause
        while True:
            try:
                return self._judge(self._exchange(method, address, content, fresh=not repeatable))
            except Trouble as trouble:
                limit = self._retry.limit if self._reached else self._retry.first_contact
                left = limit - (self._now() - began)
                wait = pause if trouble.pause is None else trouble.pause
                may_again = trouble.again and (repeatable or trouble.unsent or trouble.status in NOT_CARRIED_OUT)
                if not may_again or wait > left:
                    raise self._failure(attempted, trouble, self._now() - began) from None
                self._tell(
                    self.redact(f"{self.target}: {trouble.answer}; trying again in {wait:.1f} s (for {left:.0f} s)")
                )
                if trouble.status == 429:
                    self._pace.hold(wait)
                self._sleep(wait)
                pause = min(pause * 2, self._retry.longest_pause)

    def redact(self, text: str) -> str:
        """Return ``text`` without any secret."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def close(self) -> None:
        """Close the connections that are kept open."""
        while self._idle:
            self._idle.pop().close()

    def _failure(self, attempted: str, trouble: Trouble, spent: float) -> HttpFailure:
        answer = trouble.answer
        if trouble.again and spent >= 1:
            answer += f" (tried for {spent:.0f} s)"
        remedy = self._remedies.get(trouble.status or 0, trouble.remedy)
        return HttpFailure(
            attempted,
            self.target,
            self.redact(answer),
            remedy,
            status=trouble.status,
            message=self.redact(trouble.message),
        )

    def _judge(self, raw: Raw) -> Answer:
        self._reached = True
        return judge(raw, self._retry.statuses)

    def _exchange(self, method: str, address: str, content: bytes | None, *, fresh: bool) -> Raw:
        """One try: send the request, return the whole answer or raise _Trouble."""
        headers = dict(self._headers)
        if content is not None:
            headers["Content-Type"] = "application/json"
        connection = None if fresh else self._take_idle()
        kept = connection is not None
        while True:
            try:
                return self._send(connection or self._connect(), method, address, content, headers)
            except (OSError, http.client.HTTPException) as error:
                if not (kept and isinstance(error, CLOSED)):
                    raise explain(error, self._timeout) from None
            # The server closed it while it was idle, as it may; the others that are kept are as old.
            self.close()
            connection, kept = None, False

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        address: str,
        content: bytes | None,
        headers: dict[str, str],
    ) -> Raw:
        self._pace.take()
        with self._lock:
            self.sent[method] += 1
        reusable, sock = False, connection.sock
        try:
            # The socket's own time limit starts again with each byte.
            raw, reusable = within(self._timeout, lambda: _ask(connection, method, address, content, headers))
            return raw
        except TooLong:
            with suppress(OSError):  # it may be closed already; what still reads there must not keep us
                sock.shutdown(socket.SHUT_RDWR)
            raise
        finally:
            if reusable:
                self._idle.append(connection)
            else:
                connection.close()

    def _take_idle(self) -> http.client.HTTPConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _connect(self) -> http.client.HTTPConnection:
        """Open a connection (and the TLS session, and the tunnel through a proxy)."""
        host, port, tunnel_headers = self._proxy or (self._host, self._port, None)
        if self._context is None:
            connection = http.client.HTTPConnection(host, port, timeout=self._timeout)
        else:
            connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._context)
            if tunnel_headers is not None:
                connection.set_tunnel(self._host, self._port, tunnel_headers)
        try:
            connection.connect()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            trouble = explain(error, self._timeout)
            trouble.unsent = True
            if self._proxy:
                trouble.answer += f" (through the proxy {host}:{port})"
            raise trouble from None
        return connection


def _ask(
    connection: http.client.HTTPConnection, method: str, address: str, content: bytes | None, headers: dict[str, str]
) -> tuple[Raw, bool]:
    """Send one request; return the whole answer and whether the connection may be used again."""
    connection.request(method, address, body=content, headers=headers)
    response = connection.getresponse()
    body = response.read()
    raw = Raw(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
    return raw, not response.will_close
