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
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._address import (
    base_address,
    proxy_for,
    usable_path,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._answer import Answer, Raw, judge
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._redaction import Redactor
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._request import Request, compose
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._retry import NOT_CARRIED_OUT, Pace, Retry
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._tls import tls_context
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._trouble import (
    CLOSED,
    HttpFailure,
    Names,
    TooMuch,
    Trouble,
    explain,
    too_much,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._wire import Way

Good = TypeVar("Good")


class Client:
    """Sends requests to one server and returns the JSON of its answers. Safe to be used by several threads.

    ``url`` is the base ("https://dsm.example.com:4119/api"). ``headers`` go with each request, and so do
    ``credentials``, headers whose values are secret; ``secrets`` are more texts that must not appear in any message.
    ``ca_path`` is a PEM file of the CAs to trust in place of the system's, ``client_cert`` and ``client_key`` are PEM
    files of a certificate to log in with. ``proxy`` is "http://host:port"; without
    it the environment variables https_proxy, http_proxy and no_proxy are followed; ``use_proxy`` False ignores all of
    them. ``timeout`` is the limit, in seconds, of one try. ``tell`` gets a line when a request has to be sent again.
    ``remedies`` says what to do about an HTTP status. Messages name the options: ``option_prefix`` stands before the
    names of these parameters, ``url_option`` is the name of ``url`` if it has another one, ``timeout_option`` that of
    ``timeout`` ("": there is none).
    Raises Invalid for an unusable URL, proxy or file, Failure for an unusable proxy of the environment.
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
        option_prefix: str = "",
        url_option: str = "",
        timeout_option: str = "request_timeout",
        retry: Retry | None = None,
        pace: Pace | None = None,
        remedies: Mapping[int, str] | None = None,
        tell: Callable[[str], None] = lambda line: None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        names = Names(option_prefix, timeout_option, url_option or f"{option_prefix}url")
        address = base_address(url, names.url)
        self.target = str(address)
        if not address.tls and validate_certs:
            raise Invalid(
                names.url,
                "it begins with http://, so the credential would be sent unencrypted",
                f"Use the https:// address; O({option_prefix}validate_certs=false) allows http:// if that risk is "
                "accepted",
            )
        self._headers = {"Accept": "application/json", "User-Agent": "quiesce.maintenance", **(headers or {})}
        if not all(value.isascii() and value.isprintable() for value in (credentials or {}).values()):
            # http.client would refuse it with a message that quotes it.
            raise Failure(
                "connect",
                self.target,
                "the credential contains characters that are not allowed in an HTTP header",
                "Check it for line breaks and characters that are not ASCII",
            )
        self._headers.update(credentials or {})
        self._names = names
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
        context = tls_context(validate_certs, ca_path, client_cert, client_key, option_prefix) if address.tls else None
        found = proxy_for(address, proxy, f"{option_prefix}proxy") if use_proxy else None
        self._way = Way(address, context, found, timeout)
        self._redact = Redactor(
            [*secrets, *(found.secrets if found else ())],
            [*(credentials or {}).values(), *(found.headers.values() if found else ())],
        )

    def get(self, path: str, *, attempted: str, query: Iterable[tuple[str, str]] = ()) -> Answer:
        """Read ``path``. See ``request``."""
        return self.request("GET", path, attempted=attempted, query=query)

    def request(
        self,
        method: str,
        path: str,
        *,
        attempted: str,
        query: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        repeatable: bool = True,
    ) -> Answer:
        """Send a request and return its answer; only a 2xx answer with JSON or without a body is one.

        ``path`` follows the base URL; ``query`` may name a key several times; ``body`` is sent as JSON, ``form`` in its
        place as a web form. ``headers`` go with this request and may replace others; who puts a secret into one calls
        ``hide`` before. ``attempted`` completes "Could not ..." in a message. ``repeatable`` False says that a second
        delivery would do harm: it is then sent again only if the server certainly did not carry it out.
        Raises HttpFailure for everything else, after the retries.
        """
        sent = self._compose(method, path, attempted, headers, query=query, body=body, form=form)
        return self._persist(sent, attempted, self._judge, repeatable=repeatable)

    def exchange(
        self,
        method: str,
        path: str,
        *,
        attempted: str,
        query: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        repeatable: bool = True,
    ) -> Raw:
        """Send a request as ``request`` does and return the whole answer, whatever its status and its content.

        Only a ``repeatable`` request is sent again for a status. Raises HttpFailure where no whole answer came, or to
        the end one of a status that is worth another try.
        """

        def take(raw: Raw) -> Raw:
            if repeatable and raw.status in self._retry.statuses:
                self._judge(raw)
            return raw

        sent = self._compose(method, path, attempted, headers, query=query, body=body, form=form)
        return self._persist(sent, attempted, take, repeatable=repeatable)

    def download(self, path: str, *, attempted: str) -> bytes:
        """Read ``path`` as it is, in one try: for what one can do without. Raises HttpFailure unless it is there."""
        try:
            raw = self._exchange(self._compose("GET", path, attempted, {"Accept": "*/*"}), fresh=False)
            if raw.status != 200:
                self._judge(raw)
        except Trouble as trouble:
            raise self._failure(attempted, trouble, 0.0) from None
        return raw.body

    def _persist(self, sent: Request, attempted: str, take: Callable[[Raw], Good], *, repeatable: bool) -> Good:
        """Send a request until ``take`` makes something of its answer; raise HttpFailure where that is to no end."""
        began = self._now()
        pause = self._retry.first_pause
        while True:
            try:
                return take(self._exchange(sent, fresh=not repeatable))
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
        return self._redact(text)

    def hide(self, secrets: Iterable[str]) -> None:
        """Keep these texts, too, out of every message: secrets that came while the client was at work."""
        self._redact.add(secrets)

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
            headers=trouble.headers,
            data=trouble.data,
            pause=trouble.pause,
        )

    def _judge(self, raw: Raw) -> Answer:
        return judge(raw, self._retry.statuses, self._redact, tls=self._way.address.tls)

    def _compose(
        self, method: str, path: str, attempted: str, headers: Mapping[str, str] | None, **content: Any
    ) -> Request:
        if not usable_path(path):
            raise Failure(
                attempted,
                self.target,
                f'"{path}" is not a valid path',
                "Use one that begins with a slash, with percent-encoding for blanks and for what is not ASCII",
            )
        return compose(method, self._way.address.path + path, {**self._headers, **(headers or {})}, **content)

    def _exchange(self, request: Request, *, fresh: bool) -> Raw:
        """One try: send the request, return the whole answer or raise ``Trouble``."""
        kept = None if fresh else self._take_idle()
        if kept is not None:
            try:
                return self._send(kept, request)
            except CLOSED:
                # The server closed it while it was idle, as it may; the others that are kept are as old.
                self.close()
        return self._send(None, request)

    def _send(self, kept: http.client.HTTPConnection | None, request: Request) -> Raw:
        """Send the request once, over a connection that was kept or a new one.

        Raises ``Trouble``; where it was kept and is closed, one of ``CLOSED``.
        """
        self._pace.take()
        end = time.monotonic() + self._way.timeout
        connection = kept or self._connect(end)
        with self._lock:
            self.sent[request.method] += 1
        reusable = False
        try:
            raw, reusable = self._way.ask(connection, request, end)
            self._reached = True
            return raw
        except TooMuch as error:
            raise too_much(error) from None
        except (OSError, http.client.HTTPException) as error:
            if kept and isinstance(error, CLOSED):
                raise
            raise self._explain(error) from None
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

    def _connect(self, end: float) -> http.client.HTTPConnection:
        try:
            return self._way.connect(end)
        except (OSError, http.client.HTTPException) as error:
            trouble = self._explain(error, connected=False)
            trouble.unsent = True
            if proxy := self._way.proxy:
                trouble.answer += f" (through the proxy {proxy.host}:{proxy.port})"
            raise trouble from None

    def _explain(self, error: OSError | http.client.HTTPException, *, connected: bool = True) -> Trouble:
        return explain(error, self._names, self._way.timeout, connected=connected)
