"""Where a calendar comes from: files, and servers that are not as they should be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._source import LARGEST, Source
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid

from fakes.rest import Answer, Reply, rest, script
from fakes.server import closed_port, says, serving
from lab.pki import Authority

Params = Callable[..., dict[str, Any]]

TEXT = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
SECRET = "s3cr3t-p4th"


def source(given: str, *directories: Path) -> Source:
    return Source(given, "freeze_calendars", 2, directories or (Path(),))


def read(given: str, params: dict[str, Any], *directories: Path) -> str:
    return source(given, *directories).read(params, lambda line: None)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file(params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a b.ics").write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("a b.ics", str(tmp_path / "a b.ics"), "~/a b.ics"):
        assert read(given, params(), tmp_path) == TEXT
        assert read(given, params(), tmp_path / "playbooks", tmp_path) == TEXT
    assert source("a b.ics", tmp_path).label == str(tmp_path / "a b.ics")
    assert source("a b.ics", tmp_path).name == "a b.ics"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file or directory. Give a file that exists on the controller"),
        (b"\xff\xfe", "it is not UTF-8 text"),
        (b" " * (LARGEST + 1), "it is larger than 16 MiB"),
    ],
)
def test_a_file_that_cannot_be_read(content: bytes | None, message: str, params: Params, tmp_path: Path) -> None:
    file = tmp_path / "a.ics"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Failure, match=f"Could not read the calendar {file}: {message}"):
        read(str(file), params())


@pytest.mark.parametrize("name", ["~nobody-here/a.ics", "n" * 5000 + ".ics", "a\0.ics", "."])
def test_a_path_that_cannot_be(name: str, params: Params, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="Give a file that exists on the controller, or a URL"):
        read(name, params(), tmp_path)


# --- servers ----------------------------------------------------------------------------------------------------------


def insecure(params: Params, **more: Any) -> dict[str, Any]:
    return params(validate_certs=False, **more)


def test_a_url_is_asked_for_as_it_is(params: Params) -> None:
    with rest(script(Reply(data=TEXT.encode()))) as server:
        assert read(f"{server.url}/{SECRET}/a%20b c.ics?x=%2F&y=1#z", insecure(params)) == TEXT
        (asked,) = server
    assert (asked.method, asked.path) == ("GET", f"/{SECRET}/a%20b%20c.ics")
    assert asked.query == {"x": "/", "y": "1"}
    assert asked.headers["accept"] == "text/calendar, */*"
    assert "authorization" not in asked.headers


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (script(Reply(404)), "HTTP 404. Check the URL; the calendar may no longer be published"),
        (script(Reply(401, b"<html>")), "HTTP 401. Publish the calendar, or download it with a task that logs in"),
        (script(Reply(500)), "HTTP 500. Look at the server's log"),
        (script(Reply(204)), "HTTP 204"),
        (
            script(Reply(302, headers={"Location": f"https://login.example.com/{SECRET}"})),
            "HTTP 302, it redirects to login.example.com. Give the final address; a redirect is not followed",
        ),
        (script(Reply(302, headers={"Location": f"/{SECRET}"})), "HTTP 302, it redirects. Give the final address"),
        (script(Reply(data=b"\xff")), "it is not UTF-8 text"),
        (script(None), "the connection broke"),
    ],
)
def test_an_answer_that_is_no_calendar(answer: Answer, message: str, params: Params) -> None:
    with rest(answer) as server, pytest.raises(Failure) as failure:
        read(f"{server.url}/{SECRET}/a.ics?{SECRET}", insecure(params))
    assert str(failure.value).startswith("Could not read the calendar no. 2 of O(freeze_calendars) ")
    assert server.url.removeprefix("http://") in str(failure.value)
    assert message in str(failure.value)
    assert SECRET not in str(failure.value)


def test_a_busy_server_is_asked_again(params: Params) -> None:
    said: list[str] = []
    with rest(script(Reply(503, headers={"Retry-After": "0"}), Reply(data=TEXT.encode()))) as server:
        text = source(server.url).read(insecure(params, retry_timeout="30s"), said.append)
    assert text == TEXT
    assert len(said) == 1


def test_a_server_that_is_not_there(params: Params) -> None:
    with pytest.raises(Failure, match=r"no\. 2 of O\(freeze_calendars\).*it refuses connections"):
        read(f"https://127.0.0.1:{closed_port()}/{SECRET}", params())


@pytest.mark.parametrize(
    ("days", "trusted", "message"),
    [((-3, -1), True, "has expired"), ((0, 30), False, "its certificate is not trusted"), ((0, 30), True, "HTTP 200")],
)
def test_certificates(days: tuple[int, int], trusted: bool, message: str, params: Params, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    body = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nHTTP 200"
    with serving(says(body), authority.server("127.0.0.1", days=days)) as port:
        given = params(ca_path=str(authority.ca_file) if trusted else None)
        try:
            said = read(f"webcal://127.0.0.1:{port}/{SECRET}", given)
        except Failure as failure:
            said = str(failure)
    assert message in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://calendar.example.com/a.ics", r"it begins with http://.*O\(validate_certs=false\)"),
        ("https://me:pass@calendar.example.com/a.ics", "it contains a user name or password"),
        ("https://[::1/a.ics", "it is not a valid URL"),
        ("https:///a.ics", "it contains no host name"),
        ("https://calendar.example.com:99999/a.ics", "its port is not a number"),
    ],
)
def test_a_url_that_cannot_be_used(url: str, message: str, params: Params) -> None:
    with pytest.raises(Invalid, match=rf"Invalid O\(freeze_calendars\): .*{message}") as failure:
        read(url, params())
    assert "pass" not in failure.value.answer.replace("password", "")
