"""Answers as JSON: the proto3 JSON mapping with the proto's field names and numbers as numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from google.protobuf.message import Message


def as_json(message: Message) -> dict[str, Any]:
    """The message with every key that is not a message of its own, so that keys are stable.

    64-bit integers are numbers here, not strings; a protobuf JSON parser reads both.
    """
    from google.protobuf.json_format import MessageToDict

    found: dict[str, Any] = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return _with_numbers(found, message.DESCRIPTOR)


ONLY_IN_OFFERS = (
    "added_travel_seconds",
    "added_waiting_seconds",
    "added_overtime_seconds",
    "added_travel_against_today_seconds",
    "resequences",
)


def placed_json(message: Message) -> dict[str, Any]:
    """A hold or a visit: as ``as_json``, but its place leaves out what only an offer knows."""
    found = as_json(message)
    place = found.get("place", {})
    for key in ONLY_IN_OFFERS:
        if not place.get(key):
            place.pop(key, None)
    return found


def _with_numbers(found: dict[str, Any], kind: Any) -> dict[str, Any]:
    fields = kind.fields_by_name
    return {
        key: _number(value, fields[key]) if key in fields else value for key, value in found.items()
    }


def _number(value: Any, field: Any) -> Any:
    if isinstance(value, list):
        return [_number(item, field) for item in value]
    if isinstance(value, dict) and field.message_type is not None:
        return _with_numbers(value, field.message_type)
    wide = field.cpp_type in (field.CPPTYPE_INT64, field.CPPTYPE_UINT64)
    return int(value) if wide and isinstance(value, str) else value


def echo_json(answer: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
