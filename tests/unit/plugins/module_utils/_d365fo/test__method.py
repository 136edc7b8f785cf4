"""Which way for which kind of environment."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._method import METHODS, choose
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._webconfig import kind_of

VHD = kind_of("usnconeboxax1aos.cloud.onebox.dynamics.com")
AZURE = kind_of("dev01-devaos.cloudax.dynamics.com")
HOSTED = (kind_of("x.sandbox.ax.dynamics.com"), kind_of("x.operations.dynamics.com"))
OTHER = kind_of("erp.example.com")


@pytest.mark.parametrize(
    ("wanted", "kind", "script", "tool_login", "method"),
    [
        pytest.param("auto", VHD, False, True, "setup_tool", id="VHD with a SQL login"),
        pytest.param("auto", VHD, False, False, "sql", id="VHD without one: integrated login"),
        pytest.param("auto", AZURE, False, True, "sql", id="development machine"),
        pytest.param("auto", AZURE, False, False, "sql", id="development machine, integrated login"),
        pytest.param("auto", OTHER, False, True, "sql", id="somebody's own name"),
        pytest.param("auto", kind_of(""), False, False, "sql", id="no name"),
        pytest.param("auto", "on_premises", True, True, "script", id="on-premises"),
        pytest.param("auto", "on_premises", True, False, "script", id="on-premises, integrated login"),
        # any choice can be overridden
        pytest.param("sql", VHD, False, True, "sql", id="VHD by SQL"),
        pytest.param("setup_tool", AZURE, False, False, "setup_tool", id="the tool on a development machine"),
        pytest.param("sql", "on_premises", True, True, "sql", id="on-premises by SQL"),
        pytest.param("script", OTHER, True, False, "script", id="the script"),
    ],
)
def test_choose(wanted: str, kind: str, script: bool, tool_login: bool, method: str) -> None:
    assert choose(wanted, kind, script=script, tool_login=tool_login) == method


@pytest.mark.parametrize("wanted", METHODS)
@pytest.mark.parametrize("kind", HOSTED)
def test_but_for_what_microsoft_manages(wanted: str, kind: str) -> None:
    assert choose(wanted, kind, script=True, tool_login=True) == "managed"
