"""The errors of SQL Server that the lab raises: numbers, severities, states and English texts as in sys.messages."""

from __future__ import annotations


class SqlError(Exception):
    """An error as SQL Server reports it (``Msg 229, Level 14, State 5, Line 1``)."""

    def __init__(self, number: int, message: str, severity: int = 16, state: int = 1) -> None:
        super().__init__(f"Msg {number}, Level {severity}, State {state}: {message}")
        self.number = number
        self.message = message
        self.severity = severity
        self.state = state
        self.line = 1
        # where it was raised, if in a procedure: ERROR_PROCEDURE(), "Procedure sp_x, Line 37"
        self.procedure = ""
        # THROW, RAISERROR, or metadata (what system procedures change in the catalog), which end a batch by rules of
        # their own, or lab: not simulated
        self.origin = ""


def not_simulated(what: str) -> SqlError:
    """The lab's own refusal: real SQL Server knows this, the lab does not."""
    error = SqlError(50000, f"The lab does not simulate this T-SQL: {what}", 16)
    error.origin = "lab"
    return error


def syntax(near: str) -> SqlError:
    return SqlError(102, f"Incorrect syntax near '{near}'.", 15)


def keyword(near: str) -> SqlError:
    return SqlError(156, f"Incorrect syntax near the keyword '{near}'.", 15)


def login_failed(user: str) -> SqlError:
    # the real reason is only in the server's log: a client always sees state 1
    return SqlError(18456, f"Login failed for user '{user}'.", 14)


def untrusted_login() -> SqlError:
    message = "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication."
    return SqlError(18452, message, 14)


def cannot_open(database: str) -> SqlError:
    return SqlError(4060, f'Cannot open database "{database}" requested by the login. The login failed.', 11)


def no_database(database: str) -> SqlError:
    message = f"Database '{database}' does not exist. Make sure that the name is entered correctly."
    return SqlError(911, message)


def no_access(login: str, database: str) -> SqlError:
    message = (
        f'The server principal "{login}" is not able to access the database "{database}" '
        "under the current security context."
    )
    return SqlError(916, message, 14, 2)


def no_object(name: str) -> SqlError:
    return SqlError(208, f"Invalid object name '{name}'.")


def no_column(name: str) -> SqlError:
    return SqlError(207, f"Invalid column name '{name}'.")


def ambiguous_column(name: str) -> SqlError:
    return SqlError(209, f"Ambiguous column name '{name}'.")


def unbound(name: str) -> SqlError:
    return SqlError(4104, f'The multi-part identifier "{name}" could not be bound.')


def no_procedure(name: str) -> SqlError:
    return SqlError(2812, f"Could not find stored procedure '{name}'.", 16, 62)


def no_function(name: str) -> SqlError:
    return SqlError(195, f"'{name}' is not a recognized built-in function name.", 15, 10)


def no_option(name: str) -> SqlError:
    return SqlError(195, f"'{name}' is not a recognized SET option.", 15, 5)


def wrong_arguments(name: str, count: int) -> SqlError:
    return SqlError(174, f"The {name.lower()} function requires {count} argument(s).", 15)


def wrong_argument(kind: str, place: int, function: str) -> SqlError:
    return SqlError(8116, f"Argument data type {kind} is invalid for argument {place} of {function.lower()} function.")


def negative_top() -> SqlError:
    return SqlError(127, "A TOP N or FETCH rowcount value may not be negative.", 15)


def undeclared(name: str) -> SqlError:
    return SqlError(137, f'Must declare the scalar variable "@{name}".', 15, 2)


def declared_twice(name: str) -> SqlError:
    message = (
        f"The variable name '@{name}' has already been declared. "
        "Variable names must be unique within a query batch or stored procedure."
    )
    return SqlError(134, message, 15, 2)


def denied(permission: str, table: str, database: str, schema: str = "dbo") -> SqlError:
    message = (
        f"The {permission} permission was denied on the object '{table}', database '{database}', schema '{schema}'."
    )
    return SqlError(229, message, 14, 5)


def conversion(value: object, source: str, target: str) -> SqlError:
    if target == "bigint":
        return SqlError(8114, f"Error converting data type {source} to bigint.", 16, 5)
    message = f"Conversion failed when converting the {source} value '{value}' to data type {target}."
    return SqlError(245, message)


