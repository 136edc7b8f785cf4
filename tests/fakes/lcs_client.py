"""A client of the LCS portal as the public ones are: a browser's headers and cookies, the page's token on each POST."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import requests

from lab.lcs import LcsEnvironment, Portal
from lab.lcs.sessions import PROJECT_COOKIE, TOKEN_NAME, Session

PROJECT = 1234567
HEADERS = {
    "Accept": "*/*",
    "Accept-Language": "en-US,en;q=0.9",
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0",
    "X-Requested-With": "XMLHttpRequest",
    "cache-control": "no-cache",
    "TimezoneOffset": "-120",
}
SWITCH = f"EnvironmentServicingV2/EnableDisableMaintenanceMode/{PROJECT}"


class Browser:
    """One signed-in person's client. Redirects are not followed."""

    def __init__(self, portal: Portal, session: Session, ca_file: Path) -> None:
        self.portal = portal
        self.http = requests.Session()
        self.http.trust_env = False  # an authority of the environment would be used in its place
        self.http.verify = str(ca_file)
        self.http.headers.update(HEADERS)
        for cookie in [*session.cookies.split("; "), f"{PROJECT_COOKIE}={PROJECT}"]:
            name, _equals, value = cookie.partition("=")
            self.http.cookies.set(name, value, domain=portal.address)
        self.token = ""

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request."""
        return self.http.request(method, f"{self.portal.url}/{path}", timeout=10, allow_redirects=False, **options)

    def get(self, path: str, environment: LcsEnvironment | None = None) -> Any:
        """Return the Data of a successful answer."""
        query = {"environmentId": environment.id} if environment else {}
        answer = self.send("GET", f"{path}/{PROJECT}", params={**query, "_": "1764518400"})
        assert answer.status_code == 200, answer.text
        body = json.loads(answer.text.strip("()"))
        assert body["Success"], body
        return body["Data"]

    def details(self, environment: LcsEnvironment) -> Any:
        """Read the state."""
        return self.get("ServiceFabricDeployment/GetEnvironmentDetails", environment)

    def ongoing(self, environment: LcsEnvironment) -> Any:
        """Read what runs."""
        return self.get("EnvironmentServicingV2/GetOngoingActionDetails", environment)

    def history(self, environment: LcsEnvironment, start: int = 0, count: int = 40) -> Any:
        """Read a page of the history."""
        answer = self.post(
            f"Environment/GetEnvironmentHistoryDetails/{PROJECT}?environmentId={environment.id}&_=1764518400",
            json={"DynamicPaging": {"StartPosition": start, "ItemsRequested": count}, "Filtering": None},
        )
        return answer.json()["Data"]

    def switch(self, environment: LcsEnvironment, on: bool) -> requests.Response:
        """Ask for the mode."""
        return self.post(SWITCH, data={"lcsEnvironmentId": environment.id, "enableMaintenanceMode": str(on)})

    def post(self, path: str, **options: Any) -> requests.Response:
        """POST with the token of the page, which is fetched once."""
        if not self.token:
            self.token = self.fetch_token()
        return self.send("POST", path, headers={TOKEN_NAME: self.token}, **options)

    def fetch_token(self) -> str:
        """Return the token of the page; "" where it has none."""
        page = _Page()
        page.feed(self.send("GET", "V2").text)
        return page.token


class _Page(HTMLParser):
    """Finds the input that LcsApi looks for: directly in the body."""

    token = ""
    inside: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and self.inside == "body" and given.get("name") == TOKEN_NAME:
            self.token = given["value"] or ""
        if tag != "input":
            self.inside = tag
