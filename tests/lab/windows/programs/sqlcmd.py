"""sqlcmd.exe, for one batch given by -Q, in three flavours.

A host's ``sqlcmd_flavour`` says which one it has:

- "odbc17", the one of Microsoft's ODBC Driver 17: SQL errors go to stdout (stderr with -r), failures to sign in to
  stderr; only -b makes an error the exit code.
- "odbc18", the same with another driver, which encrypts and verifies the server's certificate unless told otherwise.
- "go", Microsoft's go-sqlcmd. It takes the same options and prints nearly the same; a query that takes too long and a
  connection that is lost it reports, but ends with 0 even under -b.

The headings follow the language of Windows (``host.language``) in the flavours with ODBC. Those of errors are known;
the other translations are guesses [G].
"""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from lab.sql import Column, ConnectionLost, Count, Failure, Info, Rows, Session, SqlError, execute_waiting
from lab.windows.program import Call, not_simulated

PATH = r"C:\Program Files\Microsoft SQL Server\Client SDK\ODBC\170\Tools\Binn\SQLCMD.EXE"

_WITH_VALUE = "SUPdQqiohswyYltvVmfacHDKz"
_FLAGS = "EbxWCIekuXRLpNr"
# what may stand behind a flag, without a blank
_FLAG_VALUES = {"r": ("0", "1"), "k": ("1", "2"), "N": ("s", "m", "o")}
_NUMBERS = {"h": (-1, 2**31), "w": (9, 65535), "y": (0, 8000), "Y": (0, 8000), "l": (0, 65534), "t": (0, 65534)}
_NOT_SIMULATED = "qiocLpKzXDeu"
_WIDTHS = {
    "bit": 3,
    "tinyint": 4,
    "smallint": 6,
    "int": 11,
    "bigint": 20,
    "float": 24,
    "datetime": 23,
    "datetime2": 38,
    "uniqueidentifier": 36,
}
_GO_WIDTHS = {**_WIDTHS, "bit": 1, "tinyint": 3, "bigint": 21}
LOGIN_TIMEOUT = 8
_GO_LOGIN_TIMEOUT = 30


@dataclass(frozen=True)
class _Flavour:
    """What the flavours have that the others have not."""

    driver: str  # "" for go-sqlcmd, which has none
    encrypts: bool
    hint: str = ""  # behind a failure of encryption

    @property
    def go(self) -> bool:
        return not self.driver


_ODBC17 = _Flavour("Microsoft ODBC Driver 17 for SQL Server", encrypts=False)
_ODBC18 = _Flavour(
    "Microsoft ODBC Driver 18 for SQL Server",
    encrypts=True,
    hint=". For solutions related to encryption errors, see https://go.microsoft.com/fwlink/?linkid=2226722",
)
# without -N it encrypts what the server wants encrypted, and believes any certificate
_GO = _Flavour("", encrypts=False)
FLAVOURS = {"odbc17": _ODBC17, "odbc18": _ODBC18, "go": _GO}


@dataclass(frozen=True)
class _Language:
    """Headings: of an error, of an error in a procedure, under a result, of what goes wrong outside of SQL."""

    error: str
    procedure: str
    affected: str
    failure: str = "Sqlcmd: Error: "


_ENGLISH = _Language(
    "Msg {number}, Level {level}, State {state}, Server {server}{procedure}, Line {line}",
    ", Procedure {}",
    "({} rows affected)",
)
_LANGUAGES = {
    "de": _Language(
        "Meldung {number}, Ebene {level}, Status {state}, Server {server}{procedure}, Zeile {line}",
        ", Prozedur {}",
        "({} Zeilen betroffen)",
        "Sqlcmd: Fehler: ",
    ),
    "fr": _Language(
        "Msg {number}, Niveau {level}, État {state}, Serveur {server}{procedure}, Ligne {line}",
        ", Procédure {}",
        "({} lignes affectées)",
        "Sqlcmd : erreur : ",
    ),
    "ja": _Language(
        "メッセージ {number}、レベル {level}、状態 {state}、サーバー {server}{procedure}、行 {line}",
        "、プロシージャ {}",
        "({} 行処理されました)",
        "Sqlcmd: エラー: ",
    ),
    "zh": _Language(
        "消息 {number}，级别 {level}，状态 {state}，服务器 {server}{procedure}，第 {line} 行",
        "，过程 {}",
        "({} 行受影响)",
        "Sqlcmd: 错误: ",
    ),
}


