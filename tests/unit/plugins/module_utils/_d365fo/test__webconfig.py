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
        ("usnconeboxax1aos.cloud.onebox.dynamics.com", "vhd"),
        ("USNCONEBOXAX1AOS.CLOUD.ONEBOX.DYNAMICS.COM", "vhd"),
        ("dev01-devaos.cloudax.dynamics.com", "azure_one_box"),
        ("dev01-devaos.axcloud.dynamics.com", "azure_one_box"),
        ("dev01.cloudax.uae.dynamics.com", "azure_one_box"),
        ("dev01-devaos.cloudax.dynamics.com.", "azure_one_box"),
        # everything else below dynamics.com Microsoft runs itself
        ("x-sandbox.sandbox.ax.dynamics.com", "microsoft_managed"),
        ("x-uat.sandbox.operations.dynamics.com", "microsoft_managed"),
        ("x-uat.sandbox.operations.eu.dynamics.com", "microsoft_managed"),
        ("contoso.operations.dynamics.com", "microsoft_managed"),
        ("my-cloudax.operations.dynamics.com", "microsoft_managed"),
        ("CONTOSO.OPERATIONS.DYNAMICS.COM.", "microsoft_managed"),
        ("contoso.operations.eu.dynamics.com", "microsoft_managed"),
        ("contoso.dynamics.com", "microsoft_managed"),
        ("dynamics.com", "microsoft_managed"),
        # and nothing that only looks like it
        ("ax.contoso.com", "unknown"),
        ("dynamics.com.contoso.com", "unknown"),
        ("mydynamics.com", "unknown"),
        ("", "unknown"),
    ],
)
def test_kinds(host_name: str, kind: str) -> None:
    assert _webconfig.kind_of(host_name) == kind


@pytest.mark.parametrize(
    ("server", "microsofts"),
    [
        ("contoso-uat.database.windows.net", True),
        ("tcp:CONTOSO-UAT.DATABASE.WINDOWS.NET,1433", True),
        ("contoso.database.chinacloudapi.cn", True),
        (".", False),
        ("localhost", False),
        (r"sql01\AX", False),
        ("database.windows.contoso.net", False),
        ("sql01.contoso.com,1433", False),
    ],
)
def test_a_development_machine_may_be_pointed_at_microsofts_database(server: str, microsofts: bool) -> None:
    assert _webconfig.is_microsofts_sql(server) is microsofts


USED = '<add key="DataAccess.Database" value="AxDB" />'
OLD = '<add key="DataAccess.Database" value="OLD" />'


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        pytest.param('<add key="DataAccess.DbServer" value="." />', {"DataAccess.DbServer": "."}, id="a setting"),
        pytest.param(
            '<add value="&quot;x&amp;y&quot; " key="DataAccess.Database"/>', {"DataAccess.Database": '"x&y"'}, id="XML"
        ),
        pytest.param('<add key="DataAccess.DbServer" value="" />', {"DataAccess.DbServer": ""}, id="empty"),
        pytest.param(
            '<add\tkey = "DataAccess.DbServer"\n value = "a"></add>', {"DataAccess.DbServer": "a"}, id="spaced"
        ),
        pytest.param('<add key="DataAccess.SqlPwd" value="s3cret" />', {}, id="a password is dropped"),
        pytest.param('<add key="DataAccess.AxAdminSqlPwd" value="s3cret" />', {}, id="another one too"),
        pytest.param('<add key="DataAccess.DbServer" />', {}, id="no value"),
        pytest.param('<section name="DataAccess.DbServer" value="x" />', {}, id="no setting"),
        pytest.param("", {}, id="nothing"),
        pytest.param(f"<!-- {OLD} -->", {}, id="a comment in one line"),
        pytest.param(f"<!-- {OLD} --> {USED}", {"DataAccess.Database": "AxDB"}, id="a comment before it"),
        pytest.param(f"{USED} <!-- {OLD} -->", {"DataAccess.Database": "AxDB"}, id="a comment behind it"),
        pytest.param(f"<!-- a -->{USED}<!-- b -->", {"DataAccess.Database": "AxDB"}, id="between two comments"),
        pytest.param(f"<!--\n{OLD}\n-->\n{USED}", {"DataAccess.Database": "AxDB"}, id="a comment over lines, before"),
        pytest.param(f"{USED}\r\n<!--\r\n{OLD}\r\n-->", {"DataAccess.Database": "AxDB"}, id="over lines, behind"),
        pytest.param(f"<!-- UAT:\n{OLD} -->\n{USED}", {"DataAccess.Database": "AxDB"}, id="ends in the setting's line"),
        pytest.param(f"<!-- {OLD}\n{OLD}\n-->{USED}", {"DataAccess.Database": "AxDB"}, id="begins in its line"),
        pytest.param(f"{OLD}\n{USED}", {"DataAccess.Database": "AxDB"}, id="the last one counts, as in .NET"),
    ],
)
def test_parse_settings(text: str, settings: dict[str, str]) -> None:
    """Of the file only the lines are known that hold a setting, or where a comment begins or ends."""
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
