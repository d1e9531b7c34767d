"""Resource names (https://google.aip.dev/122): built and read here only.

TEAM.build("acme", "north")                    -> "tenants/acme/teams/north"
TEAM.parse("tenants/acme/teams/north")         -> ("acme", "north")
"""

from __future__ import annotations

import re

from slotsvc.scheduling.field_checks import Violations, is_id

_VARIABLE = re.compile(r"\{([a-z_]+)\}")


class NamePattern:
    """One kind of name. ``template``: such as ``tenants/{tenant}/teams/{team}``."""

    def __init__(self, template: str) -> None:
        self.template = template
        self.variables: tuple[str, ...] = tuple(_VARIABLE.findall(template))
        self._segments = template.split("/")

    def build(self, *ids: str) -> str:
        """The name with these ids, outermost first."""
        if len(ids) != len(self.variables):
            raise ValueError(f"{self.template} takes {len(self.variables)} ids")
        return self.template.format(**dict(zip(self.variables, ids, strict=True)))

    def parse(self, name: str) -> tuple[str, ...] | None:
        """The ids in ``name``, outermost first; None when it is no such name."""
        parts = name.split("/")
        if len(parts) != len(self._segments):
            return None
        ids = []
        for segment, part in zip(self._segments, parts, strict=True):
            if segment.startswith("{"):
                ids.append(part)
            elif segment != part:
                return None
        return tuple(ids) if all(map(is_id, ids)) else None

    def read(
        self, wrong: Violations, path: str, name: str, *, tenant: str | None = None
    ) -> tuple[str, ...]:
        """The ids in the field at ``path``. A wrong name is a violation and gives empty ids.

        ``tenant``: the tenant it must belong to; None: any.
        """
        ids = self.parse(name)
        if ids is None:
            wrong.add(path, f"required, as {self.template}")
        elif tenant is not None and ids[0] != tenant:
            wrong.add(path, f"must belong to tenants/{tenant}")
        else:
            return ids
        return ("",) * len(self.variables)


TENANT = NamePattern("tenants/{tenant}")
TEAM = NamePattern("tenants/{tenant}/teams/{team}")
TECHNICIAN = NamePattern("tenants/{tenant}/technicians/{technician}")
SITE = NamePattern("tenants/{tenant}/sites/{site}")
ACTIVITY_TYPE = NamePattern("tenants/{tenant}/activityTypes/{activity_type}")
SHIFT_EXCEPTION = NamePattern(
    "tenants/{tenant}/technicians/{technician}/shiftExceptions/{shift_exception}"
)
ABSENCE = NamePattern("tenants/{tenant}/technicians/{technician}/absences/{absence}")
LOAN = NamePattern("tenants/{tenant}/technicians/{technician}/loans/{loan}")
VAN = NamePattern("tenants/{tenant}/vans/{van}")
CLOSURE = NamePattern("tenants/{tenant}/closures/{closure}")
VISIT = NamePattern("tenants/{tenant}/visits/{visit}")
HOLD = NamePattern("tenants/{tenant}/holds/{hold}")
