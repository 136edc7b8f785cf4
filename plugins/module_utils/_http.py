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

import base64
import email.utils
import http.client
import json
import re
import socket
import ssl
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.urls import make_context
from ansible_collections.quiesce.maintenance.plugins.module_utils._deadline import TooLong, within
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

# The server says by these that it did not carry the request out, so that even a request that must not happen twice
# may be sent again.
_NOT_CARRIED_OUT = frozenset({409, 429, 503})

# How it looks when the other side closed a connection.
_CLOSED = (ConnectionError, http.client.BadStatusLine, ssl.SSLEOFError, ssl.SSLZeroReturnError)

_MASK = "********"


class HttpFailure(Failure):
    """A request that did not succeed.

    ``status`` is the HTTP status, None where no whole answer came. ``message`` is the server's own words.
    """

    def __init__(
        self, attempted: str, target: str, answer: str, remedy: str, *, status: int | None = None, message: str = ""
    ) -> None:
        super().__init__(attempted, target, answer, remedy)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Answer:
    """A successful answer: its status, its headers (names in lower case) and the JSON in it (None: no body)."""

    status: int
    headers: Mapping[str, str]
    data: Any


@dataclass(frozen=True)
class Retry:
    """When a request is sent again, and for how long. All times are seconds.

    ``limit`` bounds all tries of one request together, ``first_contact`` the same before the server has answered
    anything at all: a wrong address should fail soon, a restart in the middle of the work be survived. Pauses double
    from ``first_pause`` to ``longest_pause``; a Retry-After header takes their place. Broken connections are always
    retried, of the answers only ``statuses``.
    """

    limit: float = 180.0
    first_contact: float = 10.0
    statuses: frozenset[int] = frozenset({429, 502, 503, 504})
    first_pause: float = 0.5
    longest_pause: float = 15.0


