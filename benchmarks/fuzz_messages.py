"""Bytes to throw at a method: random messages, good ones with something wrong, and broken bytes."""

from __future__ import annotations

import random
import string
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from benchmarks.sample_requests import sample_request
from slotsvc.server.interceptors.planned_fields import is_planned

DEEPEST = 6
MOST_ITEMS = 6
MANY_ITEMS = 600
"""Once in a while, a list longer than any limit."""

INTS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
}
FLOATS = (0.0, -0.0, 1.5, 43.73, 7.42, 90.0, 180.1, 1e300, float("inf"), float("nan"))
ODD_TEXTS = (
    "",
    " ",
    "*",
    "a" * 300,
    "tenants/",
    "tenants/-",
    "tenants/../acme",
    "display_name",
    "working_time.monday",
    "Europe/Monaco",
    "UTC",
    "\u202e\u0000\n",
    "é\U0001f600",
    "1; DROP TABLE visit",
)


class Thrower:
    """Makes payloads for methods, the same ones for the same ``seed``.

    ``names``: of a company that exists, see ``sample_company``; may be exchanged for a fresh one's.
    """

    def __init__(self, seed: int, names: Mapping[str, str]) -> None:
        self._chance = random.Random(seed)
        self.names = dict(names)

    def payload(self, method: MethodDescriptor) -> bytes:
        """One request, or what calls itself one."""
        draw = self._chance.random()
        if draw < 0.2:
            return self._random(method.input_type, 0.6, DEEPEST).SerializeToString()
        request = sample_request(method, self.names)
        if draw < 0.85:
            for _ in range(self._chance.randint(1, 4)):
                self._spoil(request, DEEPEST)
        raw: bytes = request.SerializeToString()
        return self._broken(raw) if draw > 0.95 else raw

    def _random(self, descriptor: Descriptor, fullness: float, deep: int) -> Message:
        message: Any = GetMessageClass(descriptor)()
        for field in descriptor.fields:
            # planned fields are refused at once: with one in most messages nothing else is tried
            share = fullness / 50 if is_planned(field) else fullness
            if self._chance.random() < share:
                self._set(message, field, deep)
        return message  # type: ignore[no-any-return]

    def _spoil(self, message: Any, deep: int) -> None:
        """Changes one thing in the message, or in a message inside."""
        inside = [value for field, value in message.ListFields() if _is_message(field)]
        if inside and deep and self._chance.random() < 0.6:
            chosen = self._chance.choice(inside)
            self._spoil(chosen if isinstance(chosen, Message) else chosen[0], deep - 1)
            return
        fields = [field for field in message.DESCRIPTOR.fields if not is_planned(field)]
        if not fields:
            return
        field = self._chance.choice(fields)
        if self._chance.random() < 0.3:
            message.ClearField(field.name)
        else:
            self._set(message, field, deep)

    def _set(self, message: Any, field: FieldDescriptor, deep: int) -> None:
        if _is_map(field):
            self._set_map(getattr(message, field.name), field, deep)
        elif field.is_repeated:
            many = MANY_ITEMS if self._chance.random() < 0.02 else MOST_ITEMS
            count = self._chance.randint(0, many)
            getattr(message, field.name).extend(self._value(field, deep) for _ in range(count))
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(self._value(field, deep))
        else:
            setattr(message, field.name, self._value(field, deep))

    def _set_map(self, entries: Any, field: FieldDescriptor, deep: int) -> None:
        parts = field.message_type.fields_by_name
        for _ in range(self._chance.randint(0, 3)):
            key, value = self._value(parts["key"], deep), self._value(parts["value"], deep)
            if isinstance(value, Message):
                entries[key].CopyFrom(value)
            else:
                entries[key] = value

    def _value(self, field: FieldDescriptor, deep: int) -> Any:
        if field.message_type is not None:
            return self._random(field.message_type, 0.7 if deep else 0.0, deep - 1)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return self._chance.randbytes(self._chance.randint(0, 20))
        if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            return self._text()
        if field.cpp_type in INTS:
            return self._int(*INTS[field.cpp_type])
        if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
            return self._chance.random() < 0.5
        return self._float(field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT)

    def _text(self) -> str:
        draw = self._chance.random()
        if draw < 0.6:
            return self._chance.choice(list(self.names.values()))
        if draw < 0.85:
            return self._chance.choice(ODD_TEXTS)
        return "".join(self._chance.choices(string.printable, k=self._chance.randint(0, 30)))

    def _int(self, least: int, most: int) -> int:
        draw = self._chance.random()
        if draw < 0.7:
            return self._chance.randint(max(least, 0), 60)
        return self._chance.choice(
            (least, most, max(least, -1), 2030, 86_400, 1_906_000_000 % most)
        )

    def _float(self, narrow: bool) -> float:
        draw = self._chance.random()
        value = self._chance.uniform(-200, 200) if draw < 0.3 else self._chance.choice(FLOATS)
        return struct.unpack("f", struct.pack("f", min(value, 3e38)))[0] if narrow else value

    def _broken(self, raw: bytes) -> bytes:
        """The bytes with one changed, cut short, or doubled."""
        if not raw:
            return self._chance.randbytes(self._chance.randint(1, 40))
        at = self._chance.randrange(len(raw))
        kinds: Sequence[bytes] = (
            raw[:at],
            raw + raw,
            raw[:at] + self._chance.randbytes(1) + raw[at + 1 :],
        )
        return self._chance.choice(kinds)


def _is_message(field: FieldDescriptor) -> bool:
    return field.message_type is not None and not _is_map(field)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)
