"""Which way a host is opened by which connection, and what cannot be done on it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._exec import ExecHost
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._remote import open_host
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._winrm import WinRMHost

from fakes.clock import Time
from fakes.winrm import Connection, Protocol, done


def other(transport: str) -> Any:
    return SimpleNamespace(transport=transport, _shell=SimpleNamespace(SHELL_FAMILY="cmd"))


@pytest.mark.parametrize(
    ("connection", "way", "kind", "keeps"),
    [
        (Connection(), "auto", WinRMHost, True),
        (Connection(), "exec_command", ExecHost, False),
        (other("psrp"), "auto", ExecHost, False),
        (other("ssh"), "auto", ExecHost, False),
    ],
    ids=["winrm", "winrm, forced", "psrp", "ssh"],
)
def test_which_way(connection: Any, way: str, kind: type, keeps: bool) -> None:
    with open_host(connection, name="dev01", run=Time().run(), way=way) as host:
        assert isinstance(host, kind)
        assert (host.name, host.keeps_secrets) == ("dev01", keeps)


@pytest.mark.parametrize("connection", [Connection(), other("psrp"), other("ssh")], ids=["winrm", "psrp", "ssh"])
def test_become_is_refused_before_anything_is_opened(connection: Any) -> None:
    opened = open_host(connection, name="dev01", run=Time().run(), become=True)
    with pytest.raises(Failure, match=r"Could not use become on dev01: .* which become does not reach"), opened:
        pass
    assert getattr(connection, "tried", []) == []


def test_what_was_opened_is_closed() -> None:
    connection = Connection(Protocol([done()]))
    secrets = {"SQLCMDPASSWORD": "s3cret"}
    with open_host(connection, name="dev01", run=Time().run(), environment=secrets) as host:
        host.run("sqlcmd.exe", doing="read", limit=5, secret=True)
    assert connection.speaks.asked("close") == [("private", False)]
