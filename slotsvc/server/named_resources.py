"""Every resource that a message names, wherever it stands, and fields by their dotted path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

TENANTS = "tenants/"


@dataclass(frozen=True, slots=True)
class Named:
    """A name that begins with ``tenants/``. ``steps``: collection and id, outermost first.

    No check of its form: whatever looks like a name is one.
    """

    tenant: str
    steps: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, name: str) -> Named:
        """``name`` begins with ``tenants/``."""
        parts = name.split("/")
        return cls(parts[1], tuple(zip(parts[2::2], [*parts[3::2], ""], strict=False)))


def named_in(message: Message) -> Iterator[Named]:
    """Every name in the message, nested, repeated and in maps."""
    for text in texts_in(message):
        if text.startswith(TENANTS):
            yield Named.read(text)


def texts_in(message: Message) -> Iterator[str]:
    """Every text in the message, nested, repeated and in maps, keys of maps too."""
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING:
            yield from value if field.is_repeated else (value,)
        elif field.message_type is not None:
            yield from _texts_inside(field, value)


def _texts_inside(field: FieldDescriptor, value: Any) -> Iterator[str]:
    if field.message_type.GetOptions().map_entry:
        for part in (*value, *value.values()):
            if isinstance(part, str):
                yield part
            elif isinstance(part, Message):
                yield from texts_in(part)
        return
    for inner in value if field.is_repeated else (value,):
        yield from texts_in(inner)


def text_at(message: Message, path: str) -> str:
    """The text of the field at a dotted path; "" when it, or what it stands in, is unset."""
    inner: Any = message
    *outer, last = path.split(".")
    for name in outer:
        if not inner.HasField(name):
            return ""
        inner = getattr(inner, name)
    return str(getattr(inner, last))


def set_beyond(message: Message, allowed: frozenset[str], prefix: str = "") -> str | None:
    """The first set field that is neither at an ``allowed`` path nor below one; None: none."""
    for field, value in message.ListFields():
        path = f"{prefix}{field.name}"
        if path in allowed:
            continue
        if not any(one.startswith(f"{path}.") for one in allowed):
            return path
        if (found := set_beyond(value, allowed, f"{path}.")) is not None:
            return found
    return None
