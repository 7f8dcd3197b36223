"""Compiled loops: plain functions on arrays, turned into machine code at their first call."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_F = TypeVar("_F", bound="Callable[..., Any]")


def compiled(function: _F) -> _F:
    """Compile by numba; without a cache where no folder for it can be written (a read-only installation)."""
    njit = importlib.import_module("numba").njit
    try:
        made: _F = njit(cache=True, error_model="numpy")(function)
    except RuntimeError:
        made = njit(error_model="numpy")(function)
    return made