class _Refused(Exception):
    """The command line is wrong."""


@dataclass
class _Options:
    values: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def has(self, letter: str) -> bool:
        return letter in self.values

    def number(self, letter: str, otherwise: int) -> int:
        return int(self.values.get(letter, otherwise))


async def sqlcmd(call: Call) -> int:
    """Sign in, run the batch, print what comes back."""
    flavour = FLAVOURS[call.host.sqlcmd_flavour]
    try:
        options = _read_options(call.arguments, flavour)
    except _Refused as problem:
        call.err(f"Sqlcmd: {problem}\n")
        return 1
    strange = [letter for letter in _NOT_SIMULATED if options.has(letter)]
    if strange or not options.has("Q"):
        return not_simulated(call, f"sqlcmd -{strange[0]}" if strange else "sqlcmd without -Q")
    program = _Go(call, options, flavour) if flavour.go else _Odbc(call, options, flavour)
    return await program.run()


def _read_options(words: list[str], flavour: _Flavour) -> _Options:
    options = _Options()
    position = 0
    while position < len(words):
        word = words[position]
        letter = word[1:2]
        if word[:1] not in ("-", "/") or not letter or letter not in _WITH_VALUE + _FLAGS:
            raise _Refused(f"'{word}': Unknown Option. Enter '-?' for help.")
        value = word[2:]
        following = words[position + 1] if position + 1 < len(words) else ""
        if letter in _WITH_VALUE and not value:
            position += 1
            if position == len(words) or (following[:1] == "-" and letter not in "hPQ"):
                raise _Refused(f"'{word}': Missing argument. Enter '-?' for help.")
            value = following
        elif letter in _FLAG_VALUES and not value and flavour.go and following[:1] not in ("", "-"):
            # here a flag's value may stand behind a blank
            position += 1
            value = following
        elif letter in _FLAGS and value and not flavour.go and value not in _FLAG_VALUES.get(letter, ()):
            raise _Refused(f"'{word}': Unexpected argument. Enter '-?' for help.")
        _check_number(letter, value)
        if letter == "v":
            name, equals, content = value.partition("=")
            if not equals:
                raise _Refused(f"'-v {value}': Invalid argument. Enter '-?' for help.")
            options.variables[name.lower()] = content
        options.values[letter] = value
        position += 1
    if options.has("E") and (options.has("U") or options.has("P")):
        raise _Refused("The -E and the -U/-P options are mutually exclusive.")
    if not flavour.go and options.has("W") and (options.has("y") or options.has("Y")):
        raise _Refused("The -W and the -y/-Y options are mutually exclusive.")
    return options


def _check_number(letter: str, value: str) -> None:
    if letter in _NUMBERS:
        low, high = _NUMBERS[letter]
        if not re.fullmatch(r"-?\d+", value) or not low <= int(value) <= high:
            raise _Refused(f"'-{letter} {value}': Invalid argument. Enter '-?' for help.")


