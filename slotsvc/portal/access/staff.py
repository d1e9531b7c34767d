"""The company's people: who they are, and the one-time links by which they set up their login.

There is no default account and no password that somebody else chose: a person begins with a link
that works once, for 24 hours (S47; ASVS 6.3.2, 6.4.1). Table rows hold the link's hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update

from slotsvc.portal.access.identifiers import IdentifierError
from slotsvc.portal.access.identifiers import email as normalised_email
from slotsvc.portal.access.staff_sessions import begin_staff_session, end_staff_sessions
from slotsvc.portal.access.totp import SECRET_BYTES
from slotsvc.portal.secrets import PortalSecrets, hashed, new_token
from slotsvc.portal.tables.audit import record
from slotsvc.portal.tables.schema import INVITATIONS, STAFF
from slotsvc.portal.visitor import StaffRole

LINK_LASTS = timedelta(hours=24)
TOTP_PURPOSE = "totp"
NAME_LENGTH = 200
_KIND = "STAFF"


class StaffProblem(StrEnum):
    """Why somebody cannot be added or changed."""

    NAME_MISSING = "NAME_MISSING"
    TOO_LONG = "TOO_LONG"
    NOT_AN_EMAIL = "NOT_AN_EMAIL"
    EMAIL_TAKEN = "EMAIL_TAKEN"
    ADMINISTRATOR_EXISTS = "ADMINISTRATOR_EXISTS"
    LAST_ADMINISTRATOR = "LAST_ADMINISTRATOR"


class StaffRefusedError(Exception):
    """It is not done; ``problem`` says why, ``field`` where ("" for no field)."""

    def __init__(self, problem: StaffProblem, field: str = "") -> None:
        super().__init__(f"{field}: {problem}" if field else problem.value)
        self.problem = problem
        self.field = field


@dataclass(frozen=True, slots=True)
class StaffMember:
    """One of the company's people. ``ready``: has a password and a second factor."""

    id: str
    email: str
    name: str
    role: StaffRole
    ready: bool
    disabled: bool


def first_administrator(
    connection: Connection,
    secrets: PortalSecrets,
    email: str,
    name: str,
    now: datetime,
    *,
    again: bool = False,
) -> str:
    """Adds the first administrator, or gives a new link to one who is not ready yet.

    The token goes into ``{public_url}/company/first/{token}``; single use, 24 hours, and any link
    given before is dead. Raises ``StaffRefusedError`` where a ready, enabled administrator exists,
    unless ``again``: who lost password or telephone begins anew when the link is used.
    """
    if not again and _ready_administrators(connection):
        raise StaffRefusedError(StaffProblem.ADMINISTRATOR_EXISTS)
    address = _judged(email, name)
    found = _by_email(connection, address)
    if found is None:
        staff = _add(connection, address, name.strip(), StaffRole.ADMINISTRATOR, now)
    else:
        staff = found.id
        values = {"role": StaffRole.ADMINISTRATOR.value, "name": name.strip(), "disabled": False}
        connection.execute(update(STAFF).where(STAFF.c.id == staff).values(values))
    record(connection, now, "cli", "FIRST_ADMINISTRATOR", subject=f"staff/{staff}")
    return _new_link(connection, staff, now)


def invite(
    connection: Connection, email: str, name: str, role: StaffRole, actor: str, now: datetime
) -> tuple[StaffMember, str]:
    """Adds somebody; gives him and the token of his link. Raises ``StaffRefusedError``."""
    address = _judged(email, name)
    if _by_email(connection, address) is not None:
        raise StaffRefusedError(StaffProblem.EMAIL_TAKEN, "email")
    staff = _add(connection, address, name.strip(), role, now)
    data = {"role": role.value}
    record(connection, now, actor, "STAFF_INVITED", subject=f"staff/{staff}", data=data)
    return _standing(connection, staff), _new_link(connection, staff, now)


def reset(connection: Connection, staff: str, actor: str, now: datetime) -> tuple[StaffMember, str]:
    """Takes password and second factor away, ends all sessions; gives the token of a new link.

    Staff starts a reset and never chooses the password of another (ASVS 6.4.6). Raises
    ``LookupError`` for nobody, ``StaffRefusedError`` for the last administrator: nobody could let
    him in again but the command line.
    """
    member = _standing(connection, staff)
    _keep_one_administrator(connection, member)
    return member, _emptied(connection, staff, actor, now)


def set_disabled(
    connection: Connection, staff: str, disabled: bool, actor: str, now: datetime
) -> None:
    """Shuts somebody out at once, or lets him in again. Raises like ``reset``."""
    member = _standing(connection, staff)
    if disabled:
        _keep_one_administrator(connection, member)
        end_staff_sessions(connection, staff, now)
        connection.execute(delete(INVITATIONS).where(*_links_of(staff)))
    connection.execute(update(STAFF).where(STAFF.c.id == staff).values(disabled=disabled))
    what = "STAFF_DISABLED" if disabled else "STAFF_ENABLED"
    record(connection, now, actor, what, subject=f"staff/{staff}")


def everybody(connection: Connection) -> list[StaffMember]:
    """All of the company's people, by name."""
    return [_member(row) for row in connection.execute(select(STAFF).order_by(STAFF.c.name))]


