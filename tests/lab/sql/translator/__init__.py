"""Syntax trees to SQL for sqlite."""

from __future__ import annotations

from .query import Query
from .statements import Translator

__all__ = ["Query", "Translator"]
