"""One application of a company file: what it works on, and what it changed, for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection

from slotsvc.portal.company.file_entries import CompanyFile
from slotsvc.portal.tables.audit import record

type Verb = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing. ``fields``: of those changed, which; () otherwise."""

    verb: Verb
    what: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = f": {', '.join(self.fields)}" if self.fields else ""
        return f"{self.verb} {self.what}{told}"


@dataclass
class Changes:
    """Every difference, in the order of the file. Nothing in it: the file was applied before."""

    found: list[Difference] = field(default_factory=list)

    def added(self, what: str) -> None:
        """Notes what was made."""
        self.found.append(Difference("added", what))

    def changed(self, what: str, fields: Sequence[str]) -> None:
        """Notes which fields were set."""
        self.found.append(Difference("changed", what, tuple(fields)))

    def removed(self, what: str) -> None:
        """Notes what was taken out."""
        self.found.append(Difference("removed", what))

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


@dataclass(frozen=True, slots=True)
class Run:
    """One application of a file: what each step needs, and where it notes what it changed."""

    connection: Connection
    file: CompanyFile
    actor: str
    now: datetime
    changes: Changes = field(default_factory=Changes)

    def audit(self, what: str, bu: str, subject: str, data: Mapping[str, Any]) -> None:
        """One entry of the audit."""
        record(
            self.connection,
            self.now,
            self.actor,
            what,
            business_unit=bu,
            subject=subject,
            data=data,
        )
