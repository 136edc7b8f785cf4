"""What web.config says, and the kind of environment."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _webconfig
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("host_name", "kind"),
    [
        ("usnconeboxax1aos.cloud.onebox.dynamics.com", _webconfig.VHD),
        ("USNCONEBOXAX1AOS.CLOUD.ONEBOX.DYNAMICS.COM", _webconfig.VHD),
        ("dev01-devaos.cloudax.dynamics.com", _webconfig.ONE_BOX),
        ("dev01-devaos.axcloud.dynamics.com", _webconfig.ONE_BOX),
        ("dev01.cloudax.uae.dynamics.com", _webconfig.ONE_BOX),
        ("x-sandbox.sandbox.ax.dynamics.com", _webconfig.TIER_1),
        ("x-uat.sandbox.operations.dynamics.com", _webconfig.TIER_2),
        ("x-uat.sandbox.operations.eu.dynamics.com", _webconfig.TIER_2),
        ("ax.contoso.com", _webconfig.UNKNOWN),
        ("", _webconfig.UNKNOWN),
    ],
)
def test_kinds(host_name: str, kind: str) -> None:
    assert _webconfig.kind_of(host_name) == kind
    assert (kind in _webconfig.MICROSOFT_MANAGED) == ("sandbox" in host_name)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ('<add key="DataAccess.DbServer" value="." />', {"DataAccess.DbServer": "."}),
        ('<add value="&quot;x&amp;y&quot; " key="DataAccess.Database"/>', {"DataAccess.Database": '"x&y"'}),
        ('<add key="DataAccess.DbServer" value="" />', {"DataAccess.DbServer": ""}),
        ('<add\tkey = "DataAccess.DbServer"\n value = "a"></add>', {"DataAccess.DbServer": "a"}),
        ('<!-- <add key="DataAccess.DbServer" value="commented" /> -->', {}),
        ('<!-- a\n<add key="DataAccess.DbServer" value="b" />\n-->', {}),
        ('<add key="DataAccess.SqlPwd" value="s3cret" />', {}),
        ('<add key="DataAccess.AxAdminSqlPwd" value="s3cret" />', {}),
        ('<add key="DataAccess.DbServer" />', {}),
        ('<section name="DataAccess.DbServer" value="x" />', {}),
        ("", {}),
    ],
)
def test_parse_settings(text: str, settings: dict[str, str]) -> None:
    assert _webconfig.parse_settings(text) == settings


@given(st.text())
def test_only_known_settings_come_back(text: str) -> None:
    found = _webconfig.parse_settings(f'<add key="DataAccess.SqlPwd" value="{text}" />{text}')
    assert set(found) <= set(_webconfig.SETTINGS)


@given(st.binary(min_size=30, max_size=400))
def test_encrypted_values_are_recognised(secret: bytes) -> None:
    assert _webconfig.is_encrypted(base64.b64encode(secret).decode())


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "localhost",
        "AxDB",
        r"sql01\AX",
        "usnconeboxax1aos.cloud.onebox.dynamics.com",
        r"K:\AosService\WebRoot",
        "https://usnconeboxax1aos.cloud.onebox.dynamics.com/",
        "axdbadmin",
        "tcp:sql01.contoso.com,1433",
    ],
)
def test_plain_values_are_not(value: str) -> None:
    assert not _webconfig.is_encrypted(value)


def test_state_of() -> None:
    states = _webconfig.state_of({"DataAccess.DbServer": ".", "DataAccess.Database": "A" * 60, "Common.BinDir": ""})
    assert (states["DataAccess.DbServer"], states["DataAccess.Database"]) == ("plain", "encrypted")
    assert (states["Common.BinDir"], states["Infrastructure.HostUrl"]) == ("missing", "missing")
    assert set(states) == set(_webconfig.SETTINGS)
