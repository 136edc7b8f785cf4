"""What a connection's exec_command has to be given so that cmd.exe on the host gets the line as it is."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._remote import open_host, wrap_for_exec

LINE = 'sc.exe queryex "W3SVC"& echo %ServiceDrive% $env:x ^& "a|b"'
CALL = f'cmd.exe --% /d /s /c "{LINE}"\nexit $LASTEXITCODE'


@pytest.mark.parametrize("transport", ["ssh", "winrm", "psrp", "local"])
def test_cmd_gets_the_line_itself(transport: str) -> None:
    assert wrap_for_exec(LINE, transport, "cmd") == LINE


@pytest.mark.parametrize("transport", ["winrm", "psrp"])
def test_connections_that_encode_by_themselves_get_the_call(transport: str) -> None:
    assert wrap_for_exec(LINE, transport, "powershell") == CALL


@pytest.mark.parametrize("family", ["powershell", "sh"])
def test_others_get_it_encoded(family: str) -> None:
    start, _blank, encoded = wrap_for_exec(LINE, "ssh", family).rpartition(" ")
    assert start == "powershell.exe -NoProfile -NonInteractive -EncodedCommand"
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
