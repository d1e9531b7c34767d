"""Refuses what the contract reserves for later: never ignored, always named.

Options ``(slotsvc.v1.planned)`` on fields and ``(slotsvc.v1.planned_value)`` on enum values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from slotsvc.domain.errors import NotImplementedFieldError
from slotsvc.pb.v1 import options_pb2


def refuse_planned_fields(message: Message) -> None:
    """Raises ``NotImplementedFieldError`` with the path of the first planned field that is set."""
    path = next(_set_and_planned(message, ""), None)
    if path is not None:
        raise NotImplementedFieldError(path)


def is_planned(field: FieldDescriptor) -> bool:
    """Whether the contract reserves ``field`` for later."""
    return bool(field.GetOptions().Extensions[options_pb2.planned])


def _set_and_planned(message: Message, prefix: str) -> Iterator[str]:
    fields = _worth_a_look(message.DESCRIPTOR)
    for field, value in message.ListFields():
        if (planned := fields.get(field.number)) is None:
            continue
        path = f"{prefix}{field.name}"
        if planned:
            yield path
        elif field.enum_type is not None:
            yield from _planned_values(field, path, value)
        else:
            for inner_path, inner in _messages(field, path, value):
                yield from _set_and_planned(inner, inner_path + ".")


def _messages(field: FieldDescriptor, path: str, value: Any) -> Iterable[tuple[str, Message]]:
    if not field.is_repeated:
        return [(path, value)]
    if field.message_type.GetOptions().map_entry:
        return [(f"{path}[{key}]", value[key]) for key in value]
    return [(f"{path}[{i}]", inner) for i, inner in enumerate(value)]


def _planned_values(field: FieldDescriptor, path: str, value: Any) -> Iterator[str]:
    planned = _planned_numbers(field)
    for number in value if field.is_repeated else [value]:
        if number in planned:
            yield f"{path} = {planned[number]}"


def _planned_numbers(field: FieldDescriptor) -> dict[int, str]:
    extension = options_pb2.planned_value
    values = field.enum_type.values
    return {v.number: v.name for v in values if v.GetOptions().Extensions[extension]}


@cache
def _worth_a_look(descriptor: Descriptor) -> dict[int, bool]:
    """By field number: True for planned fields, False for those that can contain one."""
    return {
        field.number: is_planned(field)
        for field in descriptor.fields
        if is_planned(field) or _can_contain(field, frozenset({descriptor}))
    }


def _can_contain(field: FieldDescriptor, seen: frozenset[Descriptor]) -> bool:
    if field.enum_type is not None:
        return bool(_planned_numbers(field))
    inner = field.message_type
    if inner is None or inner in seen:
        return False
    return any(is_planned(f) or _can_contain(f, seen | {inner}) for f in inner.fields)
