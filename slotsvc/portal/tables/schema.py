"""Every table of the portal. Instants are epoch seconds (UTC); texts in several languages are JSON
objects by locale ("fr"); the engine's things are kept by their resource names only.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# ---------------------------------------------------------------- what companies set up

BUSINESS_UNITS = Table(
    "business_units",
    METADATA,
    Column("id", String(63), primary_key=True),  # the word in addresses: a-z, 0-9, "-"
    Column("team", String, nullable=False),  # tenants/{tenant}/teams/{team}
    Column("locales", JSON, nullable=False),  # shown to clients, the first is the default
    Column("time_zone", String, nullable=False),  # IANA; the clock clients read
    Column("live", JSON, nullable=False),  # BusinessUnitSettings in force
    Column("draft", JSON(none_as_null=True)),  # the same, not saved yet
    Column("sms_credits", Integer, nullable=False, server_default="0"),  # tenths of a credit
    Column("position", Integer, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="1"),  # grows with every save
)

LOGOS = Table(
    "logos",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("business_unit", ForeignKey("business_units.id"), nullable=False),
    Column("png", LargeBinary, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
)

ACTIVITY_TYPES = Table(
    "activity_types",
    METADATA,
    Column("business_unit", ForeignKey("business_units.id"), primary_key=True),
    Column("name", String, primary_key=True),  # tenants/{tenant}/activityTypes/{activity_type}
    Column("shown", Boolean, nullable=False, server_default=false()),
    Column("title", JSON, nullable=False),  # by locale
    Column("text", JSON, nullable=False),  # by locale; may be {}
    Column("steps", JSON, nullable=False),  # [{"step": "parts", "label": {"fr": …}}], in order
    Column("position", Integer, nullable=False, server_default="0"),
)

ACTIONS = Table(
    "actions",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("business_unit", ForeignKey("business_units.id"), nullable=False),
    Column("activity_type", String),  # NULL: an action of the business unit
    Column("kind", String(20), nullable=False),  # BOOK | RESCHEDULE | CANCEL | NEW_VISIT
    Column("label", JSON, nullable=False),  # by locale; {} means the portal's own words
    Column("enabled", Boolean, nullable=False),
    Column("proof_needed", Boolean, nullable=False),  # a permanent link is not enough
    Column("conditions", JSON, nullable=False),  # {"states": ["BOOKED"], "hours_before": 24}
    Column("position", Integer, nullable=False, server_default="0"),
)

# ---------------------------------------------------------------- who they serve

CLIENTS = Table(
    "clients",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("business_unit", ForeignKey("business_units.id"), nullable=False),
    Column("ref", String(200), nullable=False),  # the engine's reference of the client
    Column("name", String(200), nullable=False),
    Column("access", Boolean, nullable=False),
    Column("created_at", Integer, nullable=False),
    UniqueConstraint("business_unit", "ref"),
)

CONTACTS = Table(
    "contacts",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("client", ForeignKey("clients.id"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("email", String(254)),  # lower case; NULL: none
    Column("phone", String(20)),  # E.164; NULL: none
    Column("locale", String(5)),  # NULL: the business unit's default
    Column("portal_user", Boolean, nullable=False),  # the fourth seed's flag
    Column("access_from", String(10)),  # local date, included; NULL: no limit
    Column("access_until", String(10)),  # local date, included; NULL: no limit
    Column("all_sites", Boolean, nullable=False),  # else CONTACT_SITES says which
    Column("user_name", String(100)),  # NULL: none chosen
    Column("password_hash", String),  # argon2id; NULL: none chosen
    Column("link_number", Integer, nullable=False, server_default="0"),  # grows with each rotation
    Column("link_hash", String(64), unique=True),  # NULL: no permanent link, or revoked
    Column("link_used_at", Integer),
    Column("link_made_at", Integer),
    Column("failures", Integer, nullable=False, server_default="0"),  # consecutive wrong codes
    Column("created_at", Integer, nullable=False),
    Index(None, "client"),
    Index(None, "email"),
    Index(None, "phone"),
    Index(None, "user_name"),
)

CONTACT_SITES = Table(
    "contact_sites",
    METADATA,
    Column("contact", ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    Column("site", String, primary_key=True),  # tenants/{tenant}/sites/{site}
)

# ---------------------------------------------------------------- how they come in

CHALLENGES = Table(  # one asked-for code: written for known and unknown addresses alike
    "challenges",
    METADATA,
    Column("id", String(64), primary_key=True),  # hash of the token in the browser's cookie
    Column("business_unit", ForeignKey("business_units.id"), nullable=False),
    Column("purpose", String(20), nullable=False),  # LOGIN | STEP_UP | CHANGE
    Column("identifier", String(254), nullable=False),  # e-mail or E.164, normalised
    Column("channel", String(10), nullable=False),  # MAIL | SMS
    Column("locale", String(5), nullable=False),
    Column("contact", String(40)),  # STEP_UP, CHANGE: whose; LOGIN: chosen after proof
    Column("session", String(64)),  # STEP_UP, CHANGE: which session is raised
    Column("code_mac", String(64)),  # NULL: not prepared yet, or nobody known
    Column("link_hash", String(64), unique=True),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("prepared_at", Integer),  # the worker has looked up the address
    Column("proven_at", Integer),
    Column("used_at", Integer),
)

INVITATIONS = Table(  # to choose a user name and a password; for staff: the first one-time link
    "invitations",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("kind", String(20), nullable=False),  # CONTACT | STAFF
    Column("subject", String(40), nullable=False),  # contacts.id or staff.id
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("used_at", Integer),
)

STAFF = Table(
    "staff",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),  # ADMINISTRATOR | PLANNER
    Column("locale", String(5)),
    Column("password_hash", String),
    Column("totp_sealed", LargeBinary),  # NULL: not enrolled
    Column("totp_last_step", Integer, nullable=False, server_default="0"),  # no code works twice
    Column("disabled", Boolean, nullable=False, server_default=false()),
    Column("created_at", Integer, nullable=False),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", String(64), primary_key=True),  # hash of the cookie's token
    Column("kind", String(10), nullable=False),  # CLIENT | STAFF
    Column("subject", String(40), nullable=False),  # contacts.id or staff.id
    Column("business_unit", String(63)),  # CLIENT: of which
    Column("level", Integer, nullable=False),  # 1: permanent link, 2: proven
    Column("proven_until", Integer, nullable=False, server_default="0"),  # step-up ends
    Column("viewing", String(40)),  # STAFF: contacts.id looked through, read-only
    Column("browser", String(200), nullable=False, server_default=""),  # shortened user agent
    Column("created_at", Integer, nullable=False),
    Column("seen_at", Integer, nullable=False),  # written by a task, never by a page
    Column("expires_at", Integer, nullable=False),  # absolute end
    Column("ended_at", Integer),
    Index(None, "subject"),
)

ATTEMPTS = Table(  # what limits count: failed logins, codes sent, holds made
    "attempts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", String(30), nullable=False),
    Column("key", String(64), nullable=False),  # HMAC of the address, number, network or account
    Column("at", Integer, nullable=False),
    Index(None, "kind", "key", "at"),
)

# ---------------------------------------------------------------- what they do

HOLDS = Table(  # windows that a client is about to confirm; the truth is the engine's
    "holds",
    METADATA,
    Column("name", String, primary_key=True),  # tenants/{tenant}/holds/{hold}
    Column("contact", ForeignKey("contacts.id"), nullable=False),
    Column("visit", String, nullable=False),  # what it will become, or move
    Column("kind", String(20), nullable=False),  # BOOK | RESCHEDULE | NEW_VISIT
    Column("site", String, nullable=False),
    Column("activity_type", String, nullable=False),
    Column("starts_at", Integer, nullable=False),  # the window
    Column("ends_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("extendable", Boolean, nullable=False),
    Column("request_id", String(100), nullable=False),  # of the call that made it
    Column("search", JSON, nullable=False),  # how to find equivalents when it lapses
    Column("outcome", String(20)),  # NULL | CONFIRMED | RELEASED | LAPSED
    Column("created_at", Integer, nullable=False),
    Index(None, "contact", "expires_at"),
)

# ---------------------------------------------------------------- what is sent, and what was done

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("business_unit", String(63)),  # whose credits an SMS takes; NULL: staff's letters
    Column("channel", String(10), nullable=False),  # MAIL | SMS
    Column("kind", String(30), nullable=False),  # LOGIN_CODE | LINK | INVITATION | BOOKED | …
    Column("recipient", String(64), nullable=False),  # HMAC of the address or number
    Column("sealed", LargeBinary),  # recipient, subject, text, attachments; NULL once sent
    Column("created_at", Integer, nullable=False),
    Column("due_at", Integer, nullable=False),
    Column("expires_at", Integer),  # not worth sending afterwards
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("sent_at", Integer),
    Column("failed_at", Integer),  # given up
    Column("problem", String(200)),
    Index(None, "sent_at", "failed_at", "due_at"),
    Index(None, "channel", "created_at"),
)

AUDIT = Table(  # append-only: a trigger refuses UPDATE and DELETE
    "audit",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("actor", String(80), nullable=False),  # "staff/…", "contacts/…", "portal", "cli"
    Column("business_unit", String(63)),
    Column("what", String(40), nullable=False),  # stable word: LOGIN, VIEW_AS, SETTINGS_SAVED, …
    Column("subject", String, nullable=False, server_default=""),
    Column("data", JSON, nullable=False),
    Column("network", Text, nullable=False, server_default=""),  # IP /48 or /24
)
