"""Requests that mostly make sense: names of what is there, days and times near, one oneof set."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from slotsvc.server.interceptors.planned_fields import is_planned

_POOL: Any = Default()  # type: ignore[no-untyped-call]

NEEDED = frozenset(
    {"name", "visit", "team", "parent", "request_id", "token", "hold", "move", "moves", "date"}
    | {"technician", "first_date", "request", "outcome", "step", "windows", "offer_grid"}
    | {"site", "activity_type"}
)
"""Fields that are nearly always set."""

RARE = frozenset(
    {"promise", "promises", "allowed_windows", "allowed_dates", "target_window", "location"}
    | {"required_technicians", "forbidden_technicians", "service_duration", "setup_duration"}
    | {"pausable", "leave_promise", "promised_windows", "last_date", "etag", "max_added_travel"}
)
"""Fields that fit few others."""

type Make = Callable[[random.Random], Any]


def plausible(
    chance: random.Random, descriptor: Descriptor, words: Mapping[str, Sequence[str]], now: datetime
) -> Message:
    """``words``: texts by the name of their field. ``now``: what days and times are near to."""
    message: Any = GetMessageClass(descriptor)()
    if (make := _values(now).get(descriptor.full_name)) is not None:
        return make(chance)  # type: ignore[no-any-return]
    choices = [[field.name for field in one.fields] for one in descriptor.oneofs]
    real = [names for names in choices if len(names) > 1]
    chosen = {chance.choice(names) for names in real}
    left = {name for names in real for name in names} - chosen
    if descriptor.name == "SlotRequest":  # a new visit somewhere, or a stored one
        left |= chance.choice(({"visit"}, {"site", "location", "required_tags"}))
    for field in descriptor.fields:
        if field.name in left:
            continue
        share = 0.95 if field.name in NEEDED | chosen else 0.03 if field.name in RARE else 0.2
        if not is_planned(field) and chance.random() < share:
            _set(chance, message, field, words, now)
    return message  # type: ignore[no-any-return]


def _set(
    chance: random.Random,
    message: Any,
    field: FieldDescriptor,
    words: Mapping[str, Sequence[str]],
    now: datetime,
) -> None:
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        getattr(message, field.name)["key"] = "value"
    elif field.is_repeated:
        count = chance.randint(1, 2)
        items = [_value(chance, field, words, now) for _ in range(count)]
        getattr(message, field.name).extend(items)
    elif inner is not None:
        getattr(message, field.name).CopyFrom(_value(chance, field, words, now))
    else:
        setattr(message, field.name, _value(chance, field, words, now))


def _value(
    chance: random.Random, field: FieldDescriptor, words: Mapping[str, Sequence[str]], now: datetime
) -> Any:
    if field.message_type is not None:
        return plausible(chance, field.message_type, words, now)
    if field.enum_type is not None:
        return chance.choice([value.number for value in field.enum_type.values])
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return chance.choice(words.get(field.name, _TEXTS))
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return chance.random() < 0.5
    if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        return chance.choice((0.0, 0.5, 1.0, 20.0))
    return chance.randint(0, 3)


_TEXTS = ("", "", "x", "it rains")


def _values(now: datetime) -> Mapping[str, Make]:
    """Messages that are values."""
    return {
        "google.type.Date": lambda chance: _date(now.date() + timedelta(chance.randint(-1, 4))),
        "google.protobuf.Timestamp": lambda chance: _message(
            "google.protobuf.Timestamp",
            seconds=int(now.timestamp()) + 900 * chance.randint(-40, 200),
        ),
        "google.protobuf.Duration": lambda chance: _message(
            "google.protobuf.Duration", seconds=chance.choice((60, 600, 900, 3600, 7200))
        ),
        "google.protobuf.FieldMask": lambda chance: _message(
            "google.protobuf.FieldMask",
            paths=chance.sample(("note", "priority", "due_time", "labels"), 2),
        ),
        "google.type.LatLng": lambda chance: _message(
            "google.type.LatLng",
            latitude=43.73 + chance.randint(0, 20) / 1000,
            longitude=7.41 + chance.randint(0, 20) / 1000,
        ),
        "slotsvc.v1.TimeWindow": lambda chance: _window(chance, now),
        "slotsvc.v1.LocalInterval": lambda chance: _message(
            "slotsvc.v1.LocalInterval",
            start={"hours": chance.randint(6, 11)},
            end={"hours": chance.randint(12, 18)},
        ),
        "slotsvc.v1.OfferGrid": lambda chance: _message(
            "slotsvc.v1.OfferGrid",
            cells=[{"start": {"hours": n}, "end": {"hours": n + 2}} for n in (8, 10, 13, 15)],
        ),
    }


def _message(name: str, **fields: Any) -> Any:
    return GetMessageClass(_POOL.FindMessageTypeByName(name))(**fields)


def _date(day: date) -> Any:
    return _message("google.type.Date", year=day.year, month=day.month, day=day.day)


def _window(chance: random.Random, now: datetime) -> Any:
    start = int(now.timestamp()) + 1800 * chance.randint(-4, 100)
    end = start + 1800 * chance.randint(1, 40)
    return _message(
        "slotsvc.v1.TimeWindow", start_time={"seconds": start}, end_time={"seconds": end}
    )
