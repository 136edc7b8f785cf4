"""Which credential is used, of all the places where one may stand."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._options import CONNECTION, open_server

DEFAULTS = {name: option.get("default") for name, option in CONNECTION.items()} | {"url": "https://127.0.0.1:9"}
TOKEN = "PasswordIsAuthToken"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DS_AUTH_TOKEN", "DS_USERNAME", "DS_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("options", "environment", "login"),
    [
        ({"username": "jsmith", "password": "pw"}, {}, "jsmith:pw"),
        ({"token": "t"}, {}, f"{TOKEN}:t"),
        ({"username": "jsmith", "password_file": "SECRET"}, {}, "jsmith:from file"),
        ({"token_file": "SECRET"}, {}, f"{TOKEN}:from file"),
        ({}, {"DS_AUTH_TOKEN": "t"}, f"{TOKEN}:t"),
        ({}, {"DS_USERNAME": "jsmith", "DS_PASSWORD": "pw"}, "jsmith:pw"),
        ({}, {"DS_USERNAME": "jsmith", "DS_PASSWORD": "pw", "DS_AUTH_TOKEN": "t"}, f"{TOKEN}:t"),
        ({"username": "jsmith"}, {"DS_PASSWORD": "pw", "DS_AUTH_TOKEN": "t"}, "jsmith:pw"),
        ({"password": "pw"}, {"DS_USERNAME": "jsmith", "DS_AUTH_TOKEN": "t"}, "jsmith:pw"),
        ({"token": "mine"}, {"DS_AUTH_TOKEN": "t", "DS_USERNAME": "jsmith"}, f"{TOKEN}:mine"),
    ],
)
def test_credential(
    options: dict[str, Any],
    environment: dict[str, str],
    login: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "secret"
    file.write_text("from file\n")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    given = {name: str(file) if value == "SECRET" else value for name, value in options.items()}
    server = open_server({**DEFAULTS, **given})
    assert server.user == login.partition(":")[0]
    # The credential is among what is taken out of every message, which also shows what it is.
    sent = "Basic " + base64.b64encode(login.encode()).decode()
    assert sent not in server.client.redact(f"it said {sent}")
    assert login.partition(":")[2] not in server.client.redact(f"it said {login.partition(':')[2]}")


def test_token_in_its_old_form_is_taken_out_of_messages_with_and_without_its_frame() -> None:
    text = '{"token": "c4n4ry-t0ken"}'
    server = open_server({**DEFAULTS, "token": text})
    assert "c4n4ry" not in server.client.redact(f"it said {text}, and c4n4ry-t0ken")


@pytest.mark.parametrize("options", [{}, {"username": "jsmith"}, {"password": "pw"}])
def test_no_credential(options: dict[str, Any]) -> None:
    with pytest.raises(Failure, match="neither a token nor a user name with a password"):
        open_server({**DEFAULTS, **options})


@pytest.mark.parametrize("name", ["read_path", "write_path"])
@pytest.mark.parametrize("path", ["cli/systemConfiguration", "", "/a b", "/ä", "/a\r\nX: y", "/a#b"])
def test_a_path_that_cannot_be_asked_for(name: str, path: str) -> None:
    options = {**DEFAULTS, "token": "t", "read_path": "/cli/a", "write_path": "/cli/b"}
    assert open_server(options)
    with pytest.raises(Invalid, match=rf"Invalid O\({name}\): it is not a path"):
        open_server({**options, name: path})
