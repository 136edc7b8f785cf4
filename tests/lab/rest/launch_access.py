"""Who may do what on the simulated Launch server: accounts, permissions, and the rule for browsers."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from dataclasses import dataclass, field

from aiohttp import web

VIEW_SETTINGS = "View Basic System Settings"
EDIT_SETTINGS = "Edit Basic System Settings"
MANAGE_MAINTENANCE = "Manage Maintenance Mode"
SEE_ACTIVITY = "View Activity"
SEE_EVERYTHING = "View All Applications"
EXECUTE = "Execute Processes"
EXECUTE_IN_MAINTENANCE = "Execute Processes During Maintenance"

FULL = frozenset({VIEW_SETTINGS, EDIT_SETTINGS, MANAGE_MAINTENANCE, SEE_ACTIVITY, SEE_EVERYTHING, EXECUTE})
# May switch the mode, but sees only its own processes: its list of activities can be empty while others' run.
FEW = frozenset({VIEW_SETTINGS, EDIT_SETTINGS, MANAGE_MAINTENANCE, SEE_ACTIVITY, EXECUTE})
NONE: frozenset[str] = frozenset()


class Refused(Exception):
    """A request that is answered with an error: its status and the words in the body."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


@dataclass(frozen=True)
class User:
    """An account. ``token`` is one of its authentication tokens."""

    name: str
    password: str = field(repr=False)
    rights: frozenset[str] = FULL
    token: str = field(default="", repr=False)


class Access:
    """The accounts of a server, and the sessions that browsers hold."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.json_tokens = False  # whether only {"token": "..."} is taken, as by some servers before 7.1.1
        self._sessions: set[str] = set()

    def login(self, request: web.Request) -> User | None:
        """Return the account whose password, or one of whose tokens, the request brings."""
        scheme, _unused, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            name, _unused, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        if scheme.lower() != "basic":
            return None
        if name == "PasswordIsAuthToken":
            with_json = re.fullmatch(r'\{\s*"token"\s*:\s*"([^"]+)"\s*\}', password)
            if self.json_tokens and not with_json:
                return None
            token = with_json.group(1) if with_json else password
            return next((user for user in self.users.values() if user.token and user.token == token), None)
        user = self.users.get(name)
        return user if user and user.password == password else None

    def need(self, request: web.Request, right: str) -> User:
        """Return the account of a request that was let in, if it has the permission."""
        user = self.login(request)
        if user is None or right not in user.rights:
            raise Refused(403, f"{user.name if user else 'Nobody'} does not have the permission {right}.")
        return user

    def may_write(self, request: web.Request, user: User) -> bool:
        """The rule against forged requests: a browser's later writes have to bring its session's key.

        A browser is who sends cookies, or a browser's name.
        """
        session = request.cookies.get("JSESSIONID", "")
        key = request.headers.get("UCD_SESSION_KEY", "")
        if session:
            return key == session and session in self._sessions
        if "mozilla" in request.headers.get("User-Agent", "").lower():
            return _browser(request, user) not in self._sessions or key in self._sessions
        return True

    def remember(self, request: web.Request, user: User, response: web.StreamResponse) -> None:
        """Give a session to who has none."""
        self._sessions.add(_browser(request, user))
        if "JSESSIONID" not in request.cookies:
            session = uuid.uuid4().hex
            self._sessions.add(session)
            response.set_cookie("JSESSIONID", session)
            response.set_cookie("UCD_SESSION_KEY", session)

    def forget(self) -> None:
        """End all sessions, as a restart does."""
        self._sessions.clear()


def _browser(request: web.Request, user: User) -> str:
    return f"{user.name} {request.headers.get('User-Agent', '')}"
