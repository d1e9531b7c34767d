"""``AccessService``: API keys."""

from __future__ import annotations

from typing import Any

from slotsvc.domain.access import ApiKey, Role
from slotsvc.domain.errors import PermissionDeniedError
from slotsvc.pb.v1 import access_service_pb2 as pb
from slotsvc.pb.v1.access_service_pb2_grpc import AccessServiceServicer
from slotsvc.scheduling.api_keys import ApiKeys, NewKey
from slotsvc.scheduling.field_checks import Violations
from slotsvc.server import fields, names, principals
from slotsvc.server.calling import mutation_of
from slotsvc.server.page_tokens import page_size, page_token, read_page_token
from slotsvc.server.policies import PACKAGE, ROLES, TO_ROLE, methods_of

SERVICE = "service"
"""Parent of operators' keys, which belong to no tenant."""
MOST_METHODS = 50

_KEY = names.NamePattern("tenants/{tenant}/apiKeys/{api_key}")
_OPERATOR_KEY = names.NamePattern("service/apiKeys/{api_key}")
_EXPECTED = "required, as tenants/{tenant}/apiKeys/{api_key} or service/apiKeys/{api_key}"


class AccessService(AccessServiceServicer):
    """Thin: converts, calls a use case, converts back."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    async def CreateApiKey(self, request: pb.CreateApiKeyRequest, context: Any) -> Any:  # noqa: N802
        """Makes one; its text leaves the service here only."""
        with Violations() as wrong:
            tenant = _parent(wrong, request.parent)
            wrong.request_id(request.request_id)
            if not request.HasField("api_key"):
                wrong.add("api_key", "required")
            wanted = _wanted(wrong, tenant, request.api_key)
        _refuse_more(wanted)
        stored, text = await self._keys.create(
            mutation_of(tenant, "CreateApiKey", request, request.request_id),
            wanted,
            lambda key: pb.CreateApiKeyResponse(api_key=key_to_pb(key)).SerializeToString(),
        )
        answer = pb.CreateApiKeyResponse.FromString(stored)
        answer.secret = text
        return answer

    async def GetApiKey(self, request: pb.GetApiKeyRequest, context: Any) -> Any:  # noqa: N802
        """Reads one."""
        with Violations() as wrong:
            tenant, id = _name(wrong, request.name)
        return pb.GetApiKeyResponse(api_key=key_to_pb(await self._keys.get(tenant, id)))

    async def ListApiKeys(self, request: pb.ListApiKeysRequest, context: Any) -> Any:  # noqa: N802
        """Reads many, a page at a time."""
        with Violations() as wrong:
            tenant = _parent(wrong, request.parent)
            limit = page_size(wrong, request.page_size)
            question = f"ListApiKeys {tenant}"
            after = read_page_token(wrong, question, request.page_token, (str,))
        found = await self._keys.page(tenant, str(after[0]) if after else "", limit + 1)
        answer = pb.ListApiKeysResponse(api_keys=[key_to_pb(key) for key in found[:limit]])
        if len(found) > limit:
            answer.next_page_token = page_token(question, (found[limit - 1].id,))
        return answer

    async def RevokeApiKey(self, request: pb.RevokeApiKeyRequest, context: Any) -> Any:  # noqa: N802
        """Ends one."""
        with Violations() as wrong:
            tenant, id = _name(wrong, request.name)
            wrong.request_id(request.request_id)
        stored = await self._keys.revoke(
            mutation_of(tenant, "RevokeApiKey", request, request.request_id),
            tenant,
            id,
            lambda key: pb.RevokeApiKeyResponse(api_key=key_to_pb(key)).SerializeToString(),
        )
        return pb.RevokeApiKeyResponse.FromString(stored)


def key_to_pb(key: ApiKey) -> pb.ApiKey:
    """As it is shown."""
    told = pb.ApiKey(
        name=_KEY.build(key.tenant, key.id) if key.tenant else _OPERATOR_KEY.build(key.id),
        display_name=key.display_name,
        role=TO_ROLE[key.role],
        client=key.client,
        technician=names.TECHNICIAN.build(key.tenant, key.technician) if key.technician else "",
        methods=sorted(key.methods),
        create_time=fields.to_timestamp(key.created),
    )
    times = {"expire": key.expires, "revoke": key.revoked, "last_use": key.last_used}
    for field, at in times.items():
        if at is not None:
            getattr(told, f"{field}_time").CopyFrom(fields.to_timestamp(at))
    return told


def _parent(wrong: Violations, parent: str) -> str:
    """The tenant; "" for the parent of operators' keys."""
    if parent == SERVICE:
        return ""
    ids = names.TENANT.parse(parent)
    if ids is None:
        wrong.add("parent", "required, as tenants/{tenant} or service")
        return ""
    return ids[0]


def _name(wrong: Violations, name: str) -> tuple[str, str]:
    if (operators := _OPERATOR_KEY.parse(name)) is not None:
        return "", operators[0]
    tenants = _KEY.parse(name)
    if tenants is None:
        wrong.add("name", _EXPECTED)
        return "", ""
    return tenants[0], tenants[1]


def _wanted(wrong: Violations, tenant: str, key: pb.ApiKey) -> NewKey:
    role = ROLES.get(key.role, Role.OPERATOR)
    if key.role not in ROLES:
        wrong.add("api_key.role", "required")
    elif (role is Role.OPERATOR) != (tenant == ""):
        wrong.add("api_key.role", "ROLE_OPERATOR goes with the parent service, others with tenants")
    _check_subject(wrong, role, key)
    technician = ""
    if key.technician:
        read = names.TECHNICIAN.read(wrong, "api_key.technician", key.technician, tenant=tenant)
        technician = read[-1]
    expires = None
    if key.HasField("expire_time"):
        expires = fields.instant(wrong, "api_key.expire_time", key.expire_time)
    return NewKey(
        tenant,
        role,
        wrong.text("api_key.display_name", key.display_name, 200, required=True),
        wrong.text("api_key.client", key.client, 200),
        technician,
        _methods(wrong, key.methods),
        expires,
    )


def _refuse_more(wanted: NewKey) -> None:
    """A key that is narrowed to methods makes none that can do more."""
    maker = principals.current()
    if maker is not None and not maker.may_pass_on(wanted.methods):
        raise PermissionDeniedError(
            "a key that is narrowed to methods makes none that can do more",
            {"field": "api_key.methods"},
        )


def _check_subject(wrong: Violations, role: Role, key: pb.ApiKey) -> None:
    for field, owner in (("client", Role.CLIENT), ("technician", Role.TECHNICIAN)):
        if bool(getattr(key, field).strip()) != (role is owner):
            wrong.add(f"api_key.{field}", f"required with ROLE_{owner.name}, and with no other")


def _methods(wrong: Violations, asked: Any) -> frozenset[str]:
    if wrong.count("api_key.methods", asked, MOST_METHODS):
        for index, name in enumerate(asked):
            if not _is_method(name):
                wrong.add(f"api_key.methods[{index}]", "a service, or service/method, of slotsvc")
    return frozenset(asked)


def _is_method(name: str) -> bool:
    service, slash, method = name.partition("/")
    methods = methods_of(f"{PACKAGE}.{service}")
    return method in methods if slash else bool(methods)
