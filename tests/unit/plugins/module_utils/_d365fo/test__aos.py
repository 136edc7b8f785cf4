"""The AOS over HTTP: what each answer, and none, means; from where it is asked."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils import _deadline
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _aos
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._aos import (
    NO_HTTP,
    SILENT,
    UNRESOLVED,
    UNTRUSTED,
    Answer,
    Aos,
    Get,
    check_url,
    from_controller,
    from_host,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Abandoned
from hypothesis import given
from hypothesis import strategies as st

from fakes.server import Talk, closed_port, drips, says, serving, silent
from lab.pki import Authority

URL = "https://dev01.example.com/"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


def ask(url: str, *, validate: bool = True, ca_path: str | None = None, limit: float = 30) -> Answer:
    return from_controller(validate, ca_path, lambda: None, limit)(url)


# --- addresses ---


@pytest.mark.parametrize(
    "url",
    [
        "https://dev01.example.com/",
        "http://dev01",
        "https://dev01:8443/namespaces/AXSF/",
        "HTTPS://DEV01/",
        "http://[::1]:80/",
    ],
)
def test_addresses(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "dev01.example.com",
        "//dev01/",
        "ftp://dev01/",
        "file:///etc/hosts",
        "https://",
        "https:///path",
        "https://:443/",
        "http://[::1",
        "http://dev01:x/",
        "http://dev01:99999/",
        "http://dev01:0/",
        "http://dev 01/",
        "http://dev01/a b",
        "http://dev01/\n",
        "http://dév01/",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(Invalid, match=r"^Invalid O\(url\): .* is not an AOS address\. Use one like https://"):
        check_url(url)


@given(st.text() | st.text().map("https://{}".format))
def test_any_address_is_one_or_invalid(url: str) -> None:
    try:
        check_url(url)
    except Invalid:
        return
    assert url.lower().startswith(("http://", "https://"))


# --- from the controller ---


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("200 OK", 200),
        ("302 Found\r\nLocation: https://login.example.com/", 302),
        ("302 Found\r\nLocation: /", 302),
        ("401 Unauthorized", 401),
        ("404 Not Found", 404),
        ("500 Internal Server Error", 500),
        ("503 Service Unavailable", 503),
    ],
)
def test_any_http_answer_is_an_answer(head: str, status: int) -> None:
    """A redirect is not followed: that it is given shows that the AOS works."""
    with serving(says(f"HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n")) as port:
        assert ask(f"http://127.0.0.1:{port}/") == Answer(status)


def test_nobody_listens() -> None:
    answer = ask(f"http://127.0.0.1:{closed_port()}/")
    assert (answer.status, answer.kind) == (None, SILENT)
    assert "refused" in answer.trouble


def test_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    answer = ask("http://usnconeboxax1aos.cloud.onebox.dynamics.com/")
    assert (answer.status, answer.kind) == (None, UNRESOLVED)
    assert "does not resolve" in answer.trouble


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SSH-2.0-OpenSSH_for_Windows_8.1\r\n", id="SSH"),
        pytest.param("\x00\x01\x02", id="bytes"),
        pytest.param("", id="nothing"),
        pytest.param("HTTP/1.1 abc OK\r\n\r\n", id="a status in letters"),
        pytest.param("HTTP/1.1\r\n\r\n", id="no status"),
        pytest.param("HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 200 + "\r\n", id="too many headers"),
        pytest.param("HTTP/1.1 200 OK\r\nX: " + "y" * 70_000 + "\r\n\r\n", id="a header too long"),
    ],
)
def test_what_is_no_http_is_trouble_and_no_traceback(text: str) -> None:
    with serving(says(text)) as port:
        answer = ask(f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.kind) == (None, NO_HTTP if text else SILENT)
    assert answer.trouble


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://dev 01/", "http://127.0.0.1:x/", "http:///x", "", "dev01", "file:///etc/hosts", "x://y/"],
)
def test_a_malformed_address_in_web_config_is_trouble_of_its_own(url: str) -> None:
    """Nobody answered, so nobody is said to have answered."""
    answer = ask(url)
    assert answer.status is None
    assert answer.trouble
    assert "answered" not in answer.trouble


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


OK = says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def test_certificates_are_verified(authority: Authority) -> None:
    with serving(OK, authority.server("localhost", "127.0.0.1")) as port:
        url = f"https://127.0.0.1:{port}/"
        untrusted = ask(url)
        assert (untrusted.status, untrusted.kind) == (None, UNTRUSTED)
        assert "certificate cannot be verified" in untrusted.trouble
        assert ask(url, ca_path=str(authority.ca_file)) == Answer(200)
        assert ask(url, validate=False) == Answer(200)


def test_so_is_the_name_that_they_hold(authority: Authority) -> None:
    with serving(OK, authority.server("other.example.com")) as port:
        answer = ask(f"https://127.0.0.1:{port}/", ca_path=str(authority.ca_file))
    assert (answer.status, answer.kind) == (None, UNTRUSTED)


def test_a_port_that_speaks_no_tls_is_not_untrusted() -> None:
    with serving(says("HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        answer = ask(f"https://127.0.0.1:{port}/")
    assert (answer.status, answer.kind) == (None, SILENT)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait that looks around often."""
    monkeypatch.setattr(_deadline, "_TICK", 0.05)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("talk", [drips, silent])
