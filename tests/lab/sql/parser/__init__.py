"""T-SQL's text to syntax trees, as SQL Server's parser takes it."""

from __future__ import annotations

from .batch import declared_types, parse

__all__ = ["declared_types", "parse"]
