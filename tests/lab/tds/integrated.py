"""Integrated login: NTLM, bare or in SPNEGO, against the Windows accounts that the SQL Server knows."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.sql import SqlServer
from lab.winrm.auth import Denied, NtlmLogin

__all__ = ["Denied", "NtlmLogin", "WindowsAccounts"]


@dataclass(frozen=True)
class WindowsAccount:
    """An account with the password that its domain knows."""

    name: str
    password: str = field(repr=False)


class WindowsAccounts:
    """The Windows logins of a SQL Server that have a password; without one, NTLM can prove nothing."""

    def __init__(self, server: SqlServer) -> None:
        self._server = server

    @property
    def accounts(self) -> Mapping[str, WindowsAccount]:
        """By the login's name in lower case."""
        return {
            key: WindowsAccount(login.name, login.password)
            for key, login in self._server.logins.items()
            if login.windows and login.password is not None
        }

    def authenticate(self, user: str, password: str) -> WindowsAccount | None:
        r"""The account of ``DOMAIN\user``, if the password is right."""
        account = self.accounts.get(user.lower())
        fits = account is not None and hmac.compare_digest(account.password.encode(), password.encode())
        return account if fits else None