class Pace:
    """Keeps the requests of all threads under a limit per minute, counted in a sliding window.

    ``per_minute`` None or 0 means no limit. The window is a second longer than a minute, since requests don't
    travel equally fast.
    """

    window = 61.0

    def __init__(
        self,
        per_minute: int | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._most = per_minute
        self._now = now
        self._sleep = sleep
        self._sent: deque[float] = deque()
        self._not_before = 0.0
        self._lock = threading.Lock()

    def take(self) -> None:
        """Return as soon as another request may be sent."""
        while (wait := self._try()) > 0:
            self._sleep(wait)

    def hold(self, seconds: float) -> None:
        """Let no thread send anything for ``seconds``: the server said that there were too many requests."""
        with self._lock:
            self._not_before = max(self._not_before, self._now() + seconds)

    def _try(self) -> float:
        with self._lock:
            now = self._now()
            if now < self._not_before:
                return self._not_before - now
            if self._most:
                if len(self._sent) == self._most:
                    wait = self._sent[0] + self.window - now
                    if wait > 0:
                        return wait
                    self._sent.popleft()
                self._sent.append(now)
            return 0.0


@dataclass
class _Trouble(Exception):
    """Why one try did not bring a whole answer. ``again`` is False where trying again can't help; ``unsent`` is True
    where the server certainly did not see the request."""

    answer: str
    remedy: str = "See whether the server runs and is reachable from here, then run again"
    again: bool = True
    unsent: bool = False
    status: int | None = None
    pause: float | None = None
    message: str = ""


@dataclass
class _Raw:
    """An HTTP answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)


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
        parts, port = _base(url)
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
        self._secrets = _spellings([*secrets, *(credentials or {}).values()])
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
        self._context = _context(self.target, validate_certs, ca_path, client_cert, client_key) if self._tls else None
        self._proxy = _proxy(self.target, proxy, self._host, self._port) if self._tls and use_proxy else None

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
        except _Trouble as trouble:
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
            except _Trouble as trouble:
                limit = self._retry.limit if self._reached else self._retry.first_contact
                left = limit - (self._now() - began)
                wait = pause if trouble.pause is None else trouble.pause
                may_again = trouble.again and (repeatable or trouble.unsent or trouble.status in _NOT_CARRIED_OUT)
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
            text = text.replace(secret, _MASK)
        return text

    def close(self) -> None:
        """Close the connections that are kept open."""
        while self._idle:
            self._idle.pop().close()

    def _failure(self, attempted: str, trouble: _Trouble, spent: float) -> HttpFailure:
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

    def _judge(self, raw: _Raw) -> Answer:
        """Return the answer if it is a good one, else raise what is wrong with it."""
        self._reached = True
        try:
            data = json.loads(raw.body) if raw.body.strip() else None
            is_json = True
        except ValueError:
            data, is_json = None, False
        if 200 <= raw.status < 300:
            if is_json:
                return Answer(raw.status, raw.headers, data)
            raise _Trouble(
                f"HTTP {raw.status} with {_not_json(raw)} in place of JSON",
                "Check the URL: a proxy, a login page or another program answered there",
                again=False,
                status=raw.status,
            )
        message = _message(data) if is_json else _not_json(raw)
        if 300 <= raw.status < 400:
            where = urllib.parse.urlsplit(raw.headers.get("location", "")).netloc or "another path"
            raise _Trouble(
                f"HTTP {raw.status}, it redirects to {where}",
                "Give the final address as URL; a redirect is not followed with a credential",
                again=False,
                status=raw.status,
            )
        raise _Trouble(
            f"HTTP {raw.status}: {message}" if message else f"HTTP {raw.status}",
            _REMEDIES.get(raw.status, "Look at the server's own log for the reason"),
            again=raw.status in self._retry.statuses,
            status=raw.status,
            pause=_retry_after(raw.headers.get("retry-after")),
            message=message,
        )

    def _exchange(self, method: str, address: str, content: bytes | None, *, fresh: bool) -> _Raw:
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
                if not (kept and isinstance(error, _CLOSED)):
                    raise _explain(error, self._timeout) from None
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
    ) -> _Raw:
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
            trouble = _explain(error, self._timeout)
            trouble.unsent = True
            if self._proxy:
                trouble.answer += f" (through the proxy {host}:{port})"
            raise trouble from None
        return connection


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header for ``user`` and ``password`` (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


_REMEDIES = {
    401: "Check the credential",
    403: "Give the credential's role the rights for this",
    404: "Check the URL and the name",
    407: "Check the user name and password of the proxy",
    429: "Let fewer requests be sent in a minute, or raise the server's limit",
    500: "Look at the server's own log for the reason",
}


def _base(url: str) -> tuple[urllib.parse.SplitResult, int]:
    """Return the parts of a base URL and its port, or refuse it."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Failure(
            "connect", "the server", f"the URL is not one: {error}", "Write it like https://host:4119/api"
        ) from None
    if parts.username or parts.password:
        raise Failure(
            "connect",
            f"{parts.scheme}://{parts.hostname}",
            "the URL holds a user name or password",
            "Give the credential by its own option, where it is kept out of messages and logs",
        )
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise Failure("connect", url or "the server", "the URL is not usable", "Write it like https://host:4119/api")
    return parts, port or (443 if parts.scheme == "https" else 80)


def _context(
    target: str, validate_certs: bool, ca_path: str | None, client_cert: str | None, client_key: str | None
) -> ssl.SSLContext:
    try:
        context: ssl.SSLContext = make_context(cafile=ca_path, validate_certs=validate_certs)
    except OSError as error:
        raise Failure(
            "read the CA file",
            target,
            f"{ca_path}: {error.strerror or error}",
            "Give a PEM file with the certificate of the CA that issued the server's certificate",
        ) from None
    if client_cert:
        try:
            # The empty password keeps OpenSSL from asking for one on the terminal.
            context.load_cert_chain(client_cert, client_key, password="")
        except OSError as error:
            raise Failure(
                "read the client certificate",
                target,
                f"{client_cert}: {error.strerror or error}",
                "Give PEM files with the certificate and its unencrypted key",
            ) from None
    return context


def _proxy(target: str, proxy: str | None, host: str, port: int) -> tuple[str, int, dict[str, str]] | None:
    """Return the proxy's host, port and headers, or None to connect directly."""
    if not proxy:
        if urllib.request.proxy_bypass(f"{host}:{port}"):
            return None
        proxy = urllib.request.getproxies().get("https")
        if not proxy:
            return None
    remedy = "Write it like http://proxy.example.com:3128"
    try:
        parts = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        proxy_port = parts.port or 80
    except ValueError:
        raise Failure("connect", target, "the address of the proxy is not usable", remedy) from None
    if parts.scheme != "http" or not parts.hostname:
        raise Failure("connect", target, "the address of the proxy is not usable", remedy)
    headers = {}
    if parts.username:
        user, password = urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or "")
        headers["Proxy-Authorization"] = basic(user, password)
    return parts.hostname, proxy_port, headers


