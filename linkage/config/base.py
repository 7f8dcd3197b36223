"""What all settings share: frozen models, TOML reading, and errors that name file, key and mend."""

from __future__ import annotations

import difflib
import tomllib
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from linkage.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


class Settings(BaseModel):
    """Base of all settings: frozen, and an unknown key is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Column = Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=False)]
OneOrMore = Annotated[tuple[Column, ...], BeforeValidator(_as_tuple)]

S = TypeVar("S", bound=Settings)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; refuse what is absent, unreadable or not TOML."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError as error:
        message = f"{path}: there is no such file; name an existing project file"
        raise ConfigError(message) from error
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); name a readable TOML file"
        raise ConfigError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path}: is not valid TOML: {error}"
        raise ConfigError(message) from error


def validate(kind: type[S], content: dict[str, Any], path: Path) -> S:
    """Return `content` as settings of `kind`; the first thing wrong becomes one `ConfigError`."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise ConfigError(_sentence(kind, error, path)) from error


def _sentence(kind: type[Settings], error: ValidationError, path: Path) -> str:
    # A misspelt key also shows as a missing one; the misspelling is the better story.
    errors = sorted(error.errors(include_url=False), key=lambda entry: entry["type"] != "extra_forbidden")
    first = errors[0]
    where = [str(part) for part in first["loc"]]
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        allowed = _allowed(kind, where[:-1])
        near = difflib.get_close_matches(where[-1], allowed, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"{path}: unknown key {'.'.join(where)!r}; {hint}allowed here: {', '.join(allowed)}{more}"
    message = first["msg"].removeprefix("Value error, ")
    given = first.get("input")
    told = isinstance(given, str | int | float | bool) and first["type"] != "missing"
    # An address in the wrong place may hold a password.
    shown = f" (it is {given!r})" if told and "://" not in str(given) else ""
    return f"{path}: {'.'.join(where) or 'the file'}: {message[:1].lower()}{message[1:]}{shown}{more}"


def _allowed(kind: type[Settings], where: list[str]) -> list[str]:
    """The keys of the settings model that `where` leads to, following mappings and lists."""
    current: Any = kind
    for part in where:
        if isinstance(current, type) and issubclass(current, Settings):
            field = current.model_fields.get(part)
            if field is None:
                continue
            current = field.annotation
        current = _inner(current)
    return sorted(current.model_fields) if isinstance(current, type) and issubclass(current, Settings) else []


def _inner(annotation: Any) -> Any:
    """The settings class inside an annotation such as `dict[str, X]`, `tuple[X, ...]` or `X | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _inner(argument)
        if isinstance(found, type) and issubclass(found, Settings):
            return found
    return annotation
