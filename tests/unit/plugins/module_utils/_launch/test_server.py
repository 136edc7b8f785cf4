"""What can be told from the server's start page."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Answer, Client
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import Server, dotted, find_version


@pytest.mark.parametrize(
    ("page", "version"),
    [
        ('<div class="productVersion">v. 7.1.2.1.1090</div>', (7, 1, 2, 1, 1090)),
        ('<div class="productVersion">8.0.1</div>', (8, 0, 1)),
        ('i18n("version %s", "6.2.3.0")', (6, 2, 3, 0)),
        ('i18n("version %s", "v. 6.2.3.0")', (6, 2, 3, 0)),
        ("<title>Sign in</title> 127.0.0.1", None),
        ("", None),
    ],
)
def test_version_is_found_on_the_page(page: str, version: tuple[int, ...] | None) -> None:
    assert find_version(page) == version


def test_version_in_a_sentence() -> None:
    assert dotted((7, 0, 2)) == "version 7.0.2"
    assert dotted(None) == "this version"


class Recorder(Client):
    """Takes note of what is asked, and answers with nothing."""

    def __init__(self) -> None:
        super().__init__("https://launch.example.com:8443")
        self.asked: list[tuple[str, str]] = []

    def request(self, method: str, path: str, **more: Any) -> Answer:
        self.asked.append((method, path))
        return Answer(200, {}, {})


@pytest.mark.parametrize(
    ("identifier", "quoted"),
    [
        ("a1b2-c3", "a1b2-c3"),
        ("a/b", "a%2Fb"),
        ("../../system", "..%2F..%2Fsystem"),
        ("a?force=true", "a%3Fforce%3Dtrue"),
        ("a#b", "a%23b"),
        ("a b\r\n", "a%20b%0D%0A"),
        ("a%2Fb", "a%252Fb"),
        ("ä\ud800", "%C3%A4%ED%A0%80"),
        ("...", "..."),
    ],
)
def test_an_id_is_one_segment_of_the_path(identifier: str, quoted: str) -> None:
    client = Recorder()
    server = Server(client, "me")
    server.delete_blackout({"id": identifier})
    server.process("application", identifier)
    assert client.asked == [
        ("DELETE", f"/cli/calendar/maintenanceBlackout/{quoted}"),
        ("GET", f"/rest/deploy/applicationProcessRequest/{quoted}"),
    ]


@pytest.mark.parametrize("identifier", ["", ".", ".."])
def test_an_id_that_would_lead_elsewhere_is_refused(identifier: str) -> None:
    client = Recorder()
    server = Server(client, "me")
    with pytest.raises(Failure, match=r"cancel the maintenance blackout .* cannot be the ID"):
        server.delete_blackout({"id": identifier})
    assert server.process("application", identifier) == {}
    assert client.asked == []
