"""The answer to one request, as it grows.

Every statement ends with a DONE, and the last one is the answer's end: whether more comes is known only when it does,
so the latest DONE is held back. A remote procedure call reports its statements as DONEINPROC and ends with a return
status and DONEPROC, and so does EXEC in a batch.
"""

from __future__ import annotations

from lab.sql import Done, Failure, Info, Rows

from . import tokens

_NO_STATEMENT = 0xFD
_EXEC = 0xE0


class Response:
    """``procedure``: the answer to a remote procedure call."""

    def __init__(self, server: str, procedure: bool = False) -> None:
        self.failed = False
        self._server = server
        self._procedure = procedure
        self._parts: list[bytes] = []
        # the DONE that is held back: kind, status, number of rows, kind of statement
        self._last: tuple[int, int, int | None, int] | None = None
        self._rows = False

    def add(self, token: bytes) -> None:
        """A token, behind the DONE before it."""
        self._release(tokens.MORE)
        self._parts.append(token)

    def _release(self, status: int) -> None:
        if self._last is not None:
            kind, own, count, command = self._last
            self._parts.append(tokens.done(kind, own | status, count, command))
            self._last = None

    def _end(self, kind: int, status: int, count: int | None, command: int) -> None:
        self._release(tokens.MORE)
        self._last = (kind, status, count, command)

    # what a batch yields

    def rows(self, step: Rows) -> None:
        self.add(tokens.metadata(step.columns))
        self._parts += [tokens.row(step.columns, row) for row in step.rows]
        self._rows = True

    def message(self, step: Info) -> None:
        text = tokens.message(
            step.number, step.text, self._server, step.state, step.severity, step.line, step.procedure
        )
        self.add(text)

    def failure(self, step: Failure) -> None:
        self.failed = True
        self.add(tokens.error(step.error, self._server))

    def done(self, step: Done, quiet: bool) -> None:
        """The end of a statement; ``quiet`` (NOCOUNT ON): within a procedure only rows and errors have one."""
        inside = self._procedure or step.inside
        rows, self._rows = self._rows, False
        if inside and quiet and not rows and not step.failed:
            return
        status = tokens.ERROR if step.failed else 0
        if step.code is not None and not self._procedure:
            self.add(tokens.return_status(step.code))
            self._end(tokens.DONE_PROCEDURE, status, None, step.command)
            return
        kind = tokens.DONE_IN_PROCEDURE if inside else tokens.DONE
        self._end(kind, status, step.count, step.command)

    # the end

    def end_batch(self) -> None:
        """The last statement's DONE is the answer's end."""
        if self._last is None:
            self._last = (tokens.DONE, tokens.ERROR if self.failed else 0, None, _NO_STATEMENT)

    def end_procedure(self, code: int, handle: int | None, more: bool) -> None:
        """The end of one remote procedure call; ``more``: another one follows in the same message."""
        self.add(tokens.return_status(code))
        if handle is not None:
            self.add(tokens.return_handle(handle))
        self.end_refused(more)

    def end_refused(self, more: bool = False) -> None:
        """The end of a call without a return status."""
        status = (tokens.ERROR if self.failed else 0) | (tokens.MORE if more else 0)
        self._end(tokens.DONE_PROCEDURE, status, None, _EXEC)

    def end_cancelled(self) -> None:
        """The client has asked to stop: what is there is all."""
        self._end(tokens.DONE, tokens.ERROR, None, _NO_STATEMENT)

    def message_bytes(self) -> bytes:
        """The whole answer."""
        self._release(0)
        return b"".join(self._parts)
