"""Which hosts of which cloud are asked, and which may have the token."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._clouds import CLOUDS, endpoints


@pytest.mark.parametrize(
    ("cloud", "bap", "login"),
    [
        ("public", "https://api.bap.microsoft.com", "https://login.microsoftonline.com"),
        ("gcc", "https://gov.api.bap.microsoft.us", "https://login.microsoftonline.com"),
        ("gcchigh", "https://high.api.bap.microsoft.us", "https://login.microsoftonline.us"),
        ("dod", "https://api.bap.appsplatform.us", "https://login.microsoftonline.us"),
        ("china", "https://api.bap.partner.microsoftonline.cn", "https://login.chinacloudapi.cn"),
    ],
)
def test_clouds(cloud: str, bap: str, login: str) -> None:
    places = endpoints(cloud)
    assert (places.bap, places.login) == (bap, login)
    assert places.may_have_token(f"{bap}/providers/x?api-version=1")


def test_each_cloud_has_its_own_audience() -> None:
    assert len({cloud.resource for cloud in CLOUDS.values()}) == len(CLOUDS)
    assert not any(cloud.resource.endswith("/") for cloud in CLOUDS.values())


def test_what_is_given_takes_the_place_of_the_clouds_own() -> None:
    places = endpoints(
        "public", bap="https://bap.test:8443/", bap_resource="https://r.test/.default", login="https://l/"
    )
    assert (places.bap, places.bap_resource, places.login) == ("https://bap.test:8443", "https://r.test", "https://l")
    assert places.api == places.api_resource == "https://api.powerplatform.com"


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://api.bap.microsoft.com/x", True),
        ("https://API.BAP.Microsoft.com:443/x", True),
        ("https://europe.api.bap.microsoft.com/providers/x?api-version=2023-06-01", True),
        ("https://a.b.api.bap.microsoft.com/", True),
        ("http://europe.api.bap.microsoft.com/x", False),
        ("https://europe.api.bap.microsoft.com:8443/x", False),
        ("https://evilapi.bap.microsoft.com/x", False),
        ("https://api.bap.microsoft.com.evil.example/x", False),
        ("https://api.bap.microsoft.com@evil.example/x", False),
        ("https://evil.example\\@api.bap.microsoft.com/x", False),
        ("https://evil.example/?https://api.bap.microsoft.com", False),
        ("https://bap.microsoft.com/x", False),
        ("//api.bap.microsoft.com/x", False),
        ("/providers/x", False),
        ("https://api.bap.microsoft.com:99999/x", False),
        ("https://api.bap.microsoft.com /x", False),
        ("https://[::1/x", False),
        ("", False),
        ("https://odd.example/x", True),
        ("https://odd.example:444/x", False),
        ("https://other.example:8443/x", True),
        ("https://other.example/x", False),
    ],
)
def test_who_may_have_the_token(url: str, may: bool) -> None:
    assert endpoints("public", trusted=["Odd.example", "other.example:8443"]).may_have_token(url) is may


@pytest.mark.parametrize(
    ("bap", "home"),
    [
        ("", "https://api.bap.microsoft.com"),
        ("https://API.bap.microsoft.com/", "https://api.bap.microsoft.com"),
        ("https://europe.api.bap.microsoft.com", "https://api.bap.microsoft.com"),
        ("https://high.api.bap.microsoft.us", "https://high.api.bap.microsoft.us"),
        ("https://notapi.bap.microsoft.com", "https://notapi.bap.microsoft.com"),
        ("https://bap.example.com:8443/x", "https://bap.example.com:8443/x"),
        ("no address", "no address"),
    ],
)
def test_a_host_of_a_region_has_no_records_of_its_own(bap: str, home: str) -> None:
    """Else whoever comes by the other address would turn off a mode that a window holds."""
    assert endpoints("public", bap=bap).home == home
