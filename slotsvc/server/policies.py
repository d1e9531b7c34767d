"""The contract's policies, read from the descriptors: who may call a method, and about what."""

from __future__ import annotations

from functools import cache

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor

from slotsvc.domain.access import Principal, Role
from slotsvc.domain.errors import PermissionDeniedError
from slotsvc.pb.v1 import options_pb2
from slotsvc.pb.v1.options_pb2 import OwnData, Policy

PACKAGE = "slotsvc.v1"

ROLES = {getattr(options_pb2, f"ROLE_{role.name}"): role for role in Role}
TO_ROLE = {role: number for number, role in ROLES.items()}


def policy_of(service: str, method: str) -> Policy | None:
    """The policy of a method, ``service`` with its package; None: none is declared."""
    found = methods_of(service).get(method)
    return None if found is None else declared_policy(found)


def declared_policy(method: MethodDescriptor) -> Policy | None:
    """The policy option of a method's descriptor; None: it has none."""
    options = method.GetOptions()
    if not options.HasExtension(options_pb2.policy):
        return None
    policy: Policy = options.Extensions[options_pb2.policy]
    return policy


def own_data(policy: Policy, role: Role) -> OwnData | None:
    """The limits within which a client or a technician may call; None: they may not."""
    field = {Role.CLIENT: "client", Role.TECHNICIAN: "technician"}[role]
    return getattr(policy, field) if policy.HasField(field) else None  # type: ignore[arg-type]


def is_let_in(policy: Policy | None, role: Role) -> bool:
    """Whether the policy lets the role call at all. No policy lets nobody in."""
    if policy is None:
        return False
    if role in (Role.CLIENT, Role.TECHNICIAN):
        return own_data(policy, role) is not None
    return TO_ROLE[role] in policy.roles


def _who_may(policy: Policy | None) -> str:
    names = [role.name for role in Role if is_let_in(policy, role)]
    return f": only {' or '.join(names)} may" if names else ""


def require_role(principal: Principal, service: str, method: str) -> Policy:
    """The method's policy, for whom it lets in. Raises ``PermissionDeniedError``."""
    policy = policy_of(service, method)
    short = service.rpartition(".")[2]
    if policy is None or not is_let_in(policy, principal.role):
        raise PermissionDeniedError(
            f"the role {principal.role.name} may not call {method}{_who_may(policy)}"
        )
    if not principal.may_use(short, method):
        raise PermissionDeniedError(f"this key may not call {method}")
    return policy


@cache
def methods_of(service: str) -> dict[str, MethodDescriptor]:
    """The methods of a service, ``service`` with its package; none when there is no such one."""
    pool = descriptor_pool.Default()  # type: ignore[no-untyped-call]
    try:
        found = pool.FindServiceByName(service)
    except KeyError:
        return {}
    return dict(found.methods_by_name)
