"""sqlcmd.exe, the one that comes with Microsoft's ODBC driver, for one batch given by -Q.

SQL errors go to stdout (stderr with -r), failures to sign in to stderr; only -b makes an error the exit code.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from lab.sql import Column, Count, Failure, Info, Rows, Session, SqlError, execute_waiting
from lab.windows.program import Call, not_simulated

PATH = r"C:\Program Files\Microsoft SQL Server\Client SDK\ODBC\170\Tools\Binn\SQLCMD.EXE"

_WITH_VALUE = "SUPdQqiohswyYltvVmfacHDKz"
_FLAGS = "EbxWCIekuXRLpNr"
_NUMBERS = {"h": (-1, 2**31), "w": (9, 65535), "y": (0, 8000), "Y": (0, 8000), "l": (0, 65534), "t": (0, 65534)}
_NOT_SIMULATED = "qiocLpKzXDeu"
_WIDTHS = {"bit": 3, "tinyint": 4, "smallint": 6, "int": 11, "bigint": 20, "float": 24, "datetime": 23, "datetime2": 38}
LOGIN_TIMEOUT = 8


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
    try:
        options = _read_options(call.arguments)
    except _Refused as problem:
        call.err(f"Sqlcmd: {problem}\n")
        return 1
    strange = [letter for letter in _NOT_SIMULATED if options.has(letter)]
    if strange or not options.has("Q"):
        return not_simulated(call, f"sqlcmd -{strange[0]}" if strange else "sqlcmd without -Q")
    batch = options.values["Q"]
    if not options.has("x"):
        substituted = _substitute(call, options, batch)
        if substituted is None:
            return 1
        batch = substituted
    session = await _sign_in(call, options)
    if session is None:
        return 1
    printer = _Printer(call, options, session.server.name)
    limit = options.number("t", 0)
    try:
        await asyncio.wait_for(_run(session, batch, printer), limit / call.host.clock.scale if limit else None)
    except asyncio.TimeoutError:
        _driver_error(call, "Query timeout expired")
        return 1
    finally:
        session.close()
    return printer.exit_code


async def _run(session: Session, batch: str, printer: _Printer) -> None:
    async for result in execute_waiting(session, batch):
        printer.show(result)


def _read_options(words: list[str]) -> _Options:
    options = _Options()
    position = 0
    while position < len(words):
        word = words[position]
        letter = word[1:2]
        if word[:1] not in ("-", "/") or not letter or letter not in _WITH_VALUE + _FLAGS:
            raise _Refused(f"'{word}': Unknown Option. Enter '-?' for help.")
        value = word[2:]
        if letter in _WITH_VALUE and not value:
            position += 1
            if position == len(words) or (words[position][:1] == "-" and letter not in "hPQ"):
                raise _Refused(f"'{word}': Missing argument. Enter '-?' for help.")
            value = words[position]
        elif letter in _FLAGS and value and (letter, value) not in (("r", "0"), ("r", "1"), ("k", "1"), ("k", "2")):
            raise _Refused(f"'{word}': Unexpected argument. Enter '-?' for help.")
        if letter in _NUMBERS:
            low, high = _NUMBERS[letter]
            if not re.fullmatch(r"-?\d+", value) or not low <= int(value) <= high:
                raise _Refused(f"'-{letter} {value}': Invalid argument. Enter '-?' for help.")
        if letter == "v":
            name, equals, content = value.partition("=")
            if not equals:
                raise _Refused(f"'-v {value}': Invalid argument. Enter '-?' for help.")
            options.variables[name.lower()] = content
        options.values[letter] = value
        position += 1
    if options.has("E") and (options.has("U") or options.has("P")):
        raise _Refused("The -E and the -U/-P options are mutually exclusive.")
    if options.has("W") and (options.has("y") or options.has("Y")):
        raise _Refused("The -W and the -y/-Y options are mutually exclusive.")
    return options


def _substitute(call: Call, options: _Options, batch: str) -> str | None:
    """Replace $(name) by scripting variables or the environment; None (and a message) where one is not defined."""
    for name in re.findall(r"\$\(([^)]*)\)", batch):
        value = options.variables.get(name.lower(), call.environment.get(name))
        if value is None:
            call.err(f"'{name}' scripting variable not defined.\n")
            return None
        batch = batch.replace(f"$({name})", value)
    return batch


async def _sign_in(call: Call, options: _Options) -> Session | None:
    environment = call.environment
    name = options.values.get("S") or environment.get("SQLCMDSERVER") or call.host.name
    database = options.values.get("d") or environment.get("SQLCMDDBNAME") or ""
    user = "" if options.has("E") else options.values.get("U") or environment.get("SQLCMDUSER") or ""
    server = call.host.sql_servers.get(_plain(name))
    if server is None:
        await call.host.clock.sleep(options.number("l", LOGIN_TIMEOUT))
        _driver_error(call, "Named Pipes Provider: Could not open a connection to SQL Server [53].  ")
        _driver_error(call, "Login timeout expired")
        _driver_error(
            call,
            "A network-related or instance-specific error has occurred while establishing a connection to SQL Server."
            " Server is not found or not accessible. Check if instance name is correct and if SQL Server is configured"
            " to allow remote connections. For more information see SQL Server Books Online.",
        )
        return None
    if options.has("N") and not options.has("C") and not call.host.trusts_sql_certificate:
        # a SQL Server without a certificate of its own signs one itself
        _driver_error(call, "SSL Provider: The certificate chain was issued by an authority that is not trusted.\n")
        _driver_error(call, "Client unable to establish connection")
        return None
    account = call.host.identity_at(_plain(name), call.account)
    try:
        if user:
            password = options.values.get("P", environment.get("SQLCMDPASSWORD", ""))
            return server.login(user, password, database)
        return server.login_windows(account, database)
    except SqlError as error:
        _driver_error(call, error.message)
        if error.number == 4060:
            _driver_error(call, f"Login failed for user '{user or account}'.")
        return None


def _plain(name: str) -> str:
    """A server's name without protocol and with the default instance and port left out."""
    name = re.sub(r"^(tcp|np|lpc):", "", name.strip().lower())
    return re.sub(r"(,1433|\\mssqlserver)$", "", name)