def _explain(error: OSError | http.client.HTTPException, timeout: float) -> _Trouble:
    """Say what an exception of the connection means and whether trying again can help."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _Trouble(
            f"its certificate is not trusted: {error.verify_message}",
            "Give the CA that issued it by ca_path, or use the name that the certificate is for",
            again=False,
        )
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return _Trouble("the connection broke off within TLS")
    if isinstance(error, ssl.SSLError):
        return _Trouble(
            f"TLS failed: {error.reason or error}",
            "Check that the port speaks HTTPS with TLS 1.2 or later",
            again=False,
        )
    if isinstance(error, socket.gaierror):
        return _Trouble(
            f"the name is not known: {error.strerror}",
            "Check the host name in the URL and name resolution",
            again=False,
        )
    if isinstance(error, TimeoutError):
        return _Trouble(f"no answer within {timeout:g} s", "See whether the server is overloaded, or raise timeout")
    if isinstance(error, http.client.IncompleteRead):
        return _Trouble(f"the answer broke off after {len(error.partial)} bytes")
    if isinstance(error, ConnectionRefusedError):
        return _Trouble("it refuses connections", "Check host and port in the URL, and whether the server runs")
    if isinstance(error, (ConnectionError, http.client.RemoteDisconnected)):
        return _Trouble(f"the connection broke: {getattr(error, 'strerror', None) or error}")
    if tunnel := re.match(r"Tunnel connection failed: (\d+)", str(error)):
        status = int(tunnel.group(1))
        return _Trouble(
            f"the proxy answered HTTP {status} to the wish for a connection",
            "Check the proxy, its credential, and that it may connect to this host and port",
            again=status in (502, 503, 504),
        )
    if isinstance(error, http.client.HTTPException):
        return _Trouble(
            f"what answered does not speak HTTP ({type(error).__name__})", "Check host and port in the URL", again=False
        )
    return _Trouble(f"no connection: {error.strerror or error}")


def _ask(
    connection: http.client.HTTPConnection, method: str, address: str, content: bytes | None, headers: dict[str, str]
) -> tuple[_Raw, bool]:
    """Send one request; return the whole answer and whether the connection may be used again."""
    connection.request(method, address, body=content, headers=headers)
    response = connection.getresponse()
    body = response.read()
    raw = _Raw(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
    return raw, not response.will_close


def _retry_after(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number, or the time until a date (RFC 9110)."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


def _message(data: Any) -> str:
    """Find the server's words in the JSON of an error, whichever of the usual forms it has."""
    if isinstance(data, str):
        found = data
    elif isinstance(data, list):
        found = "; ".join(filter(None, map(_message, data)))
    elif isinstance(data, Mapping):
        found = next((text for key in ("message", "error", "errors") if (text := _message(data.get(key)))), "")
    else:
        found = ""
    return _short(found)


def _not_json(raw: _Raw) -> str:
    """Describe a body that is not JSON: the title of a page, or its beginning."""
    text = raw.body.decode("utf-8", "replace")
    if title := re.search(r"<(title|h1)[^>]*>(.*?)</\1>", text, re.IGNORECASE | re.DOTALL):
        return f'an HTML page "{_short(title.group(2))}"'
    if "<html" in text.lower():
        return "an HTML page"
    if text.lstrip()[:1] in ("{", "["):
        return f"a damaged or cut off body ({len(raw.body)} bytes)"
    return f'"{_short(text)}"'


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:300] + "..."


def _spellings(secrets: Iterable[str]) -> list[str]:
    """Return the forms in which secrets could appear in a text, the longest first."""
    forms: set[str] = set()
    for secret in secrets:
        # "Basic abc", "ApiKey abc": the second word is the secret, too.
        for text in (secret, secret.partition(" ")[2]):
            if text:
                forms |= {text, urllib.parse.quote(text, safe=""), json.dumps(text)[1:-1]}
    return sorted(forms, key=len, reverse=True)
