"""An on-premises environment: a Service Fabric cluster, its SQL Server, and Microsoft's scripts with their template."""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from lab.clock import Clock
from lab.servicefabric import Cluster, Node, status_of
from lab.servicefabric.cluster import IMAGE
from lab.sql import Database, SqlServer, axdb
from lab.windows.host import Account, WindowsHost
from lab.windows.programs import sqlcmd
from lab.windows.programs.maintenance_script import MODULE, NAME, MaintenanceScript
from lab.windows.services import Service

LOCAL_FOLDER = r"C:\infrastructure\scripts"
SHARE = r"\\files01\scripts"
TEMPLATE = "ConfigTemplate.xml"
DATABASE = "AXDB"
LISTENER = "sql-ls"
SQL_LOGIN = "axdbadmin"
QUERY = "SELECT VALUE FROM SQLSYSTEMVARIABLES WHERE PARM = 'CONFIGURATIONMODE'"
OTHER_NODES = (("ORCH1", "OrchestratorType"), ("ORCH2", "OrchestratorType"), ("ORCH3", "OrchestratorType"))


@dataclass
class Template:
    """What ConfigTemplate.xml says; a test overrides what it is about."""

    database: str = DATABASE
    listener: str = LISTENER  # blank: one SQL Server, the first of sql_machines
    sql_machines: tuple[str, ...] = ("SQLA01", "SQLA02")
    thumbprint: str = ""
    node_types: dict[str, dict[str, str]] = field(default_factory=dict)  # type -> machine -> IP address
    disabled_types: tuple[str, ...] = ("SSISNodeType",)


def config_template(template: Template) -> str:
    """ConfigTemplate.xml, shortened to what is read from it and some of what stands around it."""
    node_types = []
    for number, (name, machines) in enumerate(
        [*template.node_types.items(), *[(n, {}) for n in template.disabled_types]]
    ):
        disabled = ' disabled="true"' if name in template.disabled_types else ""
        prefix = name.removesuffix("NodeType").removesuffix("Type").upper()
        virtual = "".join(
            f"        <VM name={quoteattr(machine)} ipAddress={quoteattr(address)}"
            f' faultDomain="fd:/fd{place}" updateDomain="ud{place}" hasSSIS="false" />\n'
            for place, (machine, address) in enumerate(machines.items())
        )
        node_types.append(
            f'    <NodeType name="{name}" primary="{str(number == 0).lower()}" namePrefix="{prefix}"'
            f' purpose="{prefix}"{disabled}>\n      <VMList>\n{virtual}      </VMList>\n    </NodeType>\n'
        )
    sql = "".join(
        f'      <SQLVM name={quoteattr(name)} ipAddress="10.179.108.{place}" />\n'
        for place, name in enumerate(template.sql_machines, 5)
    )
    text = f"""\
<?xml version="1.0" encoding="utf-8"?>
<Config>
  <ADServiceAccounts>
    <ADServiceAccount type="gMSA" name="svc-AXSF$" refName="gmsaAXSF">
      <DNSHostName>svc-AXSF$.contoso.com</DNSHostName>
    </ADServiceAccount>
  </ADServiceAccounts>
  <Certificates>
    <Certificate type="ServiceFabricClient" exportable="true" generateSelfSignedCert="true">
      <Name>client.d365ffo.onprem.contoso.com</Name>
      <Thumbprint>{template.thumbprint}</Thumbprint>
      <ProtectTo>CONTOSO\\D365Admins</ProtectTo>
    </Certificate>
  </Certificates>
  <DbServer>
    <Security>
      <User refName="axdbadmin" type="SqlUser" userName="{SQL_LOGIN}" generateUser="true" />
    </Security>
  </DbServer>
  <Databases>
    <Database refName="axOrchestrator" dbName="OrchestratorData" />
    <Database refName="axDB" dbName={quoteattr(template.database)}>
      <!-- <Database refName="axDB" dbName="FROM_A_COMMENT" /> -->
      <BackupFile>D:\\Backup\\axdb.bak</BackupFile>
    </Database>
  </Databases>
  <FileShares>
    <FileShare name="agent" path="\\\\files01\\agent" />
    <FileShare name="aos-storage" path="\\\\files01\\aos-storage" />
  </FileShares>
  <ServiceFabricCluster>
    <DNSHostName>sf.d365ffo.onprem.contoso.com</DNSHostName>
{"".join(node_types)}  </ServiceFabricCluster>
  <SQLCluster>
    <ListenerName>{template.listener}</ListenerName>
    <SQLVMList>
{sql}    </SQLVMList>
  </SQLCluster>
</Config>
"""
    return text.replace("\n", "\r\n")


