"""Whose data a request is about: what is not the caller's looks as if it did not exist.

Nothing here knows methods. Every name anywhere in a request is looked at; what a client or a
technician may name is listed by collection, so that a new collection is closed until it is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from google.protobuf.message import Message

from slotsvc.domain.access import Principal, Role
from slotsvc.domain.errors import (
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    Violation,
)
from slotsvc.pb.v1.options_pb2 import OwnData, Policy
from slotsvc.scheduling.ports import ReadTx, Store, StoredVisit
from slotsvc.server import names
from slotsvc.server.named_resources import TENANTS, Named, named_in, set_beyond, text_at
from slotsvc.server.policies import own_data

TOKEN = "token"
"""Last part of the path of a field that holds a token: bound to its caller by its seal."""

WORDS = {
    "": "tenant",
    "activityTypes": "activity type",
    "shiftExceptions": "shift exception",
    "apiKeys": "API key",
}

type Owns = Callable[[ReadTx, Principal, str], bool]


class ObjectAccess:
    """Checks requests against what the store says."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def check(self, principal: Principal, policy: Policy, request: Message) -> None:
        """Raises ``NotFoundError``, ``PermissionDeniedError``, ``InvalidRequestError``."""
        if not principal.tenant:
            return
        named = list(named_in(request))
        _refuse_foreign(principal, policy, request, named)
        if principal.role not in OWN:
            return
        limits = own_data(policy, principal.role)
        assert limits is not None
        _refuse_fields(principal, limits, request)
        steps = {step for one in named for step in one.steps}
        if asked := [step for step in steps if OWN[principal.role].get(step[0]) is not _ANYBODY]:
            await self._store.read(lambda tx: _refuse_unowned(tx, principal, asked))


def _refuse_foreign(
    principal: Principal, policy: Policy, request: Message, named: Iterable[Named]
) -> None:
    for one in named:
        if one.tenant != principal.tenant:
            raise _no_such(one.steps[-1][0] if one.steps else "")
    about = [(path, text_at(request, path)) for path in policy.about]
    if about and not any(text for _, text in about):
        raise InvalidRequestError([Violation(about[0][0], "required")])
    for path, text in about:
        is_name = path.rpartition(".")[2] != TOKEN
        if text and is_name and not text.startswith(TENANTS):
            raise InvalidRequestError([Violation(path, "must begin with tenants/{tenant}")])


def _refuse_fields(principal: Principal, limits: OwnData, request: Message) -> None:
    allowed = frozenset((*limits.may_set, *limits.must_name_caller))
    if (path := set_beyond(request, allowed)) is not None:
        raise PermissionDeniedError(
            f"the role {principal.role.name} may not set {path}", {"field": path}
        )
    for path in limits.must_name_caller:
        text = text_at(request, path)
        if not text:
            raise InvalidRequestError([Violation(path, "required: whom the call acts for")])
        if text != _own_name(principal):
            raise _no_such(path.rpartition(".")[2])


def _own_name(principal: Principal) -> str:
    if principal.role is Role.TECHNICIAN:
        return names.TECHNICIAN.build(principal.tenant, principal.technician)
    return principal.client


def _refuse_unowned(tx: ReadTx, principal: Principal, steps: Iterable[tuple[str, str]]) -> None:
    for collection, id in steps:
        if not OWN[principal.role].get(collection, _nobody)(tx, principal, id):
            raise _no_such(collection)


def _no_such(collection: str) -> NotFoundError:
    return NotFoundError(f"no such {WORDS.get(collection, collection.removesuffix('s'))}")


def _anybody(_tx: ReadTx, _principal: Principal, _id: str) -> bool:
    return True


def _nobody(_tx: ReadTx, _principal: Principal, _id: str) -> bool:
    return False


_ANYBODY: Owns = _anybody


def _clients_site(tx: ReadTx, principal: Principal, id: str) -> bool:
    site = tx.site(principal.tenant, id)
    return site is not None and site.client == principal.client


def _clients_visit(tx: ReadTx, principal: Principal, id: str) -> bool:
    return _is_clients(tx.visit(principal.tenant, id), principal)


def _clients_hold(tx: ReadTx, principal: Principal, id: str) -> bool:
    return _is_clients(tx.placement(principal.tenant, id), principal)


def _is_clients(stored: StoredVisit | None, principal: Principal) -> bool:
    return stored is not None and stored.visit.client == principal.client


def _technicians_visit(tx: ReadTx, principal: Principal, id: str) -> bool:
    stored = tx.visit(principal.tenant, id)
    if stored is None or stored.placement is None:
        return False
    on_route = stored.placement.route.technician == principal.technician
    return on_route and stored.placement.live(tx.now())


def _is_technician(_tx: ReadTx, principal: Principal, id: str) -> bool:
    return id == principal.technician


OWN: Mapping[Role, Mapping[str, Owns]] = {
    Role.CLIENT: {
        "teams": _ANYBODY,
        "activityTypes": _ANYBODY,
        "sites": _clients_site,
        "visits": _clients_visit,
        "holds": _clients_hold,
    },
    Role.TECHNICIAN: {
        "teams": _ANYBODY,
        "activityTypes": _ANYBODY,
        "technicians": _is_technician,
        "visits": _technicians_visit,
    },
}
"""What those who have own data may name, by collection, and when it is theirs."""
