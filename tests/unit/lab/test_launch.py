"""The lab's Launch server, asked directly: its rules, and the traps for careless clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import pytest

from lab.clock import Clock
from lab.pki import Authority
from lab.rest.launch import LaunchServer
from lab.rest.launch_blackout import Blackout
from lab.thread import LoopThread
from playbook.launch import Person, with_usual_accounts

ADDRESS = "127.0.0.1"

Launch = Callable[[str], LaunchServer]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def start(loop: LoopThread, authority: Authority) -> Iterator[Launch]:
    """Starts servers with the usual accounts; stops them at the end."""
    servers: list[LaunchServer] = []

    def starter(version: str) -> LaunchServer:
        tls = authority.server(ADDRESS)
        server = with_usual_accounts(LaunchServer(ADDRESS, tls=tls, clock=Clock(), version=version))
        loop.run(server.start())
        servers.append(server)
        return server

    yield starter
    for server in servers:
        loop.run(server.stop())


def test_lab_punishes_careless_clients(start: Launch, authority: Authority) -> None:
    """The traps are real: what the module must not do does harm here."""
    server = start("6.1.3.2")
    person = Person(server, authority)
    settings = person.ask("GET", "/cli/systemConfiguration").json()
    assert settings["deployMailPassword"] == "****"
    assert settings["repoAutoIntegrationPeriod"] == "300000"
    assert person.ask("PUT", "/cli/systemConfiguration", json={"enableMaintenanceModus": True}).status_code == 200
    assert not server.maintenance
    assert server.untouched
    person.ask("PUT", "/cli/systemConfiguration", json={**settings, "enableMaintenanceMode": True})
    assert server.maintenance
    assert not server.untouched

    # A browser's first request may be a write, later ones need the session's key.
    message = {"json": {"messageOfTheDay": "x"}}
    browser = {"User-Agent": "Mozilla/5.0"}
    answers = [person.ask("PUT", "/cli/systemConfiguration", headers=browser, **message) for _unused in range(2)]
    assert [answer.status_code for answer in answers] == [200, 403]
    key = answers[0].cookies["UCD_SESSION_KEY"]
    headers = {**browser, "UCD_SESSION_KEY": key}
    assert person.ask("PUT", "/cli/systemConfiguration", headers=headers, **message).status_code == 200
    # Whoever sends the cookies back is one, too.
    cookies = answers[0].cookies.get_dict()
    assert person.ask("PUT", "/cli/systemConfiguration", cookies=cookies, **message).status_code == 403
    headers = {"UCD_SESSION_KEY": key}
    assert person.ask("PUT", "/cli/systemConfiguration", cookies=cookies, headers=headers, **message).status_code == 200


@pytest.mark.parametrize(
    ("method", "query", "status", "words"),
    [
        ("GET", "rangeStart=1795521600000", 400, "together"),
        ("POST", "startDate={later}", 400, "required"),
        ("POST", "startDate={later}&endDate={latest}", 400, "overlaps"),
        ("POST", "startDate={past}&endDate={later}", 400, "in the past"),
        ("POST", "startDate={latest}&endDate={later}", 400, "after the start"),
        ("POST", "startDate=tomorrow&endDate={latest}", 400, "not a date of the form MM-dd-yyyy-HH:mm"),
        ("POST", "startDate={date}&endDate={next_date}", 200, '"synthetic": false'),
        ("PUT", "id=x&endDate={latest}", 404, "No maintenance blackout"),
        ("PUT", "id={running}&startDate={later}", 400, "start date is in the past"),
        ("DELETE", "x", 404, "No maintenance blackout"),
        ("SERIES", "", 400, "series is required"),
        ("SERIES", "series={running}", 404, "No series"),
        ("EVENT", "series={series}", 400, "event and scheduled are required"),
        ("EVENT", "series={series}&event=x&scheduled={later}", 404, "No event"),
    ],
)
def test_blackout_rules_of_the_server(
    start: Launch, authority: Authority, method: str, query: str, status: int, words: str
) -> None:
    server = start("8.1.1.0")
    now = server.clock.time()
    moments = {"past": now - 7200, "later": now + 7200, "latest": now + 14400}
    running = Blackout(now - 3600, now + 600)
    there = Blackout(now + 9000, now + 10000)
    series = Blackout(now + 20000, now + 20100, "Backup", "D")
    server.calendar.entries = {one.id: one for one in (running, there, series)}
    # Dates in the server's time zone, at a time of day that is not that of the daily series.
    zone = timezone(timedelta(hours=-5))
    dates = {"date": now + 10 * 86400 + 10800, "next_date": now + 10 * 86400 + 14400}
    filled = query.format(
        running=running.id,
        series=series.id,
        **{name: round(moment * 1000) for name, moment in moments.items()},
        **{name: datetime.fromtimestamp(moment, zone).strftime("%m-%d-%Y-%H:%M") for name, moment in dates.items()},
    )
    calls = {
        "DELETE": ("DELETE", "maintenanceBlackout/"),
        "SERIES": ("POST", "cancelMaintenanceBlackoutSeries?"),
        "EVENT": ("POST", "cancelMaintenanceBlackoutSeriesEvent?"),
    }
    verb, path = calls.get(method, (method, "maintenanceBlackout?"))
    answer = Person(server, authority).ask(verb, f"/cli/calendar/{path}{filled}")
    assert answer.status_code == status, answer.text
    assert words in answer.text
    if status == 200:
        # Without a zone in the text, it is the server's own (five hours behind UTC).
        assert answer.json()["startDate"] == dates["date"] // 60 * 60 * 1000


def test_lab_deletes_one_event_of_a_series(start: Launch, authority: Authority) -> None:
    """The trap is real: who sends DELETE for a recurring blackout meets it again the next day."""
    server = start("8.1.1.0")
    person = Person(server, authority)
    now = server.clock.time()
    series = Blackout(now + 86400, now + 93600, "Backup", "D")
    server.calendar.entries[series.id] = series
    path = "/cli/calendar/maintenanceBlackout"
    (first,) = person.ask("GET", path).json()
    assert first["synthetic"] is False
    assert person.ask("DELETE", f"{path}/{first['id']}").status_code == 200
    (second,) = person.ask("GET", path).json()
    assert second["startDate"] - first["startDate"] == 86400_000
    # A list with a range holds what starts or ends in it, and nothing that spans it.
    within = (second["startDate"] + 60_000, second["endDate"] - 60_000)
    assert person.ask("GET", f"{path}?rangeStart={within[0]}&rangeEnd={within[1]}").json() == []
    days = f"{path}?rangeStart={first['startDate']}&rangeEnd={first['startDate'] + 3 * 86400_000 + 1000}"
    real, synthetic, last = person.ask("GET", days).json()
    assert [one["synthetic"] for one in (real, synthetic, last)] == [False, True, True]
    answer = person.ask("DELETE", f"{path}/{synthetic['id']}")
    assert (answer.status_code, answer.text) == (400, "A synthetic event cannot be cancelled here.")
    # Moved by an hour, its later events move as well, and the cancelled day stays cancelled.
    moved = f"id={real['id']}&startDate={real['startDate'] + 3600_000}&endDate={real['endDate'] + 3600_000}"
    assert person.ask("PUT", f"{path}?{moved}").status_code == 200
    assert [one["startDate"] for one in person.ask("GET", days).json()] == [
        real["startDate"] + 3600_000,
        synthetic["startDate"] + 3600_000,
    ]
    assert len(series.cancelled) == 1
