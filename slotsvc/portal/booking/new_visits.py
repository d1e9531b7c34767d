"""New interventions: which kinds a client may ask for, and at which of his sites."""

from __future__ import annotations

from dataclasses import dataclass

from slotsvc.pb.v1.calendar_service_pb2 import Site
from slotsvc.portal.booking.actions import (
    NOT_OFFERED,
    Action,
    ActionKind,
    Refusal,
    Verdict,
    offers_of,
)
from slotsvc.portal.booking.cards import title_of
from slotsvc.portal.booking.desk import Desk, not_found
from slotsvc.portal.booking.shown import ShownType, Texts


@dataclass(frozen=True, slots=True)
class NewKind:
    """A kind of visit that may be asked for. ``proof_needed``: after a proof only."""

    shown: ShownType
    title: Texts
    proof_needed: bool


@dataclass(frozen=True, slots=True)
class NewVisit:
    """A new intervention to be: its kind and place."""

    kind: NewKind
    site: Site


def entry_actions(desk: Desk) -> list[Action]:
    """The actions of the business unit that lead to a new intervention; []: it offers none."""
    actions = [action for action in desk.shown.actions if action.kind is ActionKind.NEW_VISIT]
    return [action for action in actions if action.enabled]


def may_ask(desk: Desk, activity_type: str) -> Verdict:
    """Whether a new visit of the type may be asked for in this session."""
    allowed = offers_of(desk.shown.actions, ActionKind.NEW_VISIT, activity_type)
    if not allowed:
        return NOT_OFFERED
    proof = all(action.proof_needed for action in allowed) and not desk.proven
    return Verdict(allowed[0], Refusal.PROOF_NEEDED if proof else None)


async def new_kinds(desk: Desk) -> list[NewKind]:
    """The kinds that may be asked for, in the company's order."""
    found = []
    for shown in desk.shown.types.values():
        verdict = may_ask(desk, shown.name)
        if not verdict.worth_showing:
            continue
        kind = await desk.portal.service.catalogue.activity_type(shown.name)
        if kind is not None:
            found.append(NewKind(shown, title_of(shown, kind), not verdict.open))
    return found


async def my_sites(desk: Desk) -> list[Site]:
    """The sites of the visitor, by name shown."""
    sites = await desk.portal.service.catalogue.sites_of(desk.visitor.client)
    return [site for site in sites if desk.visitor.sees_site(site.name)]


async def new_visit(desk: Desk, kind_id: str, site_id: str) -> NewVisit:
    """The kind and the place with these last parts of their names. Raises ``ServiceError``
    NOT_FOUND where it is not offered, or the place is not his."""
    kinds = [kind for kind in await new_kinds(desk) if kind.shown.id == kind_id]
    name = desk.named("sites", site_id)
    sites = [site for site in await my_sites(desk) if site.name == name]
    if not kinds or not sites:
        raise not_found()
    return NewVisit(kinds[0], sites[0])
