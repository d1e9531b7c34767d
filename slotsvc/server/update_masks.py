"""Which fields an update changes (https://google.aip.dev/134).

No mask: every field that is set. ``*``: every field. A path in the mask whose field is unset in
the patch clears it.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from slotsvc.domain.errors import NotImplementedFieldError
from slotsvc.scheduling.field_checks import Violations
from slotsvc.server.interceptors.planned_fields import is_planned

_FIXED = frozenset({"name", "etag"})
_MOST_PATHS = 100

type Path = tuple[str, ...]


def changed_paths(
    wrong: Violations, patch: Message, mask: FieldMask | None, field: str
) -> list[Path]:
    """The paths to change. ``mask`` None: none was sent. ``field``: where ``patch`` stands.

    Raises ``NotImplementedFieldError`` for a planned field.
    """
    if mask is None or not mask.paths:
        return [(f.name,) for f, _ in patch.ListFields() if f.name not in _FIXED]
    if list(mask.paths) == ["*"]:
        fields = patch.DESCRIPTOR.fields
        return [(f.name,) for f in fields if f.name not in _FIXED and not is_planned(f)]
    if not wrong.count("update_mask.paths", mask.paths, _MOST_PATHS):
        return []
    checked = (
        _checked(wrong, f"update_mask.paths[{i}]", patch.DESCRIPTOR, path, field)
        for i, path in enumerate(mask.paths)
    )
    return [path for path in checked if path is not None]


def apply(patch: Message, paths: list[Path], onto: Message) -> None:
    """Copies the fields at ``paths`` from ``patch`` to ``onto``, clearing what is unset there."""
    for path in paths:
        _copy(patch, onto, path)


def _checked(wrong: Violations, where: str, descriptor: Any, text: str, field: str) -> Path | None:
    path = tuple(text.split("."))
    if path[0] in _FIXED:
        wrong.add(where, f"{path[0]} cannot be changed")
        return None
    inner: Any = descriptor
    for depth, name in enumerate(path):
        found = None if inner is None else inner.fields_by_name.get(name)
        if found is None:
            wrong.add(where, "no such field")
            return None
        if is_planned(found):
            raise NotImplementedFieldError(".".join((field, *path[: depth + 1])))
        inner = _inside(found)
    return path


def _inside(field: FieldDescriptor) -> Any:
    return None if field.is_repeated else field.message_type


def _copy(patch: Message, onto: Message, path: Path) -> None:
    name, rest = path[0], path[1:]
    field = patch.DESCRIPTOR.fields_by_name[name]
    if rest:
        if patch.HasField(name) or onto.HasField(name):
            _copy(getattr(patch, name), getattr(onto, name), rest)
        return
    onto.ClearField(name)
    if field.is_repeated:
        getattr(onto, name).MergeFrom(getattr(patch, name))
    elif field.has_presence and not patch.HasField(name):
        # to set it, were it only to 0, would say that 0 is wanted
        return
    elif field.message_type is None:
        setattr(onto, name, getattr(patch, name))
    else:
        getattr(onto, name).CopyFrom(getattr(patch, name))
