"""Groups of settings: a TOML table each, and variables with two underscores."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Group(BaseModel):
    """Settings that stand together, frozen; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Tls(Group):
    """Encryption of the gRPC port."""

    certificate_path: Path | None = Field(None, description="PEM certificate chain of the service.")
    key_path: Path | None = Field(None, description="PEM private key of that certificate.")
    client_ca_path: Path | None = Field(
        None, description="PEM certificates of who may sign clients' certificates. Set: required."
    )

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.certificate_path is None) != (self.key_path is None):
            raise ValueError("certificate_path and key_path belong together")
        if self.client_ca_path is not None and self.certificate_path is None:
            raise ValueError("client_ca_path needs certificate_path and key_path")
        return self

    @property
    def enabled(self) -> bool:
        """Whether the port is encrypted."""
        return self.certificate_path is not None


class ClientTls(Group):
    """Encryption of the calls that the command line and the portal make."""

    ca_path: Path | None = Field(
        None, description="PEM certificates that the service's is checked against. Set: encrypted."
    )
    certificate_path: Path | None = Field(
        None, description="PEM certificate chain of the caller, where the service wants one."
    )
    key_path: Path | None = Field(None, description="PEM private key of that certificate.")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.certificate_path is None) != (self.key_path is None):
            raise ValueError("certificate_path and key_path belong together")
        if self.certificate_path is not None and self.ca_path is None:
            raise ValueError("certificate_path needs ca_path")
        return self


class Search(Group):
    """Limits of a slot search."""

    deadline_seconds: float = Field(
        10.0, gt=0, le=3600, description="Deadline of a call that names none, seconds."
    )
    deadline_cap_seconds: float = Field(
        60.0, gt=0, le=3600, description="Longest deadline of any call, seconds."
    )
    node_budget: int | None = Field(
        None,
        ge=1,
        description="Partial orders kept at once while days with very many orders are searched; "
        "beyond it the answer says BOUND. Unset: the solver's own.",
    )
    max_horizon_days: int = Field(
        366, ge=1, le=366, description="Most days between the first and the last day of a search."
    )

    most_per_client: int = Field(
        120, ge=1, description="Searches that one client may make in a minute; more are refused."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.deadline_seconds > self.deadline_cap_seconds:
            raise ValueError("deadline_seconds must not exceed deadline_cap_seconds")
        return self


class Roads(Group):
    """How long anybody waits for OSRM, and when it is left alone."""

    timeout_seconds: float = Field(
        2.0, gt=0, le=60, description="One request to OSRM, waiting for its turn included, seconds."
    )
    most_in_flight: int = Field(
        8, ge=1, le=256, description="Requests for driving times that OSRM gets at once."
    )
    deadline_percent: int = Field(
        30,
        ge=1,
        le=100,
        description="Most of a call's deadline that is spent waiting for OSRM, %; then driving is "
        "estimated.",
    )
    probe_seconds: float = Field(
        5.0, gt=0, le=3600, description="An engine that fails is tried again so often, seconds."
    )


class Holds(Group):
    """How long a slot stays reserved."""

    default_seconds: int = Field(
        300, ge=10, le=900, description="A hold that names no duration, seconds."
    )
    longest_seconds: int = Field(
        900, ge=10, le=900, description="Longest life of a hold, its extension included, seconds."
    )
    offer_seconds: int = Field(
        900, ge=10, le=86_400, description="How long an offered slot's token is accepted, seconds."
    )
    day_share_percent: int = Field(
        50, ge=1, le=100, description="Most of a shift's regular time that live holds may take, %."
    )
    most_per_client: int = Field(
        2, ge=1, le=100, description="Live holds that one client may have at once."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.default_seconds > self.longest_seconds:
            raise ValueError("default_seconds must not exceed longest_seconds")
        return self


class Watch(Group):
    """Streams of a team's events."""

    heartbeat_seconds: float = Field(
        15.0, gt=0, le=3600, description="A watch with no event is told its position so often."
    )
    most_streams: int = Field(
        200,
        ge=1,
        le=10_000,
        description="Watches that one process serves at once; a tenant may have half of them.",
    )


class Admission(Group):
    """How many calls of each kind are at work at once, and how long others wait."""

    searches: int = Field(
        2,
        ge=1,
        le=1000,
        description="Searches for slots at once: one process has one interpreter. One that takes "
        "longer than 0.25 s leaves its place to others, twelve such at most.",
    )
    holds: int = Field(4, ge=1, le=1000, description="New holds at once.")
    commits: int = Field(
        16, ge=1, le=1000, description="Bookings and other writes of visits at once."
    )
    reads: int = Field(16, ge=1, le=1000, description="Reads, tiles and addresses at once.")
    plans: int = Field(
        8, ge=1, le=1000, description="Batches of searches, explanations and tried moves at once."
    )
    admin: int = Field(4, ge=1, le=1000, description="Changes of calendars and keys at once.")
    queue: int = Field(
        256, ge=1, le=100_000, description="Calls of one kind that may wait for a place."
    )
    burst_seconds: float = Field(
        1.0,
        gt=0,
        le=60,
        description="A tenant's queue that has not been empty for so long counts as overload.",
    )
    standing_seconds: float = Field(
        0.05, gt=0, le=60, description="Longest wait for a place under overload, seconds."
    )
    pushback_seconds: float = Field(
        0.5,
        gt=0,
        le=5,
        description="When a call that was sent away may come again; longer as overload lasts.",
    )


class Jobs(Group):
    """Background work."""

    at_once: int = Field(
        4,
        ge=0,
        le=100,
        description="Jobs that this process does at the same time. 0: it leaves background work "
        "to other processes of the same database.",
    )


class Log(Group):
    """Log lines. They never hold coordinates, names, addresses or telephone numbers."""

    format: Literal["auto", "console", "json"] = Field(
        "auto", description="`json`, `console`, or `auto`: console on a terminal."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least serious line that is written."
    )
