# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that several Dynamics 365 modules share."""

    # Every module of the product: a Windows host, reached by its own connection, and options as variables.
    DOCUMENTATION = r"""
attributes:
  action:
    description: Runs as an action plugin on the controller.
    support: full
  async:
    description: Can be used with C(async).
    support: none
  platform:
    description: What the module acts on.
    platforms: windows
    support: full
options:
  run_by:
    description:
      - How the commands reach the host. V(auto) runs native programs in a WinRM shell if the connection is
        P(ansible.builtin.winrm#connection), and uses the connection's C(exec_command) otherwise.
      - V(exec_command) uses C(exec_command) over WinRM too, which starts PowerShell for each command.
    type: str
    choices: [auto, exec_command]
    default: auto
notes:
  - Runs programs that are part of Windows over the host's own connection. It copies nothing to the host and compiles
    nothing there, so it works on hosts on which Application Control blocks unrecognised software.
  - C(become) is refused, because it does not reach the shell in which the commands run. Connect with an account that
    has the rights.
  - Every option but C(state) and C(names) may also be set by a variable of the same name with the prefix C(d365fo_), in
    the inventory or with C(-e), for example C(d365fo_sql_server). The option of the task wins. A variable that is blank
    counts as not set.
  - A time limit or interval is a duration like V(90s), V(5m) or V(1h30m); a bare number is seconds.
"""

    # SQL Server by sqlcmd.exe on the host.
    SQL = r"""
options:
  sql_server:
    description:
      - SQL Server of the AXDB, as seen from the machine that connects to it. V(.) is the default instance on the host.
    type: str
  sql_database:
    description: Name of the AXDB database.
    type: str
  sql_login_user:
    description:
      - SQL login. Without it integrated login is used.
      - It requires C(SELECT) and C(UPDATE) on C(SQLSYSTEMVARIABLES) and C(ALTER) on the database (for the record, an
        extended property of the database); C(axdbadmin) has them.
    type: str
  sql_login_password:
    description:
      - Password of O(sql_login_user). C(sqlcmd.exe) gets it in the environment variable E(SQLCMDPASSWORD) of the WinRM
        shell, never on a command line.
      - C(psrp) and C(ssh) connections have no safe place for it; with them, a password for a program on the host is
        refused.
    type: str
  sql_encrypt:
    description:
      - Whether the connection to SQL Server is encrypted. With ODBC the default is V(true). With C(sqlcmd.exe) V(true)
        requires encryption, the default depends on the version of C(sqlcmd.exe), and V(false) is refused because no
        version has an option to turn encryption off.
    type: bool
  sql_validate_certs:
    description: Whether the certificate of SQL Server is verified.
    type: bool
    default: true
  sql_connect_timeout:
    description: How long to wait for the login.
    type: str
    default: 15s
  sql_query_timeout:
    description: How long to wait for a query.
    type: str
    default: 1m
  sqlcmd_path:
    description: Path of C(sqlcmd.exe) on the host, if it is not on the search path.
    type: path
    default: sqlcmd.exe
"""

    # SQL Server by ODBC from the controller, too.
    ODBC = r"""
options:
  via:
    description:
      - How to connect to the database. V(sqlcmd) runs C(sqlcmd.exe) on the Windows host. V(odbc) uses pyodbc on the
        controller.
    type: str
    choices: [odbc, sqlcmd]
    default: sqlcmd
  sql_port:
    description: TCP port of SQL Server, for O(via=odbc).
    type: int
    default: 1433
  sql_ca_path:
    description:
      - PEM file of the certificate authorities to trust for SQL Server, in place of the system's, for O(via=odbc).
    type: path
  sql_hostname_in_certificate:
    description:
      - Name that the certificate must contain, if it differs from O(sql_server), for O(via=odbc). Only Microsoft's
        driver supports this; with FreeTDS the task is refused.
    type: str
  odbc_driver:
    description:
      - Name or file of the ODBC driver, for O(via=odbc). The default is the first of C(ODBC Driver 18 for SQL Server),
        C(ODBC Driver 17 for SQL Server) and C(FreeTDS) that is installed.
    type: str
requirements:
  - pyodbc and an ODBC driver for SQL Server on the controller, for O(via=odbc)
  - C(sqlcmd.exe) on the host, for O(via=sqlcmd)
"""

    # Where things are on a machine.
    MACHINE = r"""
options:
  web_root:
    description:
      - The AOS web root. The default is C(AosService\WebRoot) on C(%ServiceDrive%), otherwise on the first of the
        drives J, K, C, F and G that has it.
    type: str
  packages_directory:
    description:
      - The packages directory. The default is C(AosService\PackagesLocalDirectory) on the same drive, otherwise the one
        in C(web.config).
    type: str
"""

    # Microsoft's setup tool.
    TOOL = r"""
options:
  setup_tool:
    description:
      - Path of Microsoft's setup tool on the host. By default it is searched for in C(bin) below the web root and below
        the packages directory.
    type: str
  setup_tool_arguments:
    description:
      - Parameters of the setup tool by name, without dashes. They replace or extend those that the module passes
        (C(metadatadir), C(bindir), C(sqlserver), C(sqldatabase), C(sqluser), C(sqlpwd)); an empty value removes one. A
        password is refused here.
    type: dict
    default: {}
notes:
  - The setup tool takes its password on its own command line, so other administrators of the host can see it while the
    tool runs. It is on no other command line, in no result and in no log of this collection.
  - The output and the exit codes of the setup tool are not published. Exit code, text on stderr and the variable as
    read back decide whether it worked.
"""

    # Nodes of an on-premises environment.
    NODE = r"""
options:
  nodes:
    description:
      - Names or addresses of the nodes of an on-premises environment, as the controller reaches them. The environment
        is then one inventory host, and the first node that answers does the work.
      - Without this option the host of the task is the node.
    type: list
    elements: str
    default: []
  script:
    description:
      - Full path of C(Set-MaintenanceMode.ps1) on the node (infrastructure scripts 2.18.2 or later). With this option
        the system is an on-premises environment.
    type: str
  template:
    description: The environment's C(ConfigTemplate.xml) on the node. The default is the one in the folder of O(script).
    type: str
"""

    # The Service Fabric cluster of an on-premises environment.
    CLUSTER = r"""
options:
  cluster_url:
    description:
      - HTTP gateway of the Service Fabric cluster as the controller reaches it, like V(https://sf01.example.com:19080).
        It reports each AOS instance.
    type: str
  cluster_client_cert:
    description: PEM file, on the controller, of a client certificate that the cluster accepts.
    type: path
  cluster_client_key:
    description: PEM file of its unencrypted key, if O(cluster_client_cert) does not contain it.
    type: path
  cluster_ca_path:
    description: PEM file of the certificate authorities to trust for the gateway, in place of the system's.
    type: path
  cluster_validate_certs:
    description: Whether the gateway's certificate is verified.
    type: bool
    default: true
  cluster_application:
    description: Name of the application in the cluster.
    type: str
    default: AXSF
  cluster_service:
    description: Id of the AOS service in the cluster.
    type: str
    default: AXSF~AXService
  cluster_node_types:
    description: Node types that run an AOS.
    type: list
    elements: str
    default: [AOSNodeType, BatchOnlyAOSNodeType, InteractiveOnlyAOSNodeType]
"""

    # What a look at a whole system requires beside that.
    LOOK = r"""
options:
  system:
    description: Name of the system in the status table and in messages. The default is the inventory name.
    type: str
  method:
    description:
      - How maintenance mode is switched. V(auto) is the vendor's method for the kind of environment. It is the script
        if O(script) is given, the setup tool on a VHD if a SQL login is given, and the SQL variable otherwise. An
        environment that Microsoft manages is refused in any case.
    type: str
    choices: [auto, sql, setup_tool, script]
    default: auto
  sql_server:
    description:
      - SQL Server of the AXDB, as seen from the machine that connects to it. With O(via=sqlcmd) the default is
        C(DataAccess.DbServer) in C(web.config), on-premises the server in O(template). Required with O(via=odbc).
  sql_database:
    description:
      - Name of the AXDB database. With O(via=sqlcmd) the default is C(DataAccess.Database) in C(web.config),
        on-premises the database in O(template); with O(via=odbc) it is V(AXDB).
notes:
  - C(Infrastructure.HostName) tells the kind of environment, as in d365fo.tools. What an encrypted value in
    C(web.config) looks like is a guess; if it is wrong, set O(sql_server) and O(sql_database).
"""
