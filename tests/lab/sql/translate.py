"""T-SQL syntax trees as SQL for sqlite.

Every kind of node is translated by a rule of its own and typed on the way; a node without a rule is refused. sqlite
converts types by other rules than SQL Server, so nothing is left to it: strings are compared with the collation TSQL
(case-insensitive), a string that meets a number goes through ``t_convert``, which fails as SQL Server's does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from . import errors, types
from .catalog import Column, Table
from .errors import not_simulated
from .types import INT, MAX, SqlType

HINTS_WITHOUT_LOCK = frozenset(("NOLOCK", "READUNCOMMITTED"))
HINTS_WITH_LOCK = frozenset(("UPDLOCK", "XLOCK", "TABLOCKX", "HOLDLOCK", "SERIALIZABLE", "REPEATABLEREAD"))
HINTS_WITHOUT_EFFECT = frozenset(("ROWLOCK", "PAGLOCK", "TABLOCK", "READCOMMITTED", "READCOMMITTEDLOCK"))

_BINARY: dict[type[exp.Expr], str] = {exp.Sub: "-", exp.Mul: "*", exp.Mod: "%", exp.Div: "/"}
_COMPARISON: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
_TYPES = {
    "INT": INT,
    "BIGINT": types.BIGINT,
    "SMALLINT": SqlType("smallint"),
    "TINYINT": SqlType("tinyint"),
    "UTINYINT": SqlType("tinyint"),
    "BIT": types.BIT,
    "BOOLEAN": types.BIT,
    "FLOAT": types.FLOAT,
    "DOUBLE": types.FLOAT,
    "DATETIME": types.DATETIME,
    "DATETIME2": types.DATETIME2,
    "TIMESTAMP": types.DATETIME,
    "VARIANT": types.VARIANT,
}
_STRINGS = {"NVARCHAR": "nvarchar", "VARCHAR": "varchar", "VARBINARY": "varbinary"}


@dataclass(frozen=True)
class Text:
    """A piece of sqlite's SQL and the type of what it yields."""

    sql: str
    type: SqlType


@dataclass(frozen=True)
class Function:
    """A built-in function: sqlite's name for it, its type, how many arguments."""

    sql: str
    type: SqlType
    least: int
    most: int
    # convert each argument to this first
    argument: SqlType | None = None


_ANY_TEXT = SqlType("nvarchar", 4000)
FUNCTIONS: Mapping[str, Function] = {
    "DB_NAME": Function("t_db_name", types.SYSNAME, 0, 0),
    "DB_ID": Function("t_db_id", SqlType("smallint"), 0, 1, _ANY_TEXT),
    "SUSER_SNAME": Function("t_login", types.SYSNAME, 0, 0),
    "SUSER_NAME": Function("t_login", types.SYSNAME, 0, 0),
    "ORIGINAL_LOGIN": Function("t_login", types.SYSNAME, 0, 0),
    "USER_NAME": Function("t_user", types.SYSNAME, 0, 0),
    "HOST_NAME": Function("t_host", types.SYSNAME, 0, 0),
    "APP_NAME": Function("t_application", types.SYSNAME, 0, 0),
    "SERVERPROPERTY": Function("t_server_property", types.VARIANT, 1, 1, _ANY_TEXT),
    "HAS_PERMS_BY_NAME": Function("t_has_permission", INT, 3, 3, _ANY_TEXT),
    "HAS_DBACCESS": Function("t_has_access", INT, 1, 1, _ANY_TEXT),
    "OBJECT_ID": Function("t_object_id", INT, 1, 2, _ANY_TEXT),
    "XACT_STATE": Function("t_xact_state", SqlType("smallint"), 0, 0),
    "ERROR_NUMBER": Function("t_error_number", INT, 0, 0),
    "ERROR_MESSAGE": Function("t_error_message", _ANY_TEXT, 0, 0),
    "ERROR_SEVERITY": Function("t_error_severity", INT, 0, 0),
    "ERROR_STATE": Function("t_error_state", INT, 0, 0),
    "GETDATE": Function("t_now", types.DATETIME, 0, 0),
    "GETUTCDATE": Function("t_now", types.DATETIME, 0, 0),
    "SYSDATETIME": Function("t_now2", types.DATETIME2, 0, 0),
    "SYSUTCDATETIME": Function("t_now2", types.DATETIME2, 0, 0),
    "LEN": Function("t_len", INT, 1, 1, _ANY_TEXT),
    "UPPER": Function("upper", _ANY_TEXT, 1, 1, _ANY_TEXT),
    "LOWER": Function("lower", _ANY_TEXT, 1, 1, _ANY_TEXT),
    "LTRIM": Function("ltrim", _ANY_TEXT, 1, 1, _ANY_TEXT),
    "RTRIM": Function("rtrim", _ANY_TEXT, 1, 1, _ANY_TEXT),
}
GLOBALS: Mapping[str, SqlType] = {
    "TRANCOUNT": INT,
    "ROWCOUNT": INT,
    "ERROR": INT,
    "SPID": SqlType("smallint"),
    "SERVERNAME": types.SYSNAME,
    "SERVICENAME": types.SYSNAME,
    "VERSION": SqlType("nvarchar", 300),
    "LANGUAGE": types.SYSNAME,
    "LOCK_TIMEOUT": INT,
    "MAX_PRECISION": SqlType("tinyint"),
    "MICROSOFTVERSION": INT,
}