def _driver_error(call: Call, text: str) -> None:
    call.err(f"Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : {text}.\n")


class _Printer:
    """Prints results as sqlcmd does, and keeps the exit code."""

    def __init__(self, call: Call, options: _Options, server: str) -> None:
        self.call = call
        self.options = options
        self.server = server
        self.exit_code = 0

    def show(self, result: Rows | Count | Info | Failure) -> None:
        if isinstance(result, Rows):
            self._rows(result)
            if result.counted:
                self._line(f"\n({len(result.rows)} rows affected)")
        elif isinstance(result, Count):
            self._line(f"\n({result.rows} rows affected)")
        elif isinstance(result, Info):
            self._message(result.text, result.number, result.severity, result.state, 1)
        else:
            error = result.error
            self._message(error.message, error.number, error.severity, error.state, error.line)
            if self.options.has("b") and error.severity > 10:
                self.exit_code = 1
            if self.options.has("V") and error.severity >= int(self.options.values["V"]):
                self.exit_code = error.severity

    def _message(self, text: str, number: int, severity: int, state: int, line: int) -> None:
        least = self.options.number("m", 0)
        if severity < least:
            return
        heading = f"Msg {number}, Level {severity}, State {state}, Server {self.server}, Line {line}\n"
        full = (heading if severity > 10 or least == -1 else "") + text + "\n"
        redirected = self.options.has("r") and (severity > 10 or self.options.values["r"] == "1")
        if redirected:
            self.call.err(full)
        else:
            self.call.out(full)

    def _line(self, text: str) -> None:
        self.call.out(text + "\n")

    def _rows(self, result: Rows) -> None:
        separator = self.options.values.get("s", " ")[:1]
        trim = self.options.has("W")
        headings = self.options.number("h", 0)
        widths = [self._width(column) for column in result.columns]
        limits = [self._limit(column) for column in result.columns]
        lines: list[list[str]] = []
        if headings != -1:
            titles = [column.name for column in result.columns]
            if trim:
                widths = [max(len(title), 1) for title in titles]
            lines.append([title[:width].ljust(width) for title, width in zip(titles, widths, strict=True)])
            lines.append(["-" * width for width in widths])
        for row in result.rows:
            cells = []
            for value, column, width, limit in zip(row, result.columns, widths, limits, strict=True):
                text = _text(value)[:limit]
                cells.append(text if trim else text.rjust(width) if column.type.number else text.ljust(width))
            lines.append(cells)
        wrap = self.options.number("w", 80)
        for cells in lines:
            line = separator.join(cells)
            if trim and headings == -1:
                line = separator.join(cell.rstrip(" ") for cell in cells)
            for start in range(0, max(len(line), 1), wrap):
                self._line(line[start : start + wrap])

    def _limit(self, column: Column) -> int:
        """How many characters of a value are shown: 256 of the large types unless -y says otherwise."""
        if column.type.length == -1:
            # 0 stands for one megabyte; -W leaves the default of 256 as it is
            return self.options.number("y", 256) or 2**20
        return self.options.number("Y", 0) or 2**20

    def _width(self, column: Column) -> int:
        if column.type.name in _WIDTHS:
            natural = _WIDTHS[column.type.name]
        elif column.type.name == "varbinary":
            natural = 2 + 2 * column.type.length if column.type.length > 0 else 256
        elif column.type.name == "sql_variant":
            natural = 256
        else:
            natural = column.type.length if column.type.length > 0 else 256
        return max(min(natural, self._limit(column)), 4 if column.nullable else 1, len(column.name))


def _text(value: object) -> str:
    if value is None:
        return "NULL"
    return "0x" + value.hex().upper() if isinstance(value, bytes) else str(value)
