"""What a connection's exec_command has to be given so that cmd.exe on the host gets the line as it is."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._remote import open_host, wrap_for_exec

LINE = 'sc.exe queryex "W3SVC"& echo %ServiceDrive% $env:x ^& "a|b"'
CALL = f'cmd.exe --% /d /s /c "{LINE}"\nexit $LASTEXITCODE'


def test_cmd_gets_the_line_itself() -> None:
    assert wrap_for_exec(LINE, "ssh", "cmd", "2.18.0") == LINE


@pytest.mark.parametrize("family", ["cmd", "powershell"])
@pytest.mark.parametrize(
    ("transport", "version"), [("winrm", "2.21.5"), ("psrp", "2.19.14"), ("ssh", "2.17.14"), ("ssh", "2.16.19")]
)
def test_connections_that_encode_by_themselves_get_the_call(transport: str, version: str, family: str) -> None:
    assert wrap_for_exec(LINE, transport, family, version) == CALL


@pytest.mark.parametrize("family", ["powershell", "sh"])
def test_others_get_it_encoded(family: str) -> None:
    start, _blank, encoded = wrap_for_exec(LINE, "ssh", family, "2.21.0b1").rpartition(" ")
    assert start == "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand"
    assert base64.b64decode(encoded).decode("utf-16-le") == CALL


class Connection:
    transport = "ssh"


def test_a_secret_has_no_safe_way() -> None:
    opened = open_host(Connection(), name="dev01", environment={"SQLCMDPASSWORD": "s3cret"})
    with pytest.raises(Failure, match=r"ssh connection has no way to set an environment.*integrated.*odbc") as caught:
        opened.__enter__()
    assert "s3cret" not in str(caught.value)


def test_become_is_refused() -> None:
    with pytest.raises(Failure, match="which become does not reach"):
        open_host(Connection(), name="dev01", become=True).__enter__()
