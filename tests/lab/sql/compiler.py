"""What SQL Server's compiler does before a batch runs: it finds the errors that keep the whole batch from starting.

Translations are kept with the syntax trees, for every database of the same schema and variables of the same types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from . import errors, tree
from .catalog import Schema, Table
from .errors import SqlError, not_simulated
from .procedures import find
from .translator import Query, Translator
from .types import SqlType

Types = Mapping[str, SqlType]

# the numbers of errors that do so; others are left to the run (deferred name resolution)
_BEFORE_THE_RUN = """
    102 103 105 107 108 109 110 113 116 119 120 121 127 131 134 137 141 147 148 156 168 174 178 179 195 205 206 207 209
    243 257 263 264 319 321 402 447 448 468 536 1001 1013 1033 1060 1065 2716 4104 4145 8114 8116 8117 8120 8133 8143
    8155 8158 8159 8631
"""
_COMPILER = frozenset(int(each) for each in _BEFORE_THE_RUN.split())


@lru_cache(maxsize=4096)
def _environment(schema: Schema, variables: tuple[tuple[str, SqlType], ...]) -> object:
    """Something that stands for schema and variables: what a plan depends on, at no cost to compare."""
    return object()


class Compiler:
    """Translates statements for one schema and the variables of one batch."""

    def __init__(self, schema: Schema, variables: Types) -> None:
        self.schema = schema
        self.variables = variables
        self._translator = Translator(self._find, variables)
        self._environment = _environment(schema, tuple(variables.items()))

    def query(self, node: tree.SelectStatement | tree.Change) -> Query:
        """SELECT, INSERT, UPDATE or DELETE."""
        return self._kept(node, "", lambda translator: self._translated(node, translator))

    def truth(self, node: tree.If) -> Query:
        """The condition of an IF."""
        return self._kept(node, "", lambda translator: translator.truth(node.condition))

    def scalar(self, node: tree.Statement, place: object, expression: tree.Expression) -> Query:
        """An expression of a statement; ``place`` tells it from the statement's others."""
        return self._kept(node, place, lambda translator: translator.scalar(expression))

    def _kept(self, node: tree.Statement, place: object, make: Callable[[Translator], Query]) -> Query:
        key = (place, self._environment)
        found = node.plans.get(key)
        if found is None:
            found = node.plans[key] = make(self._translator)
        assert isinstance(found, Query)
        return found

    def _translated(self, node: tree.SelectStatement | tree.Change, translator: Translator) -> Query:
        if isinstance(node, tree.SelectStatement):
            return translator.select(node)
        if isinstance(node, tree.Update):
            return translator.update(node)
        if isinstance(node, tree.Delete):
            return translator.delete(node)
        return translator.insert(node, self.schema.database)

    def _find(self, node: tree.TableName) -> Table:
        *before, name = node.parts
        database, schema = ["", "", *before][-2:]
        if len(before) > 2 or (database and database.lower() != self.schema.database.lower()):
            raise not_simulated("a query across databases")
        table = self.schema.tables.get(f"{schema or 'dbo'}.{name}".lower())
        if table is None:
            raise errors.no_object(node.written)
        return table


def check(program: tree.Block, schema: Schema, parameters: Types) -> Types:
    """Find what SQL Server's compiler finds, and return the batch's variables: DECLARE makes them before the batch
    runs, wherever it stands. Raises SqlError."""
    key = (schema, tuple(parameters.items()))
    known = program.checked.get(key)
    if known is None:
        try:
            known = program.checked[key] = _checked(program, schema, parameters)
        except RecursionError:
            raise errors.too_deep() from None
    return known


def _checked(program: tree.Block, schema: Schema, parameters: Types) -> Types:
    statements = list(_statements(program))
    variables = dict(parameters)
    for node in statements:
        if isinstance(node, tree.Declare):
            for name, kind, _unused in node.variables:
                if name in variables:
                    raise _at(errors.declared_twice(name), node)
                variables[name] = kind
    compiler = Compiler(schema, variables)
    declared = set(parameters)
    for node in statements:
        if isinstance(node, tree.Use):
            # what follows is compiled against another database: leave it to the run
            break
        try:
            _check(node, compiler, declared)
        except SqlError as error:
            if error.number in _COMPILER or error.origin == "lab":
                raise _at(error, node) from None
    return variables


def _at(error: SqlError, node: tree.Statement) -> SqlError:
    error.line = max(error.line, node.line)
    return error


def _check(node: tree.Statement, compiler: Compiler, declared: set[str]) -> None:
    if isinstance(node, tree.Declare):
        for name, _unused, value in node.variables:
            if value is not None:
                _only(declared, compiler.scalar(node, name, value))
            declared.add(name)
        return
    if isinstance(node, tree.SelectStatement | tree.Insert | tree.Update | tree.Delete):
        _only(declared, compiler.query(node))
    elif isinstance(node, tree.If):
        _only(declared, compiler.truth(node))
    elif isinstance(node, tree.Execute):
        if node.result and node.result not in declared:
            raise errors.undeclared(node.result)
        find(node.procedure)
    elif isinstance(node, tree.SetVariable) and node.name not in declared:
        raise errors.undeclared(node.name)
    for place, expression in expressions(node):
        if isinstance(expression, tree.Variable):
            _declared(declared, expression.name)
        elif not isinstance(expression, tree.Constant):
            _only(declared, compiler.scalar(node, place, expression))


def _only(declared: set[str], query: Query) -> None:
    """Refuse variables that are declared further down."""
    for name in query.variables:
        _declared(declared, name)


def _declared(declared: set[str], name: str) -> None:
    if name.lower() not in declared:
        raise errors.undeclared(name)


def expressions(node: tree.Statement) -> Iterator[tuple[object, tree.Expression]]:
    """The expressions of a statement that stand by themselves, each with its place."""
    if isinstance(node, tree.SetVariable | tree.Print):
        yield "value", node.value
    elif isinstance(node, tree.Throw):
        yield from enumerate(node.arguments)
    elif isinstance(node, tree.RaiseError):
        yield from enumerate((node.message, node.severity, node.state))
    elif isinstance(node, tree.WaitFor):
        yield "delay", node.delay
    elif isinstance(node, tree.Execute):
        for place, (_unused, value) in enumerate(node.arguments):
            if value is not None:
                yield place, value
    elif isinstance(node, tree.Begin | tree.Rollback) and isinstance(node.name, tree.Variable):
        yield "name", node.name


def _statements(node: tree.Node) -> Iterator[tree.Statement]:
    if isinstance(node, tree.Block):
        for each in node.nodes:
            yield from _statements(each)
    elif isinstance(node, tree.Try):
        yield from _statements(node.body)
        yield from _statements(node.catch)
    else:
        yield node
        if isinstance(node, tree.If):
            yield from _statements(node.then)
            if node.otherwise is not None:
                yield from _statements(node.otherwise)
