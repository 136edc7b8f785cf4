"""Tables and system views: what exists in a database and of what type each column is.

Every table lives in the database's sqlite connection under ``schema.name``, so ``sys.extended_properties`` takes part
in transactions like any other table.
"""

from __future__ import annotations

from dataclasses import dataclass

from .types import BIT, DATETIME, INT, SYSNAME, VARIANT, SqlType


@dataclass(frozen=True)
class Column:
    """A column of a table, or of a result (where ``nullable`` does not matter)."""

    name: str
    type: SqlType
    nullable: bool = True


@dataclass(frozen=True)
class Table:
    """A table or system view. ``key`` names the columns of its primary key, if it has one."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Its name in sqlite."""
        return f"{self.schema}.{self.name}".lower()

    @property
    def system(self) -> bool:
        return self.schema != "dbo"

    def column(self, name: str) -> Column | None:
        return next((each for each in self.columns if each.name.lower() == name.lower()), None)

    def definition(self) -> str:
        """The CREATE TABLE statement for sqlite.

        No column has a type there: the engine converts before it stores, sqlite must not do so again. NOT NULL
        stands there as a last defence, the engine has its own message for it.
        """
        columns = [f"`{each.name}`" + ("" if each.nullable else " NOT NULL") for each in self.columns]
        if self.key:
            names = ", ".join(f"`{each}` COLLATE TSQL" for each in self.key)
            columns.append(f"PRIMARY KEY ({names})")
        return f"CREATE TABLE `{self.place}` ({', '.join(columns)})"


TINYINT = SqlType("tinyint")

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
OBJECTS = Table(
    "sys",
    "objects",
    (
        Column("name", SYSNAME, False),
        Column("object_id", INT, False),
        Column("schema_id", INT, False),
        Column("type", SqlType("varchar", 2)),
        Column("type_desc", SqlType("nvarchar", 60)),
    ),
)
TABLES = Table("sys", "tables", OBJECTS.columns)
DATABASES = Table(
    "sys",
    "databases",
    (
        Column("name", SYSNAME, False),
        Column("database_id", INT, False),
        Column("create_date", DATETIME, False),
        Column("state", TINYINT),
        Column("state_desc", SqlType("nvarchar", 60)),
        Column("is_read_only", BIT),
    ),
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
    ),
)
SYSTEM = (EXTENDED_PROPERTIES, OBJECTS, TABLES, DATABASES, INFORMATION_TABLES, INFORMATION_COLUMNS)