def conversion_of_date() -> SqlError:
    return SqlError(241, "Conversion failed when converting date and/or time from character string.")


def overflow(value: object, source: str, target: str) -> SqlError:
    if source in ("bit", "tinyint", "smallint", "int") and target in ("tinyint", "smallint"):
        return SqlError(220, f"Arithmetic overflow error for data type {target}, value = {value}.", 16, 1)
    if source == "float":
        return SqlError(232, f"Arithmetic overflow error for type {target}, value = {value:f}.", 16, 3)
    if target == "bigint" or source in ("bit", "tinyint", "smallint", "int", "bigint"):
        return SqlError(8115, f"Arithmetic overflow error converting expression to data type {target}.", 16, 2)
    if target == "int":
        return SqlError(248, f"The conversion of the {source} value '{value}' overflowed an int column.")
    column = {"tinyint": "INT1", "smallint": "INT2"}[target]
    message = (
        f"The conversion of the {source} value '{value}' overflowed an {column} column. Use a larger integer column."
    )
    return SqlError(244, message, 16, 1 if target == "tinyint" else 2)


def not_convertible(source: str, target: str) -> SqlError:
    message = (
        f"Implicit conversion from data type {source} to {target} is not allowed. "
        "Use the CONVERT function to run this query."
    )
    return SqlError(257, message, 16, 3)


def truncated(database: str, table: str, column: str, value: str) -> SqlError:
    message = (
        f"String or binary data would be truncated in table '{database}.dbo.{table}', "
        f"column '{column}'. Truncated value: '{value}'."
    )
    return SqlError(2628, message)


def null_refused(database: str, table: str, column: str, verb: str) -> SqlError:
    message = (
        f"Cannot insert the value NULL into column '{column}', table '{database}.dbo.{table}'; "
        f"column does not allow nulls. {verb} fails."
    )
    return SqlError(515, message, 16, 2)


def duplicate(constraint: str, table: str, value: str) -> SqlError:
    message = (
        f"Violation of PRIMARY KEY constraint '{constraint}'. Cannot insert duplicate key in object 'dbo.{table}'. "
        f"The duplicate key value is ({value})."
    )
    return SqlError(2627, message, 14)


def lock_timeout() -> SqlError:
    return SqlError(1222, "Lock request time out period exceeded.", 16, 51)


def deadlock(spid: int) -> SqlError:
    message = (
        f"Transaction (Process ID {spid}) was deadlocked on lock resources with another process "
        "and has been chosen as the deadlock victim. Rerun the transaction."
    )
    return SqlError(1205, message, 13, 51)


def no_transaction(verb: str) -> SqlError:
    number = 3902 if verb == "COMMIT" else 3903
    return SqlError(number, f"The {verb} TRANSACTION request has no corresponding BEGIN TRANSACTION.")


def uncommittable() -> SqlError:
    message = (
        "The current transaction cannot be committed and cannot support operations that write to the log file. "
        "Roll back the transaction."
    )
    return SqlError(3930, message)


def too_deep() -> SqlError:
    message = (
        "Internal error: Server stack limit has been reached. "
        "Please look for potentially deep nesting in your query, and try to simplify it."
    )
    return SqlError(8631, message, 17)


def collation_conflict(first: str, second: str, operation: str) -> SqlError:
    message = f'Cannot resolve the collation conflict between "{first}" and "{second}" in the {operation} operation.'
    return SqlError(468, message, 16, 9)


def no_collation(name: str) -> SqlError:
    return SqlError(448, f"Invalid collation '{name}'.", 16, 3)


def property_exists(name: str) -> SqlError:
    message = f"Property cannot be added. Property '{name}' already exists for 'object specified'."
    return SqlError(15233, message)


def property_missing(name: str) -> SqlError:
    message = f"Property cannot be updated or deleted. Property '{name}' does not exist for 'object specified'."
    return SqlError(15217, message)


def property_refused(target: str) -> SqlError:
    message = f"Object is invalid. Extended properties are not permitted on '{target}', or the object does not exist."
    return SqlError(15135, message, 16, 8)