class _Program(ABC):
    """What all flavours have in common."""

    login_timeout = LOGIN_TIMEOUT

    def __init__(self, call: Call, options: _Options, flavour: _Flavour) -> None:
        self.call = call
        self.options = options
        self.flavour = flavour
        self.language = _LANGUAGES.get(call.host.language, _ENGLISH) if not flavour.go else _ENGLISH
        self.server = ""
        self.exit_code = 0

    async def run(self) -> int:
        call, options = self.call, self.options
        batch = options.values["Q"]
        if not options.has("x"):
            substituted = self._substitute(batch)
            if substituted is None:
                return 1
            batch = substituted
        session = await self._sign_in()
        if session is None:
            return 1
        self.server = session.server.name
        session.quoted_identifier = options.has("I") or self.flavour.go
        session.application, session.host = "SQLCMD", call.host.name
        limit = options.number("t", 0)
        try:
            await asyncio.wait_for(self._run(session, batch), limit / call.host.clock.scale if limit else None)
        except asyncio.TimeoutError:
            return self.timed_out()
        except ConnectionLost:
            return self.connection_lost()
        finally:
            session.close()
        return self.exit_code

    async def _run(self, session: Session, batch: str) -> None:
        async for result in execute_waiting(session, batch):
            self.show(result)

    def _substitute(self, batch: str) -> str | None:
        """Replace $(name) by scripting variables or the environment; None where one is not defined and that counts."""
        for name in re.findall(r"\$\(([^)]*)\)", batch):
            value = self.options.variables.get(name.lower(), self.call.environment.get(name))
            if value is not None:
                batch = batch.replace(f"$({name})", value)
            elif self.undefined(f"'{name}' scripting variable not defined.\n"):
                return None
        return batch

    async def _sign_in(self) -> Session | None:
        call, options = self.call, self.options
        environment = call.environment
        name = options.values.get("S") or environment.get("SQLCMDSERVER") or call.host.name
        database = options.values.get("d") or environment.get("SQLCMDDBNAME") or ""
        user = "" if options.has("E") else options.values.get("U") or environment.get("SQLCMDUSER") or ""
        server = call.host.sql_servers.get(_plain(name))
        if server is None:
            await call.host.clock.sleep(options.number("l", self.login_timeout))
            self.no_server(name)
            return None
        if self._verifies() and not call.host.trusts_sql_certificate:
            # a SQL Server without a certificate of its own signs one itself
            self.no_trust()
            return None
        account = call.host.identity_at(_plain(name), call.account)
        try:
            if user:
                password = options.values.get("P", environment.get("SQLCMDPASSWORD", ""))
                return server.login(user, password, database)
            return server.login_windows(account, database)
        except SqlError as error:
            self.no_login(error, user or account)
            return None

    def _verifies(self) -> bool:
        """Whether the server's certificate is looked at."""
        if self.options.has("C"):
            return False
        if not self.options.has("N"):
            return self.flavour.encrypts
        return self.options.values["N"].lower() not in ("o", "optional", "no", "false", "f", "0", "disable")

    # what each flavour says

    @abstractmethod
    def undefined(self, text: str) -> bool:
        """A scripting variable is not defined; whether that ends the program."""

    @abstractmethod
    def no_server(self, name: str) -> None:
        """Nobody answers under that name."""

    @abstractmethod
    def no_trust(self) -> None:
        """The server's certificate is not trusted."""

    @abstractmethod
    def no_login(self, error: SqlError, user: str) -> None:
        """The server refuses the login."""

    @abstractmethod
    def timed_out(self) -> int:
        """The query took longer than -t; the exit code."""

    @abstractmethod
    def connection_lost(self) -> int:
        """The connection broke; the exit code."""

    # results

    @abstractmethod
    def show(self, result: Rows | Count | Info | Failure) -> None:
        """Print one of them."""

    def heading(self, number: int, level: int, state: int, line: int, procedure: str) -> str:
        """The line above an error's text."""
        place = self.language.procedure.format(procedure) if procedure else ""
        return (
            self.language.error.format(
                number=number, level=level, state=state, server=self.server, procedure=place, line=line
            )
            + "\n"
        )

    def line(self, text: str) -> None:
        self.call.out(text + "\n")

    def table(self, result: Rows, screen: int) -> None:
        """Headings and rows."""
        separator = self.options.values.get("s", " ")[:1]
        trim = self.options.has("W")
        headings = self.options.number("h", 0)
        widths = [self.width(column) for column in result.columns]
        limits = [self._limit(column) for column in result.columns]
        lines: list[list[str]] = []
        if headings != -1:
            titles = [column.name for column in result.columns]
            shown = [max(len(title), 1) for title in titles] if trim else widths
            lines.append([title[:width].ljust(width) for title, width in zip(titles, shown, strict=True)])
            lines.append(["-" * width for width in shown])
            if trim:
                widths = shown
        for row in result.rows:
            cells = []
            for value, column, width, limit in zip(row, result.columns, widths, limits, strict=True):
                text = self.text(value, column)[:limit]
                cells.append(text if trim else text.rjust(width) if column.type.number else text.ljust(width))
            lines.append(cells)
        for cells in lines:
            line = separator.join(cells)
            if trim and headings == -1:
                line = separator.join(cell.rstrip(" ") for cell in cells)
            for start in range(0, max(len(line), 1), screen or max(len(line), 1)):
                self.line(line[start : start + (screen or len(line))])

    def _limit(self, column: Column) -> int:
        """How many characters of a value are shown: 256 of the large types unless -y says otherwise."""
        if column.type.length == -1:
            # 0 stands for one megabyte; -W leaves the default of 256 as it is
            return self.options.number("y", 256) or 2**20
        return self.options.number("Y", 0) or 2**20

    def _natural(self, column: Column, widths: dict[str, int], variant: int) -> int:
        if column.type.name in widths:
            return widths[column.type.name]
        if column.type.name == "varbinary":
            return 2 + 2 * column.type.length if column.type.length > 0 else 256
        if column.type.name == "sql_variant":
            return variant
        return column.type.length if column.type.length > 0 else 256

    @abstractmethod
    def width(self, column: Column) -> int:
        """How wide a column is."""

    def text(self, value: object, column: Column) -> str:
        """A value as it is printed."""
        if value is None:
            return "NULL"
        return "0x" + value.hex().upper() if isinstance(value, bytes) else str(value)


