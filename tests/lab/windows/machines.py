"""Ready-made machines: a Dynamics 365 F&O one-box as the vendor delivers it, in its kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from lab.aos import Aos
from lab.clock import Clock
from lab.sql.errors import SqlError
from lab.windows.host import WindowsHost
from lab.windows.processes import Process
from lab.windows.programs import sqlcmd
from lab.windows.programs.setup_tool import SetupTool
from lab.windows.services import Service, StartType

if TYPE_CHECKING:
    from lab.sql import SqlServer

TOOL = "Microsoft.Dynamics.AX.Deployment.Setup.exe"
DMF = "Microsoft.Dynamics.AX.Framework.Tools.DMF.SSISHelperService.exe"

# Infrastructure.HostName by kind of environment
HOST_NAMES = {
    "vhd": "usnconeboxax1aos.cloud.onebox.dynamics.com",
    "azure": "{name}-devaos.cloudax.dynamics.com",
    "tier1": "{name}-sandbox.sandbox.ax.dynamics.com",
    "production": "{name}.operations.dynamics.com",
    "tier2": "{name}-uat.sandbox.operations.eu.dynamics.com",
}


@dataclass
class Layout:
    """Where things are on a one-box and how its settings look; a test overrides what it is about."""

    drive: str = "K:"
    service_drive: str | None = "K:"  # the value of %ServiceDrive%; None: not set
    kind: str = "azure"  # a key of HOST_NAMES
    host_name: str | None = None  # Infrastructure.HostName itself
    host_url: str | None = None  # Infrastructure.HostUrl itself; a name in it is known on the machine alone
    comments: str = ""  # put into web.config as it is, before the settings
    database: str = "AxDB"
    db_server: str = "."
    sql_user: str = "axdbadmin"
    sql_password: str | None = "AOSWebSite@123"
    encrypted: bool = False  # the values of DataAccess.* are encrypted
    missing: tuple[str, ...] = ()  # keys left out of web.config
    tool_in_packages: bool = True
    tool_in_web_root: bool = True
    batch_fails_in_maintenance: bool = True

    @property
    def web_root(self) -> str:
        """The AOS's web root."""
        return rf"{self.drive}\AosService\WebRoot"

    @property
    def packages(self) -> str:
        """PackagesLocalDirectory."""
        return rf"{self.drive}\AosService\PackagesLocalDirectory"


def web_config(layout: Layout, name: str, url: str) -> str:
    """The AOS's web.config, shortened to what is read from it and some of what stands around it."""
    host_name = layout.host_name or HOST_NAMES[layout.kind].format(name=name.lower())
    settings = {
        "Aos.AppRoot": layout.web_root,
        "Aos.MetadataDirectory": layout.packages,
        "Aos.PackageDirectory": layout.packages,
        "Common.BinDir": layout.packages,
        "DataAccess.AxAdminSqlUser": "axdbadmin",
        "DataAccess.Database": layout.database,
        "DataAccess.DbServer": layout.db_server,
        "DataAccess.SqlUser": layout.sql_user,
        "DataAccess.SqlPwd": layout.sql_password or "",
        "Infrastructure.ClickonceAppsDirectory": "Apps",
        "Infrastructure.HostName": host_name,
        "Infrastructure.HostUrl": layout.host_url or url,
        "Infrastructure.StartStorageEmulator": "true",
    }
    if layout.encrypted:
        for key in ("DataAccess.Database", "DataAccess.DbServer", "DataAccess.SqlUser", "DataAccess.SqlPwd"):
            settings[key] = "MIIB" + (key.encode().hex().upper() * 6)[:180]
    if layout.sql_password is None:
        del settings["DataAccess.SqlPwd"]
    comments = layout.comments + "\n" if layout.comments else ""
    lines = comments + "\n".join(
        f"    <add key={quoteattr(key)} value={quoteattr(value)} />"
        for key, value in settings.items()
        if key not in layout.missing
    )
    return (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>\n'
        "<configuration>\n"
        "  <configSections>\n"
        '    <section name="log4net" type="log4net.Config.Log4NetConfigurationSectionHandler, log4net" />\n'
        "  </configSections>\n"
        '  <!-- <add key="Infrastructure.HostName" value="from-a-comment.example.com" /> -->\n'
        f"  <appSettings>\n{lines}\n  </appSettings>\n"
        '  <system.web>\n    <compilation debug="false" targetFramework="4.7.2" />\n  </system.web>\n'
        "</configuration>\n"
    ).replace("\n", "\r\n")


def dev_machine(
    name: str,
    address: str,
    clock: Clock,
    sql_server: SqlServer,
    *,
    layout: Layout | None = None,
    tls: tuple[Path, Path] | None = None,
    port: int = 0,
    warm_up: float = 20.0,
    read_flag: Callable[[], str | None] | None = None,
    language: str = "en",
) -> WindowsHost:
    """A development machine with everything on it; it boots with ``await host.start()``.

    ``sql_server`` answers on it as ".", "localhost" and by the machine's name. The AOS reads CONFIGURATIONMODE from
    ``layout.database`` as ``layout.sql_user``, or by ``read_flag``. ``port`` is the AOS's port (0: a free one;
    web.config then gets the real one when the machine boots).
    """
    layout = layout or Layout()
    host = WindowsHost(name, address, clock, language=language)
    for key in (".", "(local)", "localhost", "127.0.0.1", host.name.lower()):
        host.sql_servers[key] = sql_server
    host.install(sqlcmd.PATH, sqlcmd.sqlcmd)
    host.files.add_drive(layout.drive)
    if layout.service_drive is not None:
        host.environment["ServiceDrive"] = layout.service_drive
    host.aos = Aos(
        address,
        port,
        tls,
        clock,
        host.processes,
        read_flag or configuration_mode(sql_server, layout),
        warm_up=warm_up,
        log_event=host.log_event,
    )
    own_name = urlsplit(layout.host_url or "").hostname
    if own_name and host.resolve(own_name) is None:
        host.hosts_file[own_name] = address
    _put_files(host, layout)
    _add_services(host, layout)
    return host


