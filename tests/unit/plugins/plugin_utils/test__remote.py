"""What a connection is given so that cmd.exe runs a line unaltered, and what is refused."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.plugin_utils import _remote
from hypothesis import given
from hypothesis import strategies as st

LINES = st.text(st.characters(exclude_characters='\r\n"', exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)


@given(LINES)
def test_cmd_gets_the_line_itself(line: str) -> None:
    assert _remote.wrap_for_exec(line, "ssh", "cmd", "2.19.0") == line


@given(LINES, st.sampled_from(["winrm", "psrp"]))
def test_powershell_gets_one_native_call_behind_its_stop_parsing_token(line: str, transport: str) -> None:
    script = _remote.wrap_for_exec(line, transport, "powershell", "2.19.0")
    first, rest = script.split("\n")
    assert f'cmd.exe --% /d /s /c "{line}"' in first
    assert "exit $LASTEXITCODE" in rest


@given(LINES)
def test_over_ssh_powershell_gets_it_encoded(line: str) -> None:
    command = _remote.wrap_for_exec(line, "ssh", "powershell", "2.19.0")
    assert command.isascii()
    assert '"' not in command
    encoded = command.split("-EncodedCommand ")[1].split()[0]
    assert line in base64.b64decode(encoded).decode("utf-16-le")


@pytest.mark.parametrize("code", [0, 1, 9009, (1 << 31) - 1])
def test_exit_codes(code: int) -> None:
    assert _remote._signed(code) == code


def test_exit_codes_of_exceptions_are_signed() -> None:
    assert _remote._signed(3762504530) == -532462766
    assert _remote._signed(None) == -1


@pytest.mark.parametrize("line", ["x" * (_remote.MAX_LINE + 1), '"C:\\a b.exe" x', "a\nb"])
def test_lines_that_cmd_would_alter(line: str) -> None:
    with pytest.raises(Failure, match=r"look at it on dev01: .* can't be given to cmd.exe unaltered") as caught:
        _remote._check(line, "look at it", "dev01")
    assert line not in str(caught.value)  # it may hold a secret