def test_a_server_that_never_ends_ends_at_the_limit(talk: Talk) -> None:
    """One that drips a byte now and then outlives every time limit of a socket."""
    with serving(talk) as port:
        answer = ask(f"http://127.0.0.1:{port}/", limit=0.4)
    assert (answer.status, answer.kind) == (None, SILENT)


@pytest.mark.usefixtures("hurried")
def test_meanwhile_the_run_notices_that_its_parent_is_gone() -> None:
    def check() -> None:
        raise Abandoned

    with serving(silent) as port, pytest.raises(Abandoned):
        from_controller(True, None, check, 60)(f"http://127.0.0.1:{port}/")


# --- from the host ---


@dataclass
class Host:
    """A host on which curl.exe says what it is told to say."""

    answer: Completed
    name: str = "dev01"
    keeps_secrets: bool = True
    lines: list[str] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)

    def run(self, line: str, *, doing: str, limit: float, composite: bool = False, secret: bool = False) -> Completed:
        assert not composite, "the exit code is needed"
        self.lines.append(line)
        self.limits.append(limit)
        return self.answer


@pytest.mark.parametrize(
    ("stdout", "status"),
    [
        ("HTTP/1.1 200 OK\r\nServer: Microsoft-IIS/10.0\r\n\r\n", 200),
        ("HTTP/2 302\r\nlocation: https://login/\r\n\r\n", 302),
        ("HTTP/1.1 503 Service Unavailable\r\n\r\n", 503),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200),
        ("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 503 Service Unavailable\r\n\r\n", 503),
        ("HTTP/1.1 200 OK\r\nX-Status: HTTP/1.1 500\r\n\r\n", 200),
    ],
    ids=["200", "HTTP/2", "503", "100 first", "through a proxy", "in a header"],
)
@pytest.mark.parametrize("rc", [0, 28], ids=["whole", "the body did not come"])
def test_what_curl_prints(stdout: str, status: int, rc: int) -> None:
    assert from_host(Host(Completed(rc, stdout, "")), True)(URL) == Answer(status)


@pytest.mark.parametrize(
    ("completed", "kind", "words"),
    [
        pytest.param(Completed(6, "", "curl: (6) Could not resolve host: x"), UNRESOLVED, "Could not resolve", id="6"),
        pytest.param(Completed(7, "", "curl: (7) Failed to connect"), SILENT, "Failed to connect", id="7"),
        pytest.param(Completed(28, "", "curl: (28) Operation timed out"), SILENT, "timed out", id="28"),
        pytest.param(Completed(52, "", "curl: (52) Empty reply from server"), SILENT, "Empty reply", id="52"),
        pytest.param(
            Completed(60, "", "curl: (60) schannel: SEC_E_UNTRUSTED_ROOT"), UNTRUSTED, "UNTRUSTED_ROOT", id="60"
        ),
        pytest.param(Completed(51, "", "curl: (51) schannel: SNI"), UNTRUSTED, "SNI", id="51"),
        pytest.param(
            Completed(35, "", "curl: (35) schannel: failed to receive handshake, SSL/TLS connection failed"),
            SILENT,
            "failed to receive handshake",
            id="35: IIS that starts breaks handshakes off, waiting mends that",
        ),
        pytest.param(Completed(3, "", ""), SILENT, "curl.exe ended with 3", id="silence"),
        pytest.param(
            Completed(1, "", "'curl.exe' is not recognized"), SILENT, "curl.exe does not exist there", id="no curl"
        ),
        pytest.param(
            Completed(9009, "", "Der Befehl"), SILENT, "curl.exe does not exist there", id="no curl, by exit code"
        ),
        pytest.param(Completed(0, "", ""), SILENT, "curl.exe ended with 0", id="success and nothing"),
        pytest.param(Completed(0, "garbage", ""), SILENT, "curl.exe ended with 0", id="success and rubbish"),
    ],
)
def test_what_curl_complains_of(completed: Completed, kind: str, words: str) -> None:
    answer = from_host(Host(completed), True)(URL)
    assert (answer.status, answer.kind) == (None, kind)
    assert words in answer.trouble


