"""Any message the wire can carry, mixed with values that get past the first checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from slotsvc.server.interceptors.planned_fields import is_planned

_INTS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
}


@st.composite
def messages(
    draw: st.DrawFn, descriptor: Descriptor, words: Sequence[str], fullness: float = 0.7
) -> Message:
    """A message of this kind. ``words``: plausible texts. ``fullness``: share of fields set."""
    message: Any = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        # planned fields are refused at once: with one in most messages nothing else is tried
        share = fullness / 50 if is_planned(field) else fullness
        if draw(st.floats(0, 1)) < share:
            _set(draw, message, field, words)
    return message  # type: ignore[no-any-return]


def _set(draw: st.DrawFn, message: Any, field: FieldDescriptor, words: Sequence[str]) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return
    if field.is_repeated:
        items = [_value(draw, field, words) for _ in range(draw(st.integers(0, 8)))]
        getattr(message, field.name).extend(items)
    elif field.message_type is not None:
        getattr(message, field.name).CopyFrom(_value(draw, field, words))
    else:
        setattr(message, field.name, _value(draw, field, words))


def _value(draw: st.DrawFn, field: FieldDescriptor, words: Sequence[str]) -> Any:
    if field.message_type is not None:
        return draw(messages(field.message_type, words))
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        if field.type == FieldDescriptor.TYPE_BYTES:
            return draw(st.binary(max_size=20))
        return draw(st.one_of(st.sampled_from(words), st.text(max_size=20)))
    if field.cpp_type in _INTS:
        least, most = _INTS[field.cpp_type]
        small = st.integers(max(least, 0), 60)
        return draw(st.one_of(small, small, st.integers(least, most)))
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return draw(st.booleans())
    width = 32 if field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT else 64
    return draw(st.one_of(st.floats(-90, 90, width=32), st.floats(width=width)))
