"""The sessions of people who signed in with a browser, and the portal's anti-forgery tokens.

The clients only say that the cookies of the login are sent back and that a token of the page goes into a header. That
the token also belongs to a cookie is how ASP.NET MVC does it; the cookies' names and values are chosen here.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

SESSION_COOKIE = ".AspNet.Cookies"
TOKEN_NAME = "__RequestVerificationToken"
PROJECT_COOKIE = "lcspid"


def _secret() -> str:
    return secrets.token_urlsafe(48)


@dataclass
class Session:
    """A signed-in person. ``may_service`` is the right to change environments (project owner, environment manager)."""

    user: str
    expires: float
    may_service: bool = True
    projects: frozenset[int] | None = None  # None: all
    key: str = field(default_factory=_secret, repr=False)
    token_key: str = field(default_factory=_secret, repr=False)
    tokens: set[str] = field(default_factory=set, repr=False)

    @property
    def cookies(self) -> str:
        """The Cookie header that a browser sends; a client adds ``lcspid`` itself."""
        return f"{SESSION_COOKIE}={self.key}; {TOKEN_NAME}={self.token_key}"

    def new_token(self) -> str:
        """Issue another anti-forgery token; the earlier ones stay valid."""
        token = _secret()
        self.tokens.add(token)
        return token


class Sessions:
    """All sessions."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def add(self, session: Session) -> Session:
        """Enter a session."""
        self._sessions[session.key] = session
        return session

    def end(self, session: Session) -> None:
        """Forget a session: its cookies are worth nothing from now on."""
        self._sessions.pop(session.key, None)

    def renew_tokens(self) -> None:
        """Make every token that was issued so far stale."""
        for session in self._sessions.values():
            session.tokens.clear()

    def of(self, cookies: Mapping[str, str], now: float) -> Session | None:
        """Return the session to which these cookies belong, if it is not over."""
        session = self._sessions.get(cookies.get(SESSION_COOKIE, ""))
        return session if session and now < session.expires else None