def vhd_layout() -> Layout:
    """A local virtual machine from Microsoft's VHD: everything on J:, the tool in the packages directory only."""
    return Layout(drive="J:", service_drive="J:", kind="vhd", tool_in_web_root=False)


def configuration_mode(sql_server: SqlServer, layout: Layout) -> Callable[[], str | None]:
    """What an AOS does to learn the maintenance flag."""

    def read() -> str | None:
        session = sql_server.login(layout.sql_user, layout.sql_password or "", layout.database)
        try:
            query = "SELECT VALUE FROM SQLSYSTEMVARIABLES WHERE PARM = 'CONFIGURATIONMODE'"
            values = [str(row[0]) for result in session.execute(query) for row in getattr(result, "rows", ())]
        finally:
            session.close()
        return values[0] if values else None

    return read


def _put_files(host: WindowsHost, layout: Layout) -> None:
    assert host.aos is not None
    aos = host.aos

    def write_settings() -> None:
        host.files.write(rf"{layout.web_root}\web.config", web_config(layout, host.name, aos.url))

    write_settings()
    host.before_boot.append(write_settings)
    host.files.write(rf"{layout.web_root}\bin\AOSKernel.dll", b"MZ")
    host.files.make_directory(rf"{layout.packages}\ApplicationSuite")
    host.files.make_directory(rf"{layout.packages}\bin")
    host.setup_tool = SetupTool()
    if layout.tool_in_packages:
        host.install(rf"{layout.packages}\bin\{TOOL}", host.setup_tool)
    if layout.tool_in_web_root:
        host.install(rf"{layout.web_root}\bin\{TOOL}", host.setup_tool)


def _add_services(host: WindowsHost, layout: Layout) -> None:
    assert host.aos is not None
    aos = host.aos
    iis = r"C:\Windows\system32\svchost.exe -k iissvcs"
    host.services.add(
        Service(
            "WAS",
            "Windows Process Activation Service",
            StartType.DEMAND,
            binary_path=iis,
            shared_process="iissvcs",
            start_seconds=0.5,
            stop_seconds=0.5,
        )
    )
    web = Service(
        "W3SVC",
        "World Wide Web Publishing Service",
        dependencies=("WAS",),
        binary_path=iis,
        shared_process="iissvcs",
        start_seconds=1.5,
        stop_seconds=4.0,
    )
    web.when_running.append(aos.service_running)
    web.when_stopped.append(aos.service_stopped)
    host.services.add(web)

    def batch_refuses() -> str | None:
        # the batch service reads the flag for itself [G]; in maintenance mode it ends with this exception
        try:
            flag = aos.read_flag()
        except SqlError as error:
            host.log_event("DynamicsAxBatch", f"The batch service could not start: {error.message}")
            return "no database"
        if not layout.batch_fails_in_maintenance or flag is None or flag.strip() != "1":
            return None
        host.log_event("DynamicsAxBatch", "MaintenanceModeBatchStartupException: the system is in maintenance mode.")
        return "MaintenanceModeBatchStartupException"

    host.services.add(
        Service(
            "DynamicsAxBatch",
            "Microsoft Dynamics 365 Unified Operations: Batch Management Service",
            StartType.DELAYED_AUTO,
            binary_path=rf'"{layout.web_root}\bin\Batch.exe" -service {layout.web_root}\web.config',
            image="Batch.exe",
            account=r"NT AUTHORITY\NETWORK SERVICE",
            start_seconds=6.0,
            stop_seconds=8.0,
            restart_after_crash=30.0,
            memory=912_400,
            crashes_because=batch_refuses,
        )
    )
    host.services.add(
        Service(
            "MR2012ProcessService",
            "Management Reporter 2012 Process Service",
            binary_path=rf'"{layout.drive}\MRProcessService\MRInstallDirectory\Server\Services\MRServiceHost.exe"',
            image="MRServiceHost.exe",
            start_seconds=3.0,
            stop_seconds=5.0,
        )
    )
    host.services.add(
        Service(
            DMF,
            "Microsoft Dynamics 365 Unified Operations: Data Import Export Framework Service",
            binary_path=rf'"{layout.drive}\DmfInstallDirectory\{DMF}"',
            image=DMF,
            start_seconds=2.0,
            stop_seconds=2.0,
        )
    )


def open_visual_studio(host: WindowsHost, user: str = "Admin") -> Process:
    """Somebody opens Visual Studio; ``host.processes.end(process.pid)`` closes it."""
    return host.processes.start("devenv.exe", f"{host.name}\\{user}", session=2, memory=645_120)


def run_iis_express(host: WindowsHost, user: str = "Admin") -> Process:
    """Somebody runs the AOS in IIS Express, as on a machine without administrator rights; ended as Visual Studio is."""
    return host.processes.start("iisexpress.exe", f"{host.name}\\{user}", session=2, memory=412_808)
