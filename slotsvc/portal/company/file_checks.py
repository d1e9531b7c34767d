"""What no single key of a company file can tell: entries that clash, or name what is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from slotsvc.portal.company.file_entries import (
    ActionEntry,
    ActivityTypeEntry,
    BusinessUnitEntry,
    ClientEntry,
    CompanyFile,
)
from slotsvc.portal.company.file_problems import FileProblem
from slotsvc.portal.unit_settings import Problem, problems

STATES = {"BOOK": ("UNPLACED",), "RESCHEDULE": ("BOOKED",), "CANCEL": ("UNPLACED", "BOOKED")}
"""In which states of a visit an action can be offered at all."""
_OF_TYPES = ("BOOK", "RESCHEDULE", "CANCEL")
_OF_UNITS = (*_OF_TYPES, "NEW_VISIT")
_SETTINGS_WORDS = {
    Problem.MISSING: "is missing",
    Problem.TOO_LONG: "is too long",
    Problem.NOT_AN_EMAIL: "must be an e-mail address",
    Problem.NOT_A_PHONE: "must be a telephone number",
    Problem.INVISIBLE_CHARACTERS: "holds invisible characters",
    Problem.NOT_A_LOGO: "must be a PNG",
    Problem.UNKNOWN_LANGUAGE: "is none of the unit's locales",
}


def checked(file: CompanyFile) -> Iterator[FileProblem]:
    """Every problem of a file whose keys are right one by one."""
    units = [unit.id for unit in file.business_unit]
    yield from _twice("business_unit", "id", units)
    for number, unit in enumerate(file.business_unit):
        at = f"business_unit[{number}]"
        yield from _names(file, "teams", f"{at}.team", [unit.team])
        yield from _unit(file, at, unit)
    yield from _twice("client", "ref", [(each.business_unit, each.ref) for each in file.client])
    for number, client in enumerate(file.client):
        yield from _client(file, f"client[{number}]", client)


def _unit(file: CompanyFile, at: str, unit: BusinessUnitEntry) -> Iterator[FileProblem]:
    yield from _twice(f"{at}.locales", "", unit.locales)
    yield from _actions(f"{at}.action", unit, unit.action or [], _OF_UNITS)
    if unit.settings is not None:
        for field, problem in problems(unit.settings.as_settings(), unit.locales).items():
            yield FileProblem(f"{at}.settings.{field}", _SETTINGS_WORDS[problem])
    kinds = [each.name for each in unit.activity_type]
    yield from _twice(f"{at}.activity_type", "name", kinds)
    for number, kind in enumerate(unit.activity_type):
        yield from _activity_type(file, f"{at}.activity_type[{number}]", unit, kind)


def _activity_type(
    file: CompanyFile, at: str, unit: BusinessUnitEntry, kind: ActivityTypeEntry
) -> Iterator[FileProblem]:
    yield from _names(file, "activityTypes", f"{at}.name", [kind.name])
    yield from _languages(f"{at}.title", unit, kind.title)
    yield from _languages(f"{at}.text", unit, kind.text)
    yield from _twice(f"{at}.steps", "step", [each.step for each in kind.steps])
    for number, step in enumerate(kind.steps):
        yield from _languages(f"{at}.steps[{number}].label", unit, step.label)
    yield from _actions(f"{at}.action", unit, kind.action or [], _OF_TYPES)


def _actions(
    at: str, unit: BusinessUnitEntry, actions: Sequence[ActionEntry], kinds: Sequence[str]
) -> Iterator[FileProblem]:
    yield from _twice(at, "kind", [each.kind for each in actions])
    for number, action in enumerate(actions):
        here = f"{at}[{number}]"
        if action.kind not in kinds:
            yield FileProblem(f"{here}.kind", f"{action.kind} belongs to business units")
            continue
        yield from _languages(f"{here}.label", unit, action.label)
        yield from _conditions(here, action)


def _conditions(at: str, action: ActionEntry) -> Iterator[FileProblem]:
    allowed = STATES.get(action.kind, ())
    for number, state in enumerate(action.states or []):
        if state not in allowed:
            words = ", ".join(allowed) or "none"
            message = f"{state} makes no sense for {action.kind}; allowed: {words}"
            yield FileProblem(f"{at}.states[{number}]", message)
    if action.states == []:
        yield FileProblem(f"{at}.states", "is empty; to switch the action off: enabled = false")
    if action.hours_before is not None and action.kind not in ("RESCHEDULE", "CANCEL"):
        message = f"makes no sense for {action.kind}: there is no window yet"
        yield FileProblem(f"{at}.hours_before", message)


def _client(file: CompanyFile, at: str, client: ClientEntry) -> Iterator[FileProblem]:
    yield from _twice(f"{at}.contact", "name", [each.name for each in client.contact])
    for number, contact in enumerate(client.contact):
        yield from _names(file, "sites", f"{at}.contact[{number}].sites", contact.sites or [])


def _names(file: CompanyFile, kind: str, path: str, names: Iterable[str]) -> Iterator[FileProblem]:
    for name in names:
        begins = f"tenants/{file.tenant}/{kind}/"
        if "/" in name and (not name.startswith(begins) or "/" in name.removeprefix(begins)):
            yield FileProblem(path, f'"{name}" must be a short name, or begin with {begins}')


def _languages(at: str, unit: BusinessUnitEntry, texts: Iterable[str]) -> Iterator[FileProblem]:
    for locale in texts:
        if locale not in unit.locales:
            allowed = ", ".join(unit.locales)
            yield FileProblem(f"{at}.{locale}", f"is none of the unit's locales: {allowed}")


def _twice(at: str, field: str, names: Sequence[object]) -> Iterator[FileProblem]:
    for number, name in enumerate(names):
        if name in names[:number]:
            path = f"{at}[{number}].{field}" if field else f"{at}[{number}]"
            yield FileProblem(path, "stands there twice")
