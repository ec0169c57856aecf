"""Values of a recipe's file, compared with the types of the fields that they are for."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any, get_args, get_origin, get_type_hints

from stance.errors import StanceError

_WANTED = {str: "text; put it in quotes", bool: "true or false", int: "a whole number", float: "a number"}


def checked_values(part: dict[str, Any], kind: type, where: str) -> dict[str, Any]:
    """Compare the values of one part of a recipe with the fields of its class.

    Args:
        part: the values by key, as YAML or JSON gives them.
        kind: a dataclass that has these fields.
        where: the file, and the part with a dot behind it; messages begin with it.

    Returns:
        the same values; lists as tuples, and text that is a number (YAML reads ``1e-4`` as text) as that number.

    Raises:
        StanceError: naming file and key of a value of another type.
    """
    types = get_type_hints(kind)
    return {key: _checked(value, types[key], f"{where}{key}") for key, value in part.items()}


def _checked(value: Any, kind: Any, where: str) -> Any:
    if value is None:
        raise StanceError(f"{where} has no value. Give one, or take the key out")
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            raise StanceError(f"{where} is a list. Write [{value}]")
        return tuple(_checked(v, get_args(kind)[0], where) for v in value)
    if get_origin(kind) is dict:
        if not isinstance(value, dict):
            raise StanceError(f"{where} is {value!r}. Write names with their values below it")
        names, values = get_args(kind)
        return {_checked(k, names, where): _checked(v, values, f"{where}.{k}") for k, v in value.items()}
    return _plain(value, kind, where)


def _plain(value: Any, kind: type, where: str) -> Any:
    """A text, truth value or number; a whole number may stand where any number may."""
    given = value
    if kind is float and isinstance(value, str):
        with suppress(ValueError):
            value = float(value)
    fits = isinstance(value, (int, float) if kind is float else kind) and (kind is bool) == isinstance(value, bool)
    if not fits or (isinstance(value, float) and not math.isfinite(value)):
        raise StanceError(f"{where} is {given!r}, and has to be {_WANTED[kind]}")
    return value