class _Odbc(_Program):
    """sqlcmd on ODBC."""

    def _driver_error(self, text: str) -> None:
        self.call.err(f"{self.language.failure}{self.flavour.driver} : {text}.\n")

    def undefined(self, text: str) -> bool:
        self.call.err(text)
        return True

    def no_server(self, name: str) -> None:
        self._driver_error("Named Pipes Provider: Could not open a connection to SQL Server [53].  ")
        self._driver_error("Login timeout expired")
        self._driver_error(
            "A network-related or instance-specific error has occurred while establishing a connection to SQL Server."
            " Server is not found or not accessible. Check if instance name is correct and if SQL Server is configured"
            " to allow remote connections. For more information see SQL Server Books Online."
        )

    def no_trust(self) -> None:
        self._driver_error("SSL Provider: The certificate chain was issued by an authority that is not trusted.\n")
        self._driver_error(f"Client unable to establish connection{self.flavour.hint}")

    def no_login(self, error: SqlError, user: str) -> None:
        self._driver_error(error.message)
        if error.number == 4060:
            self._driver_error(f"Login failed for user '{user}'.")

    def timed_out(self) -> int:
        self._driver_error("Query timeout expired")
        return 1

    def connection_lost(self) -> int:
        self._driver_error("TCP Provider: An existing connection was forcibly closed by the remote host.\n")
        self._driver_error("Communication link failure")
        return 1

    def show(self, result: Rows | Count | Info | Failure) -> None:
        if isinstance(result, Rows):
            self.table(result, self.options.number("w", 80))
            if result.counted:
                self._affected(len(result.rows))
        elif isinstance(result, Count):
            self._affected(result.rows)
        elif isinstance(result, Info):
            heading = self.heading(result.number, result.severity, result.state, result.line, result.procedure)
            self._message(heading, result.text, result.severity)
        else:
            error = result.error
            heading = self.heading(error.number, error.severity, error.state, error.line, error.procedure)
            self._message(heading, error.message, error.severity)
            if self.options.has("b") and error.severity > 10:
                self.exit_code = 1
            if self.options.has("V") and error.severity >= int(self.options.values["V"]):
                self.exit_code = error.severity

    def _affected(self, rows: int) -> None:
        self.line("\n" + self.language.affected.format(rows))

    def _message(self, heading: str, text: str, severity: int) -> None:
        least = self.options.number("m", 0)
        if severity < least:
            return
        full = (heading if severity > 10 or least == -1 else "") + text + "\n"
        redirected = self.options.has("r") and (severity > 10 or self.options.values["r"] == "1")
        if redirected:
            self.call.err(full)
        else:
            self.call.out(full)

    def width(self, column: Column) -> int:
        natural = self._natural(column, _WIDTHS, 256)
        return max(min(natural, self._limit(column)), 4 if column.nullable else 1, len(column.name))


