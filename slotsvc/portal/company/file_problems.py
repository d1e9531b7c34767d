"""What is wrong with a company file, in words: where, what, and which words are allowed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_WORDS = {
    "missing": "is missing",
    "string_type": 'must be text, in quotes: "…"',
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "date_type": "must be a date without quotes, such as 2026-12-31",
    "list_type": "must be a list: […]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "too_short": "is empty",
}


@dataclass(frozen=True, slots=True)
class FileProblem:
    """``path``: such as ``business_unit[0].activity_type[2].title.fr``; "" for the whole file.

    Entries of lists count from 0.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or 'the file'}: {self.message}"


class CompanyFileError(Exception):
    """The file cannot be taken; ``problems`` says everything that is wrong with it."""

    def __init__(self, problems: Sequence[FileProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def told(error: ValidationError, model: type[BaseModel]) -> list[FileProblem]:
    """What pydantic found, in the words of the file."""
    return [FileProblem(_path(each["loc"]), _message(each, model)) for each in error.errors()]


def _path(loc: Sequence[int | str]) -> str:
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "[key]":
            path += f".{part}" if path else part
    return path


def _message(error: ErrorDetails, model: type[BaseModel]) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        return _unknown(str(error["loc"][-1]), _known_at(model, error["loc"]))
    if kind == "value_error":
        return str(error.get("ctx", {}).get("error"))
    if kind == "literal_error":
        allowed = str(error["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
        return f"{_quoted(error['input'])} is not known; one of {allowed}"
    return _WORDS.get(kind) or error["msg"].replace("Input should", "must").replace(
        "String should", "must"
    )


def _unknown(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, 1)
    if near:
        return f'no such key; did you mean "{near[0]}"?'
    return f"no such key; one of {', '.join(known)}"


def _known_at(model: type[BaseModel], loc: Sequence[int | str]) -> list[str]:
    """The keys of the table that ``loc`` ends in."""
    for part in loc[:-1]:
        if isinstance(part, str):
            model = _table_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _table_in(annotation: Any) -> type[BaseModel] | None:
    """The model in ``list[Model] | None`` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_table_in(each) for each in get_args(annotation))
    return next((each for each in found if each is not None), None)


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
