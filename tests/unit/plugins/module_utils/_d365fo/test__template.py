"""ConfigTemplate.xml: what is read from it, in all its shapes."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._template import parse
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from hypothesis import given
from hypothesis import strategies as st

from lab import onpremises

DATABASE = '<Databases><Database refName="axDB" dbName="AXDB" /></Databases>'
SQL = '<SQLCluster><ListenerName>ls</ListenerName><SQLVMList><SQLVM name="SQL1" /></SQLVMList></SQLCluster>'
AOS = '<NodeType name="AOSNodeType"><VMList><VM name="AOS1" ipAddress="10.0.0.1" /></VMList></NodeType>'


def config(*parts: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\r\n<Config>{"".join(parts)}</Config>'


def node_type(name: str, *machines: str, attributes: str = "") -> str:
    inside = "".join(f'<VM name="{machine}" />' for machine in machines)
    return f'<NodeType name="{name}" {attributes}><VMList>{inside}</VMList></NodeType>'


@pytest.mark.parametrize(
    ("sql", "server"),
    [
        (SQL, "ls"),
        (SQL.replace("ls", " ls.contoso.com\n"), "ls.contoso.com"),
        # a blank listener means one SQL Server
        (SQL.replace("ls", "", 1), "SQL1"),
        (SQL.replace("ls", " \n ", 1), "SQL1"),
        (SQL.replace("<ListenerName>ls</ListenerName>", "<ListenerName />"), "SQL1"),
        (SQL.replace("<ListenerName>ls</ListenerName>", ""), "SQL1"),
        ('<SQLCluster><SQLVMList><SQLVM name="A" /><SQLVM name="B" /></SQLVMList></SQLCluster>', "A"),
    ],
)
def test_sql_server(sql: str, server: str) -> None:
    assert parse(config(DATABASE, sql, AOS), "t").sql_server == server


@pytest.mark.parametrize(
    ("database", "name"),
    [
        (DATABASE, "AXDB"),
        (DATABASE.replace("axDB", "AXDB", 1), "AXDB"),
        ('<Database refName="axOrchestrator" dbName="O" /><Database refName="axdb" dbName="AXPROD" />', "AXPROD"),
        ('<!-- <Database refName="axDB" dbName="COMMENT" /> --><Database refName="axDB" dbName="A&amp;B" />', "A&B"),
    ],
)
def test_database(database: str, name: str) -> None:
    assert parse(config(database, SQL, AOS), "t").database == name


@pytest.mark.parametrize(
    ("types", "nodes"),
    [
        ([AOS], [("AOS1", "AOSNodeType")]),
        (
            [node_type("BatchOnlyAOSNodeType", "B1", "B2"), node_type("InteractiveOnlyAOSNodeType", "I1")],
            [("B1", "BatchOnlyAOSNodeType"), ("B2", "BatchOnlyAOSNodeType"), ("I1", "InteractiveOnlyAOSNodeType")],
        ),
        ([AOS, node_type("OrchestratorType", "O1"), node_type("MRType", "M1")], [("AOS1", "AOSNodeType")]),
        ([AOS, node_type("BatchOnlyAOSNodeType", "B1", attributes='disabled="true"')], [("AOS1", "AOSNodeType")]),
        ([AOS, node_type("BatchOnlyAOSNodeType", "B1", attributes='disabled="True"')], [("AOS1", "AOSNodeType")]),
        ([node_type("AOSNodeType", "A1", attributes='disabled="false"')], [("A1", "AOSNodeType")]),
    ],
)
def test_nodes(types: list[str], nodes: list[tuple[str, str]]) -> None:
    template = parse(config(DATABASE, SQL, f"<ServiceFabricCluster>{''.join(types)}</ServiceFabricCluster>"), "t")
    assert list(template.aos_nodes) == nodes
    assert template.result()["aos_nodes"] == [{"name": name, "type": kind} for name, kind in nodes]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not XML"),
        ("<Config>", "not XML"),
        ("<Config></Confg>", "not XML: mismatched tag"),
        ("The system cannot find the file specified.", "not XML"),
        ("<configuration />", "its root is configuration, not Config"),
        (config(SQL, AOS), "names no database with refName axDB"),
        (config('<Database refName="axDB" />', SQL, AOS), "names no database with refName axDB"),
        (config(DATABASE, AOS), r"names no SQL Server \(ListenerName or SQLVM\)"),
        (config(DATABASE, SQL), "no node of type AOSNodeType, BatchOnlyAOSNodeType, InteractiveOnlyAOSNodeType"),
        (config(DATABASE, SQL, node_type("AOSNodeType")), "no node of type"),
        (config(DATABASE, SQL, node_type("AOSNodeType", "A", attributes='disabled="true"')), "no node of type"),
    ],
)
def test_unusable(text: str, message: str) -> None:
    with pytest.raises(Failure, match=f"use the configuration template on here.xml: .*{message}") as caught:
        parse(text, "here.xml")
    assert "ConfigTemplate.xml of this environment" in str(caught.value)


@given(st.text(max_size=200))
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(Failure, match="use the configuration template"):
        parse(text, "t")


def test_entities_are_not_expanded_without_end() -> None:
    """A template is read from a share that others can write to."""
    bomb = '<!DOCTYPE Config [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(Failure, match="use the configuration template"):
        parse(f"{bomb}]><Config>&i;</Config>", "t")


def test_the_labs_template_with_a_byte_order_mark() -> None:
    nodes = {"AOSNodeType": {"SF01": "10.0.0.1", "SF02": "10.0.0.2"}, "OrchestratorType": {"O1": "10.0.0.3"}}
    template = onpremises.Template(listener="", node_types=nodes)
    found = parse("\ufeff" + onpremises.config_template(template), "t")
    assert (found.database, found.sql_server) == ("AXDB", "SQLA01")
    assert found.aos_nodes == (("SF01", "AOSNodeType"), ("SF02", "AOSNodeType"))