def test_how_curl_is_called() -> None:
    host = Host(Completed(0, "HTTP/1.1 200 OK\r\n", ""))
    from_host(host, True)(URL)
    from_host(host, False)(URL)
    assert host.lines[0].startswith("curl.exe -sS ")
    assert host.lines[0].endswith(f' "{URL}"')
    assert ["-k" in line.split() for line in host.lines] == [False, True]
    assert min(host.limits) > _aos.REQUEST_LIMIT


@pytest.mark.parametrize("url", ['https://dev01/"&calc&"', "https://dev01/%PATH%", "https://dev01/a&b"])
def test_addresses_that_cmd_would_read_as_something_else(url: str) -> None:
    host = Host(Completed(0, "", ""))
    with pytest.raises(Failure, match=r"Invalid O\(url\)"):
        from_host(host, True)(url)
    assert host.lines == []


# --- from where ---


def place(*answers: Answer) -> tuple[Get, list[str]]:
    asked: list[str] = []
    rest = list(answers)

    def get(url: str) -> Answer:
        asked.append(url)
        return rest.pop(0) if len(rest) > 1 else rest[0]

    return get, asked


NAME = Answer(None, "the host name does not resolve", UNRESOLVED)
DOWN = Answer(None, "no answer (refused)", SILENT)
STRANGE = Answer(None, "its certificate cannot be verified: self-signed", UNTRUSTED)


def test_the_controller_first_and_the_host_only_where_no_answer_comes() -> None:
    controller, asked = place(Answer(302))
    host, not_asked = place(Answer(200))
    assert Aos(URL, {"controller": controller, "host": host}).pending() == []
    assert (len(asked), len(not_asked)) == (1, 0)


def test_the_name_of_a_vhd_resolves_on_the_machine_itself_only() -> None:
    controller, asked = place(NAME)
    host, _more = place(DOWN, Answer(503), Answer(302))
    aos = Aos(URL, {"controller": controller, "host": host})
    assert aos.pending() == ["from the controller: the host name does not resolve; from the host: no answer (refused)"]
    assert aos.pending() == ["HTTP 503"]
    assert aos.pending() == []
    assert len(asked) == 2, "once the host got an answer, it alone is asked"


def test_who_answers_something_else_is_not_asked_from_elsewhere() -> None:
    """It was reached; what the machine says of its certificate would only lead astray."""
    controller, _asked = place(Answer(None, "the answer is not HTTP", NO_HTTP))
    host, not_asked = place(STRANGE)
    said = Aos(URL, {"controller": controller, "host": host}).objection()
    assert said.startswith(f"{URL}: the answer is not HTTP. Check that")
    assert not_asked == []


def test_only_the_place_that_the_task_names() -> None:
    host, _asked = place(DOWN)
    assert Aos(URL, {"host": host}).objection().startswith(f"{URL}: no answer (refused). ")


@pytest.mark.parametrize(
    ("answer", "accept", "pending"),
    [
        (Answer(200), (200, 302), []),
        (Answer(302), (200, 302), []),
        (Answer(302), (200,), ["HTTP 302"]),
        (Answer(401), (200, 401), []),
        (Answer(404), (200, 302), ["HTTP 404"]),
        (DOWN, (200, 302), ["no answer (refused)"]),
        (NAME, (200, 302), ["the host name does not resolve"]),
    ],
)
def test_pending(answer: Answer, accept: tuple[int, ...], pending: list[str]) -> None:
    get, _asked = place(answer)
    assert Aos(URL, {"controller": get}, accept).pending() == pending


def test_a_certificate_that_cannot_be_verified_is_not_waited_for() -> None:
    get, _asked = place(STRANGE)
    with pytest.raises(Failure, match=r"certificate cannot be verified.*O\(url_ca_path\)"):
        Aos(URL, {"controller": get}).pending()


@pytest.mark.parametrize(
    ("answer", "objection"),
    [
        (Answer(200), ""),
        (Answer(503), ""),
        (Answer(404), ""),
        (DOWN, DOWN.trouble),
        (NAME, NAME.trouble),
        (STRANGE, STRANGE.trouble),
    ],
)
def test_while_everything_runs_any_answer_will_do(answer: Answer, objection: str) -> None:
    get, _asked = place(answer)
    found = Aos(URL, {"controller": get}).objection()
    assert found.startswith(f"{URL}: {objection}. ") if objection else found == ""


def test_it_names_itself() -> None:
    assert Aos(URL, {}).describe() == f"the AOS at {URL}"