def member_by_id(connection: Connection, staff: str) -> StaffMember:
    """One of them. Raises ``LookupError`` for nobody."""
    return _standing(connection, staff)


def invited(connection: Connection, token: str, now: datetime) -> StaffMember | None:
    """Whose one-time link it is; None: nobody's, or used, or too old."""
    query = select(INVITATIONS.c.subject).where(
        INVITATIONS.c.token_hash == hashed(token),
        INVITATIONS.c.kind == _KIND,
        INVITATIONS.c.used_at.is_(None),
        INVITATIONS.c.expires_at > int(now.timestamp()),
    )
    staff = connection.execute(query).scalar_one_or_none()
    member = None if staff is None else _standing(connection, staff)
    return None if member is None or member.disabled else member


def enrolment_secret(secrets: PortalSecrets, token: str) -> bytes:
    """The TOTP secret that the link enrols: the same each time the page is opened, stored nowhere
    before it is proven. Who reads the tables learns neither token nor key."""
    return bytes.fromhex(secrets.mac("totp-enrolment", token))[:SECRET_BYTES]


def enrol(
    connection: Connection,
    secrets: PortalSecrets,
    token: str,
    password_hash: str,
    step: int,
    browser: str,
    now: datetime,
) -> str | None:
    """Sets password and second factor, uses the link up, signs in; gives the session's token.

    ``step``: of the code that proved the authenticator. None: the link does not work any more.
    """
    member = invited(connection, token, now)
    if member is None:
        return None
    used = update(INVITATIONS).where(INVITATIONS.c.token_hash == hashed(token))
    connection.execute(used.values(used_at=int(now.timestamp())))
    values = {
        "password_hash": password_hash,
        "totp_sealed": secrets.seal(TOTP_PURPOSE, enrolment_secret(secrets, token)),
        "totp_last_step": step,
    }
    connection.execute(update(STAFF).where(STAFF.c.id == member.id).values(values))
    end_staff_sessions(connection, member.id, now)
    actor = f"staff/{member.id}"
    record(connection, now, actor, "STAFF_ENROLLED", subject=actor)
    return begin_staff_session(connection, member.id, browser, now)


def _judged(email: str, name: str) -> str:
    if not name.strip():
        raise StaffRefusedError(StaffProblem.NAME_MISSING, "name")
    if len(name.strip()) > NAME_LENGTH:
        raise StaffRefusedError(StaffProblem.TOO_LONG, "name")
    try:
        return normalised_email(email)
    except IdentifierError as error:
        raise StaffRefusedError(StaffProblem.NOT_AN_EMAIL, "email") from error


def _add(connection: Connection, email: str, name: str, role: StaffRole, now: datetime) -> str:
    staff = uuid4().hex
    row = {"id": staff, "email": email, "name": name, "role": role.value}
    connection.execute(insert(STAFF).values(row | {"created_at": int(now.timestamp())}))
    return staff


def _emptied(connection: Connection, staff: str, actor: str, now: datetime) -> str:
    """No password, no second factor, no session; a new link."""
    emptied = {"password_hash": None, "totp_sealed": None, "disabled": False}
    connection.execute(update(STAFF).where(STAFF.c.id == staff).values(emptied))
    end_staff_sessions(connection, staff, now)
    record(connection, now, actor, "STAFF_RESET", subject=f"staff/{staff}")
    return _new_link(connection, staff, now)


def _new_link(connection: Connection, staff: str, now: datetime) -> str:
    connection.execute(delete(INVITATIONS).where(*_links_of(staff)))
    token = new_token()
    row = {
        "token_hash": hashed(token),
        "kind": _KIND,
        "subject": staff,
        "created_at": int(now.timestamp()),
        "expires_at": int((now + LINK_LASTS).timestamp()),
    }
    connection.execute(insert(INVITATIONS).values(row))
    return token


def _links_of(staff: str) -> list[Any]:
    unused = INVITATIONS.c.used_at.is_(None)
    return [INVITATIONS.c.kind == _KIND, INVITATIONS.c.subject == staff, unused]


def _keep_one_administrator(connection: Connection, member: StaffMember) -> None:
    counts = member.role is StaffRole.ADMINISTRATOR and member.ready and not member.disabled
    if counts and _ready_administrators(connection) == 1:
        raise StaffRefusedError(StaffProblem.LAST_ADMINISTRATOR)


def _ready_administrators(connection: Connection) -> int:
    query = select(func.count()).where(
        STAFF.c.role == StaffRole.ADMINISTRATOR.value,
        STAFF.c.disabled.is_(False),
        STAFF.c.password_hash.is_not(None),
        STAFF.c.totp_sealed.is_not(None),
    )
    return connection.execute(query).scalar_one()


def _by_email(connection: Connection, email: str) -> Any:
    return connection.execute(select(STAFF).where(STAFF.c.email == email)).one_or_none()


def _standing(connection: Connection, staff: str) -> StaffMember:
    row = connection.execute(select(STAFF).where(STAFF.c.id == staff)).one_or_none()
    if row is None:
        raise LookupError("nobody of the company has this id")
    return _member(row)


def _member(row: Any) -> StaffMember:
    ready = row.password_hash is not None and row.totp_sealed is not None
    return StaffMember(row.id, row.email, row.name, StaffRole(row.role), ready, row.disabled)
