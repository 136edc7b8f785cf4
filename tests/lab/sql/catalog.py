"""Tables and system views: what exists in a database and of what type each column is.

Every table lives in the database's sqlite connection under ``schema.name``, so ``sys.extended_properties`` takes part
in transactions like any other table. The other system views are computed whenever they are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .collations import place as collation_place
from .types import BIGINT, BIT, DATETIME, INT, SYSNAME, TINYINT, UNIQUEIDENTIFIER, VARIANT, SqlType


@dataclass(frozen=True)
class Column:
    """A column of a table, or of a result (where ``nullable`` does not matter). Without a ``collation`` of its own it
    has the database's."""

    name: str
    type: SqlType
    nullable: bool = True
    collation: str = ""


@dataclass(frozen=True)
class Table:
    """A table or system view. ``key`` names the columns of its primary key, if it has one; ``computed``: it has no
    rows of its own."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    computed: bool = False

    @property
    def place(self) -> str:
        """Its name in sqlite."""
        return f"{self.schema}.{self.name}".lower()

    @property
    def system(self) -> bool:
        return self.schema != "dbo"

    def column(self, name: str) -> Column | None:
        return next((each for each in self.columns if each.name.lower() == name.lower()), None)

    @property
    def source(self) -> str:
        """What sqlite reads it from."""
        if not self.computed:
            return f"`{self.place}`"
        names = ", ".join(f"json_extract(value, '$[{at}]') AS `{each.name}`" for at, each in enumerate(self.columns))
        return f"(SELECT {names} FROM json_each(t_rows('{self.place}')))"

    def definition(self) -> str:
        """The CREATE TABLE statement for sqlite.

        No column has a type there: the engine converts before it stores, sqlite must not do so again. NOT NULL
        stands there as a last defence, the engine has its own message for it.
        """
        columns = [f"`{each.name}`" + ("" if each.nullable else " NOT NULL") for each in self.columns]
        if self.key:
            keys = [column for column in self.columns if column.name in self.key]
            names = ", ".join(f"`{each.name}` COLLATE {_collation(each)}" for each in keys)
            columns.append(f"PRIMARY KEY ({names})")
        return f"CREATE TABLE `{self.place}` ({', '.join(columns)});"


def _collation(column: Column) -> str:
    return collation_place(column.collation) if column.collation else "TSQL_CI_AS"


class Schema:
    """The tables of a database of that name. Equal ones are the same object, so that what a statement was translated
    to in one database serves in every other that is like it."""

    _all: ClassVar[dict[tuple[str, tuple[Table, ...]], Schema]] = {}

    def __init__(self, database: str, tables: tuple[Table, ...]) -> None:
        self.database = database
        self.tables = {each.place: each for each in tables}

    @classmethod
    def of(cls, database: str, tables: tuple[Table, ...]) -> Schema:
        """The schema with these tables."""
        key = (database, tables)
        found = cls._all.get(key)
        if found is None:
            found = cls._all[key] = cls(database, tables)
        return found


EXTENDED_PROPERTIES = Table(
    "sys",
    "extended_properties",
    (
        Column("class", TINYINT, False),
        Column("class_desc", SqlType("nvarchar", 60)),
        Column("major_id", INT, False),
        Column("minor_id", INT, False),
        Column("name", SYSNAME, False),
        Column("value", VARIANT),
    ),
)
_OBJECT = (
    Column("name", SYSNAME, False),
    Column("object_id", INT, False),
    Column("schema_id", INT, False),
    Column("type", SqlType("char", 2)),
    Column("type_desc", SqlType("nvarchar", 60)),
)
OBJECTS = Table("sys", "objects", _OBJECT, computed=True)
TABLES = Table("sys", "tables", _OBJECT, computed=True)
DATABASES = Table(
    "sys",
    "databases",
    (
        Column("name", SYSNAME, False),
        Column("database_id", INT, False),
        Column("create_date", DATETIME, False),
        Column("collation_name", SYSNAME),
        Column("is_read_only", BIT),
        Column("state", TINYINT),
        Column("state_desc", SqlType("nvarchar", 60)),
        Column("is_read_committed_snapshot_on", BIT),
    ),
    computed=True,
)
# the LSNs are decimals in truth
RECOVERY_STATUS = Table(
    "sys",
    "database_recovery_status",
    (
        Column("database_id", INT, False),
        Column("database_guid", UNIQUEIDENTIFIER),
        Column("family_guid", UNIQUEIDENTIFIER),
        Column("last_log_backup_lsn", BIGINT),
        Column("recovery_fork_guid", UNIQUEIDENTIFIER),
        Column("first_recovery_fork_guid", UNIQUEIDENTIFIER),
        Column("fork_point_lsn", BIGINT),
    ),
    computed=True,
)
INFORMATION_TABLES = Table(
    "INFORMATION_SCHEMA",
    "TABLES",
    (
        Column("TABLE_CATALOG", SYSNAME),
        Column("TABLE_SCHEMA", SYSNAME),
        Column("TABLE_NAME", SYSNAME, False),
        Column("TABLE_TYPE", SqlType("varchar", 10)),
    ),
    computed=True,
)
INFORMATION_COLUMNS = Table(
    "INFORMATION_SCHEMA",
    "COLUMNS",
    (
        Column("TABLE_CATALOG", SYSNAME),
        Column("TABLE_SCHEMA", SYSNAME),
        Column("TABLE_NAME", SYSNAME, False),
        Column("COLUMN_NAME", SYSNAME, False),
        Column("ORDINAL_POSITION", INT, False),
        Column("IS_NULLABLE", SqlType("varchar", 3)),
        Column("DATA_TYPE", SYSNAME),
        Column("CHARACTER_MAXIMUM_LENGTH", INT),
        Column("COLLATION_NAME", SYSNAME),
    ),
    computed=True,
)
SYSTEM = (
    EXTENDED_PROPERTIES,
    OBJECTS,
    TABLES,
    DATABASES,
    RECOVERY_STATUS,
    INFORMATION_TABLES,
    INFORMATION_COLUMNS,
)