@dataclass
class OnPremises:
    """One environment. ``folder`` is the scripts folder, ``script`` what runs in it (its ``faults`` are a test's)."""

    name: str
    cluster: Cluster
    hosts: dict[str, WindowsHost]
    sql: SqlServer
    database: Database
    script: MaintenanceScript
    folder: str
    template: Template

    @property
    def script_path(self) -> str:
        """Set-MaintenanceMode.ps1's full path."""
        return rf"{self.folder}\{NAME}"

    @property
    def template_path(self) -> str:
        """ConfigTemplate.xml's full path."""
        return rf"{self.folder}\{TEMPLATE}"

    async def boot_without_network(self) -> None:
        """Instead of ``cluster.start``: no socket is opened; curl.exe on a node gets what the load balancer answers."""
        for host in self.hosts.values():
            host.http_get = host.http_get or self._get
        await self.cluster.boot_without_network()

    async def _get(self, url: str) -> tuple[int, str]:
        status = status_of(self.cluster, urlsplit(url).path)
        return status, http.client.responses[status]

    def write_template(self, text: str | None = None) -> None:
        """Write ConfigTemplate.xml from ``template``, or as the given text, for every node."""
        for host in self.hosts.values():
            host.files.write(self.template_path, config_template(self.template) if text is None else text)

    def allow_delegation(self, allowed: bool = True) -> None:
        """Let sign-ins on the nodes go on to a second machine (CredSSP, Kerberos delegation), or not (double hop).

        It concerns the share, where the scripts lie on it, and integrated logins to SQL Server.
        """
        for host in self.hosts.values():
            host.delegates = allowed
            if self.folder == SHARE:
                host.files.deny(SHARE + "\\", not allowed)

    def share_scripts(self) -> None:
        """Move the scripts to a share, which a sign-in over the network can't reach from a node."""
        for host in self.hosts.values():
            host.files.delete(self.folder)
            del host.scripts[self.script_path.lower()]
            host.files.add_drive(SHARE)
        self.folder = SHARE
        for host in self.hosts.values():
            self._put_scripts(host)
        self.write_template()
        self.allow_delegation(False)

    def _put_scripts(self, host: WindowsHost) -> None:
        host.files.write(self.script_path, "# quiesce.maintenance lab: not the real one\r\n")
        host.files.write(rf"{self.folder}\{MODULE}", "@{}\r\n")
        host.scripts[self.script_path.lower()] = self.script


def onprem_cluster(
    name: str,
    addresses: Sequence[str],
    clock: Clock,
    account: Account,
    *,
    sql_password: str,
    node_types: Sequence[str] = ("AOSNodeType",),
    thumbprint: str = "",
    prefix: str = "sf",
) -> OnPremises:
    """An environment with one AOS node (``sf01``, ``sf02``...) for each address and three orchestrators.

    ``account`` may sign in on every AOS node and, by integrated login, to the database, as axdbadmin may with
    ``sql_password``. ``node_types`` are given to the AOS nodes in turn. It boots with ``await cluster.start()``.
    """
    sql = SqlServer(LISTENER.upper(), clock)
    database = axdb(sql, DATABASE)
    sql.add_login(SQL_LOGIN, sql_password)
    database.grant(SQL_LOGIN, "db_owner")
    hosts: dict[str, WindowsHost] = {}
    nodes: list[Node] = []
    for number, address in enumerate(addresses):
        host = _host(f"{prefix}{number + 1:02}", address, clock, sql)
        host.add_account(account)
        login = f"{host.name}\\{account.name}"
        sql.add_login(login, windows=True)
        database.grant(login, "db_owner")
        hosts[host.name.lower()] = host
        nodes.append(Node(host.name, node_types[number % len(node_types)], address, host))
    nodes += [Node(each, kind, f"10.179.108.{21 + place}", seed=True) for place, (each, kind) in enumerate(OTHER_NODES)]

    def read_flag() -> str | None:
        session = sql.login(SQL_LOGIN, sql_password, DATABASE)
        try:
            values = [str(row[0]) for result in session.execute(QUERY) for row in getattr(result, "rows", ())]
        finally:
            session.close()
        return values[0] if values else None

    cluster = Cluster(name, nodes, clock, read_flag)
    template = Template(thumbprint=thumbprint)
    for node in nodes:
        template.node_types.setdefault(node.type, {})[node.name] = node.address
    environment = OnPremises(name, cluster, hosts, sql, database, MaintenanceScript(cluster), LOCAL_FOLDER, template)
    for host in hosts.values():
        environment._put_scripts(host)
    environment.write_template()
    return environment


def _host(name: str, address: str, clock: Clock, sql: SqlServer) -> WindowsHost:
    """One AOS node: Service Fabric's host service, no IIS, sqlcmd.exe."""
    host = WindowsHost(name, address, clock)
    for key in (LISTENER, f"{LISTENER}.contoso.com", "sqla01"):
        host.sql_servers[key] = sql
    host.install(sqlcmd.PATH, sqlcmd.sqlcmd)
    work = rf"C:\ProgramData\SF\{host.name}\Fabric\work\Applications\AXSFType_App21\AXSF.Code.10.0.1725.26"
    host.install(rf"{work}\{IMAGE}")
    host.files.make_directory(rf"{work}\bin")
    host.services.add(
        Service(
            "FabricHostSvc",
            "Microsoft Service Fabric Host Service",
            binary_path=r'"C:\Program Files\Microsoft Service Fabric\bin\FabricHost.exe"',
            image="FabricHost.exe",
        )
    )
    return host
