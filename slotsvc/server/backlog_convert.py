"""Work without a place between proto and domain: what a caller says of it, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from slotsvc.domain.commitment import Commitment, CommitmentKind, Promise
from slotsvc.domain.eligibility import tag_of
from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow, to_epoch
from slotsvc.domain.visit import Visit
from slotsvc.pb.v1 import types_pb2
from slotsvc.pb.v1 import visit_service_pb2 as pb
from slotsvc.scheduling.asked import setup_of
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.ports import NO_DUE, ReadTx, StoredVisit
from slotsvc.server import fields, names
from slotsvc.server.visit_convert import COMMITMENTS

MAX_TAGS = 32
MAX_CLIENT = 200
MAX_REFERENCE = 200
MAX_NOTE = 2000
MAX_CHANNEL = 40
MAX_LABELS, MAX_LABEL = 32, 200
MAX_PRIORITY = 1000
MAX_PROMISED = 16
SHORTEST_VISIT, LONGEST_VISIT = timedelta(minutes=1), timedelta(hours=24)
LONGEST_SETUP = timedelta(hours=4)

CHANGEABLE = ("note", "external_ref", "labels", "priority", "due_time", "client")
"""What ``UpdateVisit`` may change."""

_LABEL_KEY = re.compile(r"[a-z0-9_-]{1,63}")


@dataclass(frozen=True, slots=True)
class Draft:
    """A visit as its caller describes it. None: as the site or the activity type has it.

    ``promised``: windows the client was told already, by ``channel``; () for none.
    """

    tenant: str
    site: str
    location: Location | None
    activity_type: str
    service: timedelta | None
    requires: frozenset[str]
    client: str
    external_ref: str
    note: str
    setup: timedelta | None
    pausable: bool
    sector: str
    priority: int
    commitment: Commitment
    labels: Mapping[str, str]
    team: str
    promised: tuple[TimeWindow, ...]
    channel: str

    def visit(self, tx: ReadTx, id: str) -> Visit:
        """The visit with everything it names looked up. Raises ``InvalidRequestError``."""
        site = tx.site(self.tenant, self.site) if self.site else None
        kind = tx.activity_type(self.tenant, self.activity_type) if self.activity_type else None
        with Violations() as wrong:
            if self.site and site is None:
                wrong.add("visit.site", "no such site")
            if self.activity_type and kind is None:
                wrong.add("visit.activity_type", "no such activity type")
            self._refuse_unknown(wrong, tx)
        location = self.location or (site.location if site else None)
        service = self.service or (kind.service if kind else None)
        assert location is not None, "checked when it was read"
        assert service is not None, "checked when it was read"
        told = Promise(self.promised, tx.now(), self.channel)
        return Visit(
            id=id,
            location=location,
            service=service,
            requires=self.requires | (kind.requires if kind else frozenset()),
            site=self.site,
            activity_type=self.activity_type,
            client=self.client,
            external_ref=self.external_ref,
            note=self.note,
            access=setup_of(site, kind) if self.setup is None else self.setup,
            pausable=self.pausable or (kind is not None and kind.pausable),
            sector=self.sector or (site.sector if site else ""),
            priority=self.priority,
            commitment=self.commitment,
            promises=(told,) if self.promised else (),
            labels=self.labels,
            team=self.team,
        )

    def _refuse_unknown(self, wrong: Violations, tx: ReadTx) -> None:
        if tx.team(self.tenant, self.team) is None:
            wrong.add("visit.team", "no such team")
        known = tx.tags(self.tenant)
        if any(tag_of(tag) not in known for tag in self.requires):
            wrong.add("visit.required_tags", "the tenant does not have all of these tags")
        company = tx.tenant(self.tenant)
        if self.sector and (company is None or self.sector not in company.sectors):
            wrong.add("visit.sector", "the tenant has no such sector")


def draft_from(wrong: Violations, request: pb.CreateVisitRequest) -> Draft:
    """What is to be made."""
    (tenant,) = names.TENANT.read(wrong, "parent", request.parent)
    visit = request.visit
    if not request.HasField("visit"):
        wrong.add("visit", "required")
    for field in ("promise", "promises"):
        if _is_set(visit, field):
            wrong.add(f"visit.{field}", "promised_windows says what the client was told")
    site, location = _where(wrong, tenant, visit)
    kind, service = _what(wrong, tenant, visit)
    return Draft(
        tenant=tenant,
        site=site,
        location=location,
        activity_type=kind,
        service=service,
        requires=wrong.requirements("visit.required_tags", visit.required_tags, MAX_TAGS, None),
        client=wrong.text("visit.client", visit.client, MAX_CLIENT),
        external_ref=wrong.text("visit.external_ref", visit.external_ref, MAX_REFERENCE),
        note=wrong.text("visit.note", visit.note, MAX_NOTE, lines=True),
        setup=_setup(wrong, visit),
        pausable=visit.pausable,
        sector=wrong.tag("visit.sector", visit.sector, None, "sector") if visit.sector else "",
        priority=wrong.whole("visit.priority", visit.priority, 0, MAX_PRIORITY, 0),
        commitment=_commitment(wrong, visit),
        labels=_labels(wrong, visit.labels),
        team=names.TEAM.read(wrong, "visit.team", visit.team, tenant=tenant)[-1],
        promised=windows_told(wrong, "promised_windows", request.promised_windows),
        channel=channel(wrong, request.channel),
    )


def _where(wrong: Violations, tenant: str, visit: pb.Visit) -> tuple[str, Location | None]:
    if bool(visit.site) == visit.HasField("location"):
        wrong.add("visit.site", "exactly one of site and location is needed")
        return "", None
    if visit.site:
        return names.SITE.read(wrong, "visit.site", visit.site, tenant=tenant)[-1], None
    return "", fields.location(wrong, "visit.location", visit.location)


def _what(wrong: Violations, tenant: str, visit: pb.Visit) -> tuple[str, timedelta | None]:
    kind, service = "", None
    if visit.activity_type:
        path = "visit.activity_type"
        kind = names.ACTIVITY_TYPE.read(wrong, path, visit.activity_type, tenant=tenant)[-1]
    elif not visit.HasField("service_duration"):
        wrong.add("visit.service_duration", "needed without an activity type")
    if visit.HasField("service_duration"):
        path = "visit.service_duration"
        service = fields.duration(
            wrong, path, visit.service_duration, SHORTEST_VISIT, LONGEST_VISIT
        )
    return kind, service


def _setup(wrong: Violations, visit: pb.Visit) -> timedelta | None:
    if not visit.HasField("setup_duration"):
        return None
    path = "visit.setup_duration"
    return fields.duration(wrong, path, visit.setup_duration, timedelta(0), LONGEST_SETUP)


def _commitment(wrong: Violations, visit: pb.Visit) -> Commitment:
    before = len(wrong.found)
    if visit.commitment not in COMMITMENTS:
        wrong.add("visit.commitment", "unknown value")
    kind = COMMITMENTS.get(visit.commitment, CommitmentKind.APPOINTMENT)
    due = target = None
    if visit.HasField("due_time"):
        due = fields.instant(wrong, "visit.due_time", visit.due_time)
    elif kind is CommitmentKind.DEADLINE:
        wrong.add("visit.due_time", "required for a deadline")
    if visit.HasField("target_window"):
        target = fields.window(wrong, "visit.target_window", visit.target_window)
        if kind is not CommitmentKind.FLEXIBLE:
            wrong.add("visit.target_window", "only with a flexible commitment")
    elif kind is CommitmentKind.FLEXIBLE:
        wrong.add("visit.target_window", "required for a flexible commitment")
    if due is not None and target is not None and due <= target.start:
        wrong.add("visit.due_time", "must be later than the start of target_window")
    return Commitment(kind, due, target) if len(wrong.found) == before else Commitment()


def _labels(wrong: Violations, labels: Mapping[str, str]) -> Mapping[str, str]:
    wrong.count("visit.labels", labels, MAX_LABELS)
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key):
            wrong.add("visit.labels", 'keys are 1 to 63 of a-z, 0-9, "-", "_"')
        else:
            wrong.text(f"visit.labels[{key}]", value, MAX_LABEL)
    return dict(labels)


def windows_told(
    wrong: Violations, path: str, values: Sequence[types_pb2.TimeWindow], least: int = 0
) -> tuple[TimeWindow, ...]:
    """At most 16 windows, in order, not overlapping."""
    if not wrong.count(path, values, MAX_PROMISED, least):
        return ()
    before = len(wrong.found)
    windows = tuple(fields.window(wrong, f"{path}[{i}]", v) for i, v in enumerate(values))
    if len(wrong.found) == before:
        for i, (one, next_one) in enumerate(pairwise(windows), 1):
            if next_one.start < one.end:
                wrong.add(f"{path}[{i}].start_time", "must not be before the window before ends")
    return windows


def refuse_past(windows: Sequence[TimeWindow], now: datetime) -> None:
    """Nobody is told of what has begun. Raises ``InvalidRequestError``."""
    with Violations() as wrong:
        for i, window in enumerate(windows):
            if window.start < now:
                wrong.add(f"windows[{i}].start_time", "must not be in the past")


def channel(wrong: Violations, value: str) -> str:
    """By which channel a client is told; "" for unknown."""
    return wrong.text("channel", value, MAX_CHANNEL)


@dataclass(frozen=True, slots=True)
class Change:
    """What ``UpdateVisit`` changes: values of ``paths``. ``due`` None clears the due time."""

    paths: frozenset[str]
    values: Mapping[str, Any]
    due: datetime | None

    def onto(self, before: Visit) -> Visit:
        """Raises ``InvalidRequestError`` when a deadline would lose its due time."""
        after = replace(before, **self.values)
        if "due_time" not in self.paths:
            return after
        with Violations() as wrong:
            wanted = before.commitment
            if self.due is None and wanted.kind is CommitmentKind.DEADLINE:
                wrong.add("visit.due_time", "required for a deadline")
            if self.due is not None and wanted.target and self.due <= wanted.target.start:
                wrong.add("visit.due_time", "must be later than the start of target_window")
        return replace(after, commitment=replace(wanted, due=self.due))


def change_from(wrong: Violations, request: pb.UpdateVisitRequest) -> Change:
    """What is to be changed."""
    visit = request.visit
    paths = _paths(wrong, request)
    told = {
        "note": wrong.text("visit.note", visit.note, MAX_NOTE, lines=True),
        "external_ref": wrong.text("visit.external_ref", visit.external_ref, MAX_REFERENCE),
        "client": wrong.text("visit.client", visit.client, MAX_CLIENT),
        "priority": wrong.whole("visit.priority", visit.priority, 0, MAX_PRIORITY, 0),
        "labels": _labels(wrong, visit.labels),
    }
    due = None
    if visit.HasField("due_time"):
        due = fields.instant(wrong, "visit.due_time", visit.due_time)
    return Change(paths, {name: told[name] for name in paths & told.keys()}, due)


def _paths(wrong: Violations, request: pb.UpdateVisitRequest) -> frozenset[str]:
    """No mask: what is set; ``*``: all that may be changed."""
    named = list(request.update_mask.paths)
    if named == ["*"]:
        return frozenset(CHANGEABLE)
    for i, path in enumerate(named):
        if path not in CHANGEABLE:
            wrong.add(f"update_mask.paths[{i}]", f"one of {', '.join(CHANGEABLE)}")
    chosen = named or [field.name for field, _ in request.visit.ListFields()]
    return frozenset(chosen) & frozenset(CHANGEABLE)


def urgency(stored: StoredVisit) -> tuple[int, int, int, str]:
    """Sort key of the backlog, as ``list_unplaced`` has it."""
    due = stored.visit.commitment.due
    return (
        -stored.visit.priority,
        NO_DUE if due is None else to_epoch(due),
        to_epoch(stored.created),
        stored.visit.id,
    )


def _is_set(visit: pb.Visit, field: str) -> bool:
    return any(found.name == field for found, _ in visit.ListFields())
