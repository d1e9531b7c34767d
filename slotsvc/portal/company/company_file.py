"""A company's portal as one TOML file, read and checked. docs/portal-company.md is its manual."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from slotsvc.portal.company.file_checks import checked
from slotsvc.portal.company.file_entries import CompanyFile
from slotsvc.portal.company.file_problems import CompanyFileError, FileProblem, told


def load_company_file(path: Path) -> CompanyFile:
    """The file, checked; logos are read from beside it.

    Raises ``CompanyFileError`` with everything that is wrong, by dotted path; ``OSError``.
    """
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise CompanyFileError([FileProblem("", "must be UTF-8")]) from error
    except tomllib.TOMLDecodeError as error:
        raise CompanyFileError([FileProblem("", f"is not TOML: {error}")]) from error
    try:
        file = CompanyFile.model_validate(read, context={"directory": path.parent})
    except ValidationError as error:
        raise CompanyFileError(told(error, CompanyFile)) from error
    if problems := list(checked(file)):
        raise CompanyFileError(problems)
    return file