class _Go(_Program):
    """go-sqlcmd: everything goes to stdout."""

    login_timeout = _GO_LOGIN_TIMEOUT
    _over = False

    def undefined(self, text: str) -> bool:
        self.call.out(text)
        return False

    def _twice(self, text: str) -> None:
        # once where it connects, once where the program ends
        self.line(text)
        self.line(text)

    def no_server(self, name: str) -> None:
        host = _plain(name)
        self._twice(f"unable to open tcp connection with host '{host}:1433': dial tcp: lookup {host}: no such host")

    def no_trust(self) -> None:
        self._twice(
            "TLS Handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority"
        )

    def no_login(self, error: SqlError, user: str) -> None:
        # of 4060 and 18456 it shows what came last
        message = f"Login failed for user '{user}'." if error.number == 4060 else error.message
        self._twice(f"mssql: login error: {message}")

    def timed_out(self) -> int:
        self.line("context deadline exceeded")
        return 0

    def connection_lost(self) -> int:
        self.line("read tcp: wsarecv: An existing connection was forcibly closed by the remote host.")
        return 0

    def show(self, result: Rows | Count | Info | Failure) -> None:
        if self._over:
            return
        if isinstance(result, Rows):
            self.table(result, self.options.number("w", 0))
            self.line("")
            if result.counted:
                self._affected(len(result.rows))
        elif isinstance(result, Count):
            self._affected(result.rows)
        elif isinstance(result, Info):
            if not self._redirected(result.text, 10):
                self.line(result.text)
        else:
            self._failure(result.error)

    def _affected(self, rows: int) -> None:
        self.line("(1 row affected)" if rows == 1 else f"({rows} rows affected)")

    def _redirected(self, text: str, severity: int) -> bool:
        """With -r a message goes to stderr, without its heading."""
        if not self.options.has("r") or severity < (0 if self.options.values["r"] == "1" else 11):
            return False
        self.call.err(text + "\n\n")
        return True

    def _failure(self, error: SqlError) -> None:
        least = self.options.number("m", 0)
        if not self._redirected(error.message, error.severity) and (least <= 0 or error.severity >= least):
            heading = self.heading(error.number, error.severity, error.state, error.line, error.procedure)
            self.call.out(heading + error.message + "\n")
        limit = int(self.options.values.get("V", 0)) or 11
        if self.options.has("V") and error.severity >= limit:
            self.exit_code = error.severity
        if self.options.has("b") and error.severity >= limit:
            # what comes behind it is not read any more
            self.exit_code = self.exit_code or 1
            self._over = True

    def width(self, column: Column) -> int:
        return max(min(self._natural(column, _GO_WIDTHS, 8000), self._limit(column)), len(column.name))

    def text(self, value: object, column: Column) -> str:
        text = super().text(value, column)
        return text.lower() if column.type.name == "uniqueidentifier" and value is not None else text


def _plain(name: str) -> str:
    """A server's name without protocol and with the default instance and port left out."""
    name = re.sub(r"^(tcp|np|lpc):", "", name.strip().lower())
    return re.sub(r"(,1433|\\mssqlserver)$", "", name)
