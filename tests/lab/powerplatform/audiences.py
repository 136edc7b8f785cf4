"""For whom the tokens of each of Microsoft's clouds are: read in the Terraform provider."""

from __future__ import annotations

from typing import Literal, NamedTuple

CloudName = Literal["public", "gcc", "gcchigh", "dod", "china"]


class Audiences(NamedTuple):
    """Of the admin API and of the official API."""

    admin: str
    official: str


AUDIENCES: dict[CloudName, Audiences] = {
    "public": Audiences("https://service.powerapps.com", "https://api.powerplatform.com"),
    "gcc": Audiences("https://service.powerapps.us", "https://api.gov.powerplatform.microsoft.us"),
    # [G] the provider's own comment has api.high.powerplatform.microsoft.us
    "gcchigh": Audiences("https://high.service.apps.appsplatform.us", "https://api.appsplatform.us"),
    "dod": Audiences("https://service.apps.appsplatform.us", "https://api.appsplatform.us"),
    "china": Audiences("https://service.powerapps.cn", "https://api.powerplatform.partner.microsoftonline.cn"),
}