@dataclass
class Query:
    """A translated statement: SQL for sqlite, the columns of its rows, what it reads and writes."""

    sql: str = ""
    columns: list[Column] = field(default_factory=list)
    # (permission, table), in the order in which SQL Server would miss them
    needs: list[tuple[str, Table]] = field(default_factory=list)
    reads: set[str] = field(default_factory=set)
    locks: bool = False
    # SELECT @a = ..., @b = ...: the variables
    assigned: list[str] = field(default_factory=list)
    target: Table | None = None


@dataclass
class _Source:
    name: str
    columns: tuple[Column, ...]
    table: Table | None


Sources = list[list[_Source]]


def type_of(node: exp.Expr | None, cast: bool = False, parameter: bool = False) -> SqlType:
    """A data type's tree (of CAST, DECLARE) as a type. A length that is left out is 30 in CAST, else 1.

    Drivers declare a ``parameter`` with types that the lab has not: decimals are a bigint or float, the old ntext
    and image the types that replaced them.
    """
    if node is None:
        raise errors.syntax("AS" if cast else "DECLARE")
    if not isinstance(node, exp.DataType):
        raise not_simulated(f"the type {node.sql('tsql')}")
    if str(node.args.get("kind") or "").lower() == "sysname":
        return types.SYSNAME
    name = node.this.value if isinstance(node.this, exp.DType) else str(node.this)
    if name in _STRINGS:
        if not node.expressions:
            return SqlType(_STRINGS[name], 30 if cast else 1)
        length = node.expressions[0].name.upper()
        return SqlType(_STRINGS[name], MAX if length == "MAX" else int(length))
    if parameter and name == "DECIMAL":
        return types.FLOAT if len(node.expressions) == 2 and node.expressions[1].name != "0" else types.BIGINT
    if parameter and name in ("TEXT", "IMAGE"):
        return SqlType("nvarchar" if name == "TEXT" else "varbinary", MAX)
    if name not in _TYPES:
        raise not_simulated(f"the type {node.sql('tsql')}")
    return _TYPES[name]


