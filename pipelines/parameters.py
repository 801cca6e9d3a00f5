"""Parameters of the stages: `params.yaml`, one section per stage, read strictly into the types that the stages take."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import yaml

from parcelcast.errors import DataError, InputError

FILE = "params.yaml"

Section = TypeVar("Section")


def read_section(section: type[Section], name: str, path: Path = Path(FILE)) -> Section:
    """Return section `name` of the parameter file as the dataclass `section`.

    Every field must be there under its own name and in its own type, and nothing else: a misspelt parameter is a
    DataError, not a default, and so is a value that the section refuses.
    """
    given = read_all(path).get(name)
    if not isinstance(given, Mapping):
        raise DataError(f"there is no section {name!r}", file=str(path), remedy="compare with the params.yaml we ship")
    wanted = get_type_hints(section)
    expected = {field.name for field in fields(section)}  # type: ignore[arg-type]
    if unknown := sorted(set(given) - expected):
        raise DataError(
            f"section {name} has no parameter {', '.join(unknown)}",
            file=str(path),
            remedy=f"use {', '.join(sorted(expected))}",
        )
    if missing := sorted(expected - set(given)):
        raise DataError(f"section {name} lacks {', '.join(missing)}", file=str(path), remedy="add what is missing")
    values = {key: _typed(value, wanted[key], f"{name}.{key}", path) for key, value in given.items()}
    try:
        return section(**values)
    except InputError as error:
        raise DataError(f"section {name}: {error}", file=str(path), remedy="correct the value") from error


def read_all(path: Path = Path(FILE)) -> dict[str, Any]:
    """Return the whole file; DataError when it is absent or not a mapping."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(
            "there is no such file here", file=str(path), remedy="run the stage in the folder that holds params.yaml"
        ) from error
    except yaml.YAMLError as error:
        raise DataError(f"not YAML: {error}", file=str(path), remedy="mend the line it names") from error
    if not isinstance(content, dict):
        raise DataError(f"expected sections, got {type(content).__name__}", file=str(path), remedy="start from ours")
    return content


def flattened(content: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """Return nested parameters under dotted names, as the tracking store keeps them.

    >>> flattened({"train": {"rounds": 300}, "seed": 7})
    {'train.rounds': 300, 'seed': 7}
    """
    flat: dict[str, object] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        flat |= flattened(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flat


def _typed(value: Any, kind: Any, name: str, path: Path) -> Any:
    """Return the value in type `kind`; whole numbers do for float, text for a path and (as 2026-05-01) for a date."""
    allowed = getattr(kind, "__args__", (kind,))
    if float in allowed and type(value) is int:
        return float(value)
    if isinstance(value, str) and str not in allowed:
        with suppress(ValueError):
            value = date.fromisoformat(value) if date in allowed else Path(value) if Path in allowed else value
    if any(isinstance(value, one) for one in allowed if one is not int) or (type(value) is int and int in allowed):
        return value
    expected = " or ".join("null" if one is type(None) else one.__name__ for one in allowed)
    raise DataError(f"{name} is {value!r}; expected {expected}", file=str(path), remedy="correct the value")