class Translator:
    """Translates the statements of one session: ``find`` resolves a table's name, ``variables`` are the batch's."""

    def __init__(self, find: Callable[[exp.Table], Table], database: str, variables: Mapping[str, SqlType]) -> None:
        self._find = find
        self._database = database
        self.variables = variables
        self._query = Query()
        self._rules: dict[type[exp.Expr], Callable[[exp.Expr, Sources], Text]] = {
            exp.Literal: self._literal,
            exp.National: self._national,
            exp.HexString: self._hex,
            exp.Null: lambda node, sources: Text("NULL", types.NULL),
            exp.Column: self._column,
            exp.Parameter: self._parameter,
            exp.Paren: self._paren,
            exp.Neg: self._negative,
            exp.Add: self._add,
            exp.Concat: self._adjacent,
            exp.Collate: self._collate,
            exp.Cast: self._cast,
            exp.TryCast: self._cast,
            exp.Convert: self._cast,
            exp.Anonymous: self._function,
            exp.CurrentUser: self._refuse,
            exp.CurrentTimestamp: lambda node, sources: Text("t_now()", types.DATETIME),
            exp.Trim: self._trim,
            exp.Substring: self._substring,
            exp.Case: self._case,
            exp.Subquery: self._scalar,
            **dict.fromkeys(_BINARY, self._arithmetic),
        }

    # statements

    def query(self, tree: exp.Expr) -> Query:
        """SELECT, with or without UNION."""
        self._query = Query()
        if isinstance(tree, exp.Select):
            variables = [each.this for each in tree.expressions if isinstance(each, exp.EQ)]
            if variables and all(isinstance(each, exp.Parameter) for each in variables):
                if len(variables) != len(tree.expressions):
                    message = (
                        "A SELECT statement that assigns a value to a variable "
                        "must not be combined with data-retrieval operations."
                    )
                    raise errors.SqlError(141, message, 15)
                names = [self._variable_name(each) for each in variables]
                tree = tree.copy()
                tree.set("expressions", [each.expression for each in tree.expressions])
                self._query.assigned = names
        self._query.sql, self._query.columns = self._select(tree, [])
        return self._query

    def update(self, tree: exp.Update) -> Query:
        self._query = Query()
        _only(tree, "this", "expressions", "where")
        table, sources = self._target(tree.this)
        changes = []
        for assignment in tree.expressions:
            if not isinstance(assignment, exp.EQ) or not isinstance(assignment.this, exp.Column):
                raise not_simulated("this form of UPDATE ... SET")
            column = table.column(assignment.this.name)
            if column is None:
                raise errors.no_column(assignment.this.name)
            value = self.value(assignment.expression, sources)
            changes.append(f"`{column.name}` = {self._assigned(value, table, column, 'UPDATE')}")
        where = self._where(tree, sources)
        self._query.needs = _first(("UPDATE", table), self._query.needs)
        self._query.sql = f"UPDATE {_place(table)} AS {_quoted(table.name)} SET {', '.join(changes)}{where}"
        return self._query

    def delete(self, tree: exp.Delete) -> Query:
        self._query = Query()
        node = tree.this
        if not isinstance(node, exp.Table):
            # DELETE T WHERE ..., without FROM
            tables = tree.args.get("tables") or []
            if len(tables) != 1:
                raise errors.syntax("DELETE")
            node = tables[0]
            _only(tree, "tables", "where")
        else:
            _only(tree, "this", "where")
        table, sources = self._target(node)
        where = self._where(tree, sources)
        self._query.needs = _first(("DELETE", table), self._query.needs)
        self._query.sql = f"DELETE FROM {_place(table)} AS {_quoted(table.name)}{where}"
        return self._query

    def insert(self, tree: exp.Insert) -> Query:
        self._query = Query()
        _only(tree, "this", "expression")
        schema = tree.this if isinstance(tree.this, exp.Schema) else None
        table, sources = self._target(schema.this if schema else tree.this)
        columns = list(table.columns)
        if schema:
            columns = []
            for each in schema.expressions:
                column = table.column(each.name)
                if column is None:
                    raise errors.no_column(each.name)
                columns.append(column)
        verb = "INSERT"
        for missing in table.columns:
            if missing not in columns and not missing.nullable:
                # known only when rows are inserted; the lab says it before
                raise errors.null_refused(self._database, table.name, missing.name, verb)
        rows = tree.expression
        if isinstance(rows, exp.Values):
            _only(rows, "expressions")
            lines = []
            for row in rows.expressions:
                values = list(row.expressions) if isinstance(row, exp.Tuple) else [row]
                _count(values, columns)
                texts = [
                    self._assigned(self.value(value, []), table, column, verb)
                    for value, column in zip(values, columns, strict=True)
                ]
                lines.append(f"({', '.join(texts)})")
            body = f"VALUES {', '.join(lines)}"
        elif isinstance(rows, exp.Select | exp.Union):
            sql, found = self._select(rows, [])
            _count(found, columns)
            texts = [
                self._assigned(Text(f"q.`{number}`", given.type), table, column, verb)
                for number, (given, column) in enumerate(zip(found, columns, strict=True))
            ]
            names = ", ".join(f"`{number}`" for number in range(len(found)))
            body = f"WITH q({names}) AS ({sql}) SELECT {', '.join(texts)} FROM q"
        else:
            raise not_simulated("this form of INSERT")
        del sources
        self._query.needs = _first(("INSERT", table), self._query.needs)
        names = ", ".join(f"`{column.name}`" for column in columns)
        self._query.sql = f"INSERT INTO {_place(table)} ({names}) {body}"
        return self._query

    def scalar(self, tree: exp.Expr) -> Query:
        """An expression by itself (of DECLARE, SET, PRINT, EXEC): one row, one column."""
        self._query = Query()
        text = self.value(tree, [])
        self._query.sql = f"SELECT {text.sql}"
        self._query.columns = [Column("", text.type)]
        return self._query

    def truth(self, tree: exp.Expr) -> Query:
        """The condition of an IF: one row, one column with 1, 0 or NULL."""
        self._query = Query()
        self._query.sql = f"SELECT {self.condition(tree, [])}"
        self._query.columns = [Column("", INT)]
        return self._query

    # SELECT

    def _select(self, tree: exp.Expr, outer: Sources) -> tuple[str, list[Column]]:
        if isinstance(tree, exp.Union):
            return self._union(tree, outer)
        if isinstance(tree, exp.Subquery) and not tree.alias:
            _only(tree, "this")
            return self._select(tree.this, outer)
        if not isinstance(tree, exp.Select):
            raise not_simulated(tree.sql("tsql"))
        _only(tree, "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "distinct")
        here: list[_Source] = []
        origin = self._from(tree, here, outer)
        sources = [here, *outer]
        columns: list[Column] = []
        texts: list[str] = []
        for projection in tree.expressions:
            for column, text in self._projection(projection, sources):
                columns.append(column)
                texts.append(text)
        if not texts:
            raise errors.syntax("SELECT")
        distinct = ""
        if tree.args.get("distinct"):
            _only(tree.args["distinct"])
            distinct = "DISTINCT "
            texts = [f"{each} COLLATE TSQL" if c.type.text else each for each, c in zip(texts, columns, strict=True)]
        group = ""
        if tree.args.get("group"):
            _only(tree.args["group"], "expressions")
            keys = [self.value(each, sources) for each in tree.args["group"].expressions]
            group = f" GROUP BY {', '.join(_collated(each) for each in keys)}"
        having = ""
        if tree.args.get("having"):
            having = f" HAVING {self.condition(tree.args['having'].this, sources)}"
        sql = f"SELECT {distinct}{', '.join(texts)}{origin}{self._where(tree, sources)}{group}{having}"
        sql += self._order(tree, columns, sources)
        if tree.args.get("limit"):
            limit = tree.args["limit"]
            _only(limit, "expression")
            sql += f" LIMIT {self.value(limit.expression, []).sql}"
        return sql, columns

    def _union(self, tree: exp.Union, outer: Sources) -> tuple[str, list[Column]]:
        _only(tree, "this", "expression", "distinct", "order")
        if isinstance(tree, (exp.Except, exp.Intersect)):
            raise not_simulated(type(tree).__name__.upper())
        left, first = self._select(tree.this, outer)
        right, second = self._select(tree.expression, outer)
        if len(first) != len(second):
            message = (
                "All queries combined using a UNION, INTERSECT or EXCEPT operator "
                "must have an equal number of expressions in their target lists."
            )
            raise errors.SqlError(205, message)
        columns = [Column(a.name, types.higher(a.type, b.type)) for a, b in zip(first, second, strict=True)]
        sides = []
        for sql, found, mark in ((left, first, "l"), (right, second, "r")):
            # each side's values take the common type, as SQL Server converts them (245 for 'x' beside a number)
            names = ", ".join(f"`{number}`" for number in range(len(columns)))
            values = ", ".join(
                _collated(self.converted(Text(f"`{number}`", given.type), column.type))
                for number, (given, column) in enumerate(zip(found, columns, strict=True))
            )
            sides.append(f"SELECT {values} FROM (WITH {mark}({names}) AS ({sql}) SELECT * FROM {mark})")
        sql = f"{sides[0]} {'UNION' if tree.args.get('distinct') else 'UNION ALL'} {sides[1]}"
        return sql + self._order(tree, columns, None), columns

    def _from(self, tree: exp.Select, here: list[_Source], outer: Sources) -> str:
        start = tree.args.get("from_")
        if not start:
            return ""
        _only(start, "this")
        sql = f" FROM {self._source(start.this, here, outer)}"
        for join in tree.args.get("joins") or []:
            _only(join, "this", "kind", "side", "on")
            kind, side = str(join.args.get("kind") or "").upper(), str(join.args.get("side") or "").upper()
            if kind not in ("", "INNER", "OUTER", "CROSS") or side not in ("", "LEFT"):
                raise not_simulated(f"{side} {kind} JOIN")
            words = "LEFT JOIN" if side else "CROSS JOIN" if kind == "CROSS" or not join.args.get("on") else "JOIN"
            sql += f" {words} {self._source(join.this, here, outer)}"
            if join.args.get("on"):
                sql += f" ON {self.condition(join.args['on'], [here, *outer])}"
        return sql

    def _source(self, node: exp.Expr, here: list[_Source], outer: Sources) -> str:
        if isinstance(node, exp.Table):
            table = self._table(node)
            self._need("SELECT", table)
            name = node.alias or table.name
            here.append(_Source(name.lower(), table.columns, table))
            return f"{_place(table)} AS {_quoted(name)}"
        if isinstance(node, exp.Subquery):
            _only(node, "this", "alias")
            sql, columns = self._select(node.this, outer)
            name = node.alias
            if not name or any(not each.name for each in columns):
                raise errors.syntax(")")
            here.append(_Source(name.lower(), tuple(columns), None))
            names = ", ".join(_quoted(each.name) for each in columns)
            return f"(WITH q({names}) AS ({sql}) SELECT * FROM q) AS {_quoted(name)}"
        raise not_simulated(f"FROM {node.sql('tsql')}")

    def _table(self, node: exp.Expr) -> Table:
        if not isinstance(node, exp.Table):
            raise not_simulated(node.sql("tsql"))
        _only(node, "this", "db", "catalog", "alias", "hints")
        if node.args.get("alias") and node.args["alias"].args.get("columns"):
            # old-style hints: FROM T (NOLOCK)
            raise not_simulated("a table's hint without WITH, or column aliases")
        dirty = False
        for group in node.args.get("hints") or []:
            for hint in group.expressions:
                name = hint.name.upper()
                if name in HINTS_WITHOUT_LOCK:
                    dirty = True
                elif name in HINTS_WITH_LOCK:
                    self._query.locks = True
                elif name not in HINTS_WITHOUT_EFFECT:
                    raise not_simulated(f"the table hint {name}")
        table = self._find(node)
        if not dirty:
            self._query.reads.add(table.place)
        return table

    def _target(self, node: exp.Expr) -> tuple[Table, Sources]:
        table = self._table(node)
        if isinstance(node, exp.Table) and node.alias:
            raise errors.syntax(node.alias)
        if table.system:
            raise errors.SqlError(259, "Ad hoc updates to system catalogs are not allowed.")
        self._query.target = table
        return table, [[_Source(table.name.lower(), table.columns, table)]]

    def _where(self, tree: exp.Expr, sources: Sources) -> str:
        where = tree.args.get("where")
        return f" WHERE {self.condition(where.this, sources)}" if where else ""

    def _projection(self, node: exp.Expr, sources: Sources) -> list[tuple[Column, str]]:
        if isinstance(node, exp.Star):
            _only(node)
            if not sources[0]:
                raise errors.SqlError(263, "Must specify table to select from.")
            return [pair for source in sources[0] for pair in _all(source)]
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            source = next((each for each in sources[0] if each.name == node.table.lower()), None)
            if source is None:
                message = (
                    f"The column prefix '{node.table}' does not match with a table name or alias name "
                    "used in the query."
                )
                raise errors.SqlError(107, message, 15)
            return _all(source)
        name, value = "", node
        if isinstance(node, exp.Alias):
            name, value = node.alias, node.this
        elif isinstance(node, exp.Column):
            name = node.name
        text = self.value(value, sources)
        return [(Column(name, text.type), text.sql)]

    def _order(self, tree: exp.Expr, columns: list[Column], sources: Sources | None) -> str:
        order = tree.args.get("order")
        if not order:
            return ""
        _only(order, "expressions")
        terms = []
        for each in order.expressions:
            _only(each, "this", "desc", "nulls_first")
            node = each.this
            place = None
            if isinstance(node, exp.Literal) and not node.is_string:
                place = int(node.name) - 1
                if not 0 <= place < len(columns):
                    message = (
                        f"The ORDER BY position number {node.name} is out of range of the number of items "
                        "in the select list."
                    )
                    raise errors.SqlError(108, message, 15)
            elif isinstance(node, exp.Column) and not node.table:
                names = [column.name.lower() for column in columns]
                place = names.index(node.name.lower()) if node.name.lower() in names else None
            if place is not None:
                term = f"{place + 1}" + (" COLLATE TSQL" if columns[place].type.text else "")
            elif sources is None:
                raise errors.no_column(node.name or node.sql("tsql"))
            else:
                term = _collated(self.value(node, sources))
            terms.append(term + (" DESC" if each.args.get("desc") else ""))
        return f" ORDER BY {', '.join(terms)}"

    # conditions

    def condition(self, node: exp.Expr, sources: Sources) -> str:
        """A boolean expression; T-SQL keeps these apart from values."""
        if isinstance(node, exp.Paren):
            return f"({self.condition(node.this, sources)})"
        if isinstance(node, exp.And | exp.Or):
            word = "AND" if isinstance(node, exp.And) else "OR"
            return f"({self.condition(node.this, sources)} {word} {self.condition(node.expression, sources)})"
        if isinstance(node, exp.Not):
            return f"NOT ({self.condition(node.this, sources)})"
        if type(node) in _COMPARISON:
            return self._compare(
                self.value(node.this, sources), _COMPARISON[type(node)], self.value(node.expression, sources)
            )
        if isinstance(node, exp.Is):
            if not isinstance(node.expression, exp.Null):
                raise errors.syntax("IS")
            return f"({self.value(node.this, sources).sql} IS NULL)"
        if isinstance(node, exp.In):
            return self._in(node, sources)
        if isinstance(node, exp.Between):
            _only(node, "this", "low", "high")
            value = self.value(node.this, sources)
            low, high = (self.value(node.args[each], sources) for each in ("low", "high"))
            return f"({self._compare(value, '>=', low)} AND {self._compare(value, '<=', high)})"
        if isinstance(node, exp.Like):
            return self._like(node, None, sources)
        if isinstance(node, exp.Escape) and isinstance(node.this, exp.Like):
            return self._like(node.this, node.expression, sources)
        if isinstance(node, exp.Exists):
            _only(node, "this")
            return f"EXISTS ({self._select(node.this, sources)[0]})"
        if type(node) in self._rules:
            near = node.sql("tsql").split()[-1]
            message = (
                "An expression of non-boolean type specified in a context where a condition is expected, "
                f"near '{near}'."
            )
            raise errors.SqlError(4145, message, 15)
        raise not_simulated(node.sql("tsql"))

    def _compare(self, left: Text, operator: str, right: Text) -> str:
        common = types.higher(left.type, right.type)
        collation = " COLLATE TSQL" if common.text or common.name == "sql_variant" else ""
        return f"({self.converted(left, common).sql} {operator} {self.converted(right, common).sql}{collation})"

    def _in(self, node: exp.In, sources: Sources) -> str:
        _only(node, "this", "expressions", "query")
        value = self.value(node.this, sources)
        query = node.args.get("query")
        if query is not None:
            sql, columns = self._select(query, sources)
            if len(columns) != 1:
                raise _one_column()
            found = Text("q.`0`", columns[0].type)
            common = types.higher(value.type, found.type)
            inner = f"WITH q(`0`) AS ({sql}) SELECT {self.converted(found, common).sql} FROM q"
            return f"({_collated(self.converted(value, common))} IN ({inner}))"
        terms = [self._compare(value, "=", self.value(each, sources)) for each in node.expressions]
        return f"({' OR '.join(terms)})"

    def _like(self, node: exp.Like, escape: exp.Expr | None, sources: Sources) -> str:
        _only(node, "this", "expression")
        value = self.converted(self.value(node.this, sources), SqlType("nvarchar", MAX))
        pattern = self.converted(self.value(node.expression, sources), SqlType("nvarchar", MAX))
        third = self.value(escape, sources).sql if escape is not None else "NULL"
        return f"t_like({value.sql}, {pattern.sql}, {third})"

    # values

    def value(self, node: exp.Expr, sources: Sources) -> Text:
        rule = self._rules.get(type(node))
        if rule is None:
            raise not_simulated(node.sql("tsql"))
        return rule(node, sources)

    def converted(self, text: Text, target: SqlType, style: str = "NULL", explicit: int = 0, safe: int = 0) -> Text:
        """``text`` as a value of type ``target``; free where nothing is to be done."""
        source = text.type
        strings = {source.name, target.name} == {"varchar", "nvarchar"}
        same = source.name == target.name or (strings and not explicit)
        if source.name == "null" or target.name == "null" or target.name == "sql_variant":
            return Text(text.sql, target)
        if same and (target.length == MAX or 0 <= source.length <= target.length):
            return Text(text.sql, target)
        if source.name == "sql_variant" and not explicit:
            raise errors.not_convertible("sql_variant", target.name)
        call = f"t_convert({text.sql}, '{source.name}', '{target.name}', {target.length}, {style}, {explicit}, {safe})"
        return Text(call, target)

    def _assigned(self, text: Text, table: Table, column: Column, verb: str) -> str:
        """A value on its way into a column: converted, not too long, not NULL where that is not allowed."""
        whole = (
            column.type if not (column.type.text or column.type.name == "varbinary") else SqlType(column.type.name, MAX)
        )
        value = self.converted(text, whole)
        limits = f"{column.type.length}, '{table.name}', '{column.name}', {int(column.nullable)}"
        return f"t_store({value.sql}, {limits}, '{verb}')"

    def _refuse(self, node: exp.Expr, sources: Sources) -> Text:
        raise not_simulated(node.sql("tsql"))

    def _literal(self, node: exp.Expr, sources: Sources) -> Text:
        if node.is_string:
            return Text(_string(node.name), _sized("varchar", len(node.name)))
        if node.name.isdigit():
            number = int(node.name)
            if number >= 2**63:
                raise not_simulated(f"the number {number}")
            return Text(str(number), INT if number < 2**31 else types.BIGINT)
        try:
            # really a decimal
            return Text(repr(float(node.name)), types.FLOAT)
        except ValueError:
            raise errors.syntax(node.name) from None

    def _national(self, node: exp.Expr, sources: Sources) -> Text:
        return Text(_string(node.name), _sized("nvarchar", len(node.name)))

    def _hex(self, node: exp.Expr, sources: Sources) -> Text:
        digits = node.name
        digits = "0" * (len(digits) % 2) + digits
        return Text(f"x'{digits}'", SqlType("varbinary", max(len(digits) // 2, 1)))

    def _column(self, node: exp.Expr, sources: Sources) -> Text:
        assert isinstance(node, exp.Column)
        name, qualifier = node.name, node.table.lower()
        if not isinstance(node.this, exp.Identifier):
            raise errors.syntax(node.sql("tsql"))
        for scope in sources:
            if qualifier:
                scope = [each for each in scope if each.name == qualifier]
            found = [
                (source, column) for source in scope for column in source.columns if column.name.lower() == name.lower()
            ]
            if len(found) > 1:
                raise errors.ambiguous_column(name)
            if found:
                source, column = found[0]
                if source.table is not None:
                    self._need("SELECT", source.table)
                return Text(f"{_quoted(source.name)}.{_quoted(column.name)}", column.type)
            if qualifier and scope:
                raise errors.no_column(name)
        raise errors.unbound(f"{node.table}.{name}") if qualifier else errors.no_column(name)

    def _parameter(self, node: exp.Expr, sources: Sources) -> Text:
        if isinstance(node.this, exp.Parameter):
            name = node.this.name.upper()
            if name not in GLOBALS:
                raise errors.undeclared(f"@{node.this.name}")
            return Text(f"t_global('{name}')", GLOBALS[name])
        name = self._variable_name(node)
        return Text(f"t_variable('{name}')", self.variables[name])

    def _variable_name(self, node: exp.Expr) -> str:
        name = node.name.lower()
        if name not in self.variables:
            raise errors.undeclared(node.name)
        return name

    def _paren(self, node: exp.Expr, sources: Sources) -> Text:
        inner = self.value(node.this, sources)
        return Text(f"({inner.sql})", inner.type)

    def _negative(self, node: exp.Expr, sources: Sources) -> Text:
        inner = self.value(node.this, sources)
        if not inner.type.number:
            raise not_simulated(node.sql("tsql"))
        return Text(f"(-{inner.sql})", inner.type)

    def _add(self, node: exp.Expr, sources: Sources) -> Text:
        left, right = self.value(node.this, sources), self.value(node.expression, sources)
        common = types.higher(left.type, right.type)
        if common.text:
            longest = MAX if MAX in (left.type.length, right.type.length) else left.type.length + right.type.length
            # simplified: the real one cuts what is longer than 4000 or 8000 and not max
            common = _sized(common.name, longest)
            return Text(f"({self.converted(left, common).sql} || {self.converted(right, common).sql})", common)
        return self._calculated(left, "+", right, node)

    def _arithmetic(self, node: exp.Expr, sources: Sources) -> Text:
        left, right = self.value(node.this, sources), self.value(node.expression, sources)
        return self._calculated(left, _BINARY[type(node)], right, node)

    def _calculated(self, left: Text, operator: str, right: Text, node: exp.Expr) -> Text:
        common = types.higher(left.type, right.type)
        if common.name == "null":
            common = INT
        if not common.number:
            raise not_simulated(node.sql("tsql"))
        left, right = self.converted(left, common), self.converted(right, common)
        if operator in "/%":
            # sqlite would make a division by zero NULL
            right = Text(f"t_divisor({right.sql})", right.type)
        result = types.FLOAT if common.name == "float" else types.BIGINT
        return self.converted(Text(f"({left.sql} {operator} {right.sql})", result), common)

    def _adjacent(self, node: exp.Expr, sources: Sources) -> Text:
        # sqlglot joins 'a' 'b' by itself, T-SQL does not
        raise errors.syntax(node.expressions[-1].name)

    def _collate(self, node: exp.Expr, sources: Sources) -> Text:
        if not node.expression.name.upper().endswith("_CI_AS") and node.expression.name.upper() != "DATABASE_DEFAULT":
            raise not_simulated(f"COLLATE {node.expression.name}")
        return self.value(node.this, sources)

    def _cast(self, node: exp.Expr, sources: Sources) -> Text:
        if isinstance(node, exp.Convert):
            _only(node, "this", "expression", "style", "safe")
            target, value = type_of(node.this, cast=True), self.value(node.expression, sources)
        else:
            _only(node, "this", "to", "safe")
            target, value = type_of(node.args["to"], cast=True), self.value(node.this, sources)
        style = self.value(node.args["style"], sources).sql if node.args.get("style") else "NULL"
        return self.converted(value, target, style, explicit=1, safe=int(bool(node.args.get("safe"))))

    def _function(self, node: exp.Expr, sources: Sources) -> Text:
        name = str(node.this).upper()
        special = {
            "COUNT": self._count,
            "COUNT_BIG": self._count,
            "MIN": self._aggregate,
            "MAX": self._aggregate,
            "SUM": self._aggregate,
            "ISNULL": self._isnull,
            "COALESCE": self._coalesce,
            "CONCAT": self._concat,
            "IIF": self._iif,
            "NULLIF": self._nullif,
            "REPLACE": self._replace,
            "DATALENGTH": self._datalength,
        }.get(name)
        if special is not None:
            return special(node, sources)
        function = FUNCTIONS.get(name)
        if function is None:
            raise errors.no_function(str(node.this))
        if not function.least <= len(node.expressions) <= function.most:
            raise _wrong_arguments(name, function.least)
        arguments = [self.value(each, sources) for each in node.expressions]
        if function.argument is not None:
            arguments = [self.converted(each, function.argument) for each in arguments]
        return Text(f"{function.sql}({', '.join(each.sql for each in arguments)})", function.type)

    def _count(self, node: exp.Expr, sources: Sources) -> Text:
        (argument,) = _arguments(node, 1)
        result = types.BIGINT if str(node.this).upper() == "COUNT_BIG" else INT
        if isinstance(argument, exp.Star):
            return Text("count(*)", result)
        if isinstance(argument, exp.Distinct):
            _only(argument, "expressions")
            return Text(f"count(DISTINCT {_collated(self.value(argument.expressions[0], sources))})", result)
        return Text(f"count({self.value(argument, sources).sql})", result)

    def _aggregate(self, node: exp.Expr, sources: Sources) -> Text:
        (argument,) = _arguments(node, 1)
        value = self.value(argument, sources)
        name = str(node.this).lower()
        if name == "sum" and not value.type.number:
            message = f"Operand data type {value.type.name} is invalid for sum operator."
            raise errors.SqlError(8117, message)
        return Text(f"{name}({_collated(value)})", value.type)

    def _isnull(self, node: exp.Expr, sources: Sources) -> Text:
        first, second = (self.value(each, sources) for each in _arguments(node, 2))
        # ISNULL has the type of its first argument, COALESCE the higher one
        kind = second.type if first.type.name == "null" else first.type
        return Text(f"coalesce({first.sql}, {self.converted(second, kind).sql})", kind)

    def _coalesce(self, node: exp.Expr, sources: Sources) -> Text:
        values = [self.value(each, sources) for each in node.expressions]
        if len(values) < 2:
            raise errors.syntax(")")
        return self._joined(values, "coalesce({})")

    def _joined(self, values: list[Text], form: str) -> Text:
        kind = types.NULL
        for each in values:
            kind = types.higher(kind, each.type)
        return Text(form.format(", ".join(self.converted(each, kind).sql for each in values)), kind)

    def _concat(self, node: exp.Expr, sources: Sources) -> Text:
        values = [self.converted(self.value(each, sources), _ANY_TEXT) for each in node.expressions]
        if len(values) < 2:
            raise _wrong_arguments("concat", 2)
        return Text("(" + " || ".join(f"coalesce({each.sql}, '')" for each in values) + ")", _ANY_TEXT)

    def _iif(self, node: exp.Expr, sources: Sources) -> Text:
        test, first, second = _arguments(node, 3)
        condition = self.condition(test, sources)
        yes, no = self.value(first, sources), self.value(second, sources)
        kind = types.higher(yes.type, no.type)
        sql = f"CASE WHEN {condition} THEN {self.converted(yes, kind).sql} ELSE {self.converted(no, kind).sql} END"
        return Text(sql, kind)

    def _nullif(self, node: exp.Expr, sources: Sources) -> Text:
        first, second = (self.value(each, sources) for each in _arguments(node, 2))
        return Text(f"CASE WHEN {self._compare(first, '=', second)} THEN NULL ELSE {first.sql} END", first.type)

    def _replace(self, node: exp.Expr, sources: Sources) -> Text:
        values = [self.converted(self.value(each, sources), _ANY_TEXT) for each in _arguments(node, 3)]
        return Text(f"t_replace({', '.join(each.sql for each in values)})", _ANY_TEXT)

    def _datalength(self, node: exp.Expr, sources: Sources) -> Text:
        (argument,) = _arguments(node, 1)
        value = self.value(argument, sources)
        if not (value.type.text or value.type.name == "varbinary"):
            raise not_simulated(node.sql("tsql"))
        return Text(f"(length({value.sql}) * {2 if value.type.name == 'nvarchar' else 1})", INT)

    def _trim(self, node: exp.Expr, sources: Sources) -> Text:
        _only(node, "this")
        return Text(f"trim({self.converted(self.value(node.this, sources), _ANY_TEXT).sql})", _ANY_TEXT)

    def _substring(self, node: exp.Expr, sources: Sources) -> Text:
        _only(node, "this", "start", "length")
        if not node.args.get("length"):
            raise _wrong_arguments("substring", 3)
        value = self.converted(self.value(node.this, sources), _ANY_TEXT)
        start, length = (self.converted(self.value(node.args[each], sources), INT) for each in ("start", "length"))
        return Text(f"substr({value.sql}, {start.sql}, {length.sql})", _ANY_TEXT)

    def _case(self, node: exp.Expr, sources: Sources) -> Text:
        _only(node, "this", "ifs", "default")
        subject = self.value(node.this, sources) if node.this else None
        branches = []
        for each in node.args["ifs"]:
            if subject is None:
                test = self.condition(each.this, sources)
            else:
                test = self._compare(subject, "=", self.value(each.this, sources))
            branches.append((test, self.value(each.args["true"], sources)))
        default = self.value(node.args["default"], sources) if node.args.get("default") else Text("NULL", types.NULL)
        kind = default.type
        for _unused, result in branches:
            kind = types.higher(kind, result.type)
        sql = " ".join(f"WHEN {test} THEN {self.converted(result, kind).sql}" for test, result in branches)
        return Text(f"CASE {sql} ELSE {self.converted(default, kind).sql} END", kind)

    def _scalar(self, node: exp.Expr, sources: Sources) -> Text:
        _only(node, "this")
        sql, columns = self._select(node.this, sources)
        if len(columns) != 1:
            raise _one_column()
        # sqlite would silently take the first of several rows
        return Text(f"t_single((SELECT count(*) FROM ({sql})), ({sql}))", columns[0].type)

    def _need(self, permission: str, table: Table) -> None:
        if (permission, table) not in self._query.needs:
            self._query.needs.append((permission, table))


def _first(need: tuple[str, Table], needs: list[tuple[str, Table]]) -> list[tuple[str, Table]]:
    # SQL Server reports a missing SELECT before a missing UPDATE or DELETE of the same statement
    return [*needs, need]


def _only(node: exp.Expr, *names: str) -> None:
    """Refuse a node that has parts without a rule."""
    for name, value in node.args.items():
        if name not in names and value not in (None, False, []):
            raise not_simulated(f"{name.strip('_').upper()} in {node.sql('tsql')[:80]}")


def _all(source: _Source) -> list[tuple[Column, str]]:
    return [(column, f"{_quoted(source.name)}.{_quoted(column.name)}") for column in source.columns]


def _collated(text: Text) -> str:
    return f"{text.sql} COLLATE TSQL" if text.type.text else text.sql


def _count(given: list[exp.Expr] | list[Column], columns: list[Column]) -> None:
    if len(given) < len(columns):
        message = (
            "There are more columns in the INSERT statement than values specified in the VALUES clause. "
            "The number of values in the VALUES clause must match the number of columns specified "
            "in the INSERT statement."
        )
        raise errors.SqlError(109, message, 15)
    if len(given) > len(columns):
        message = (
            "There are fewer columns in the INSERT statement than values specified in the VALUES clause. "
            "The number of values in the VALUES clause must match the number of columns specified "
            "in the INSERT statement."
        )
        raise errors.SqlError(110, message, 15)


def _arguments(node: exp.Expr, count: int) -> list[exp.Expr]:
    if len(node.expressions) != count:
        raise _wrong_arguments(str(node.this).lower(), count)
    return list(node.expressions)


def _wrong_arguments(name: str, count: int) -> errors.SqlError:
    return errors.SqlError(174, f"The {name.lower()} function requires {count} argument(s).", 15)


def _one_column() -> errors.SqlError:
    message = "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS."
    return errors.SqlError(116, message)


def _sized(name: str, length: int) -> SqlType:
    limit = 4000 if name == "nvarchar" else 8000
    return SqlType(name, MAX if length == MAX or length > limit else max(length, 1))


def _place(table: Table) -> str:
    return f"`{table.place}`"


def _quoted(name: str) -> str:
    # back-ticks, since sqlite takes an unknown name in double quotes for a string
    return "`" + name.replace("`", "``") + "`"


def _string(text: str) -> str:
    if "\0" in text:
        raise not_simulated("a NUL character in a string")
    return "'" + text.replace("'", "''") + "'"
