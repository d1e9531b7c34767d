"""Resource names are built and read in one place."""

from __future__ import annotations

import pytest

from slotsvc.scheduling.field_checks import Violations
from slotsvc.server import names


def test_a_name_is_read_as_it_was_built() -> None:
    """Every kind of name gives its ids back."""
    patterns = [p for p in vars(names).values() if isinstance(p, names.NamePattern)]
    assert len(patterns) == 12

    for pattern in patterns:
        ids = tuple(f"id-{i}" for i in range(len(pattern.variables)))
        assert pattern.parse(pattern.build(*ids)) == ids


@pytest.mark.parametrize(
    "name",
    [
        "",
        "tenants/acme",
        "tenants/acme/teams/",
        "tenants//teams/a",
        "tenants/acme/technicians/a",
        "tenants/acme/teams/a/",
        "/tenants/acme/teams/a",
        "tenants/acme/teams/A",
        "tenants/acme/teams/a b",
        "tenants/acme/teams/{team}",
    ],
)
def test_what_is_no_such_name_is_refused(name: str) -> None:
    """A wrong shape or id is no name, and the violation shows the shape that is wanted."""
    assert names.TEAM.parse(name) is None
    wrong = Violations()

    assert names.TEAM.read(wrong, "team", name) == ("", "")

    assert wrong.found[0].field == "team"
    assert "tenants/{tenant}/teams/{team}" in wrong.found[0].reason


def test_a_name_of_another_tenant_is_refused() -> None:
    """A request speaks of one tenant only."""
    wrong = Violations()

    names.SITE.read(wrong, "request.site", "tenants/other/sites/a", tenant="acme")

    assert [v.field for v in wrong.found] == ["request.site"]


def test_the_wrong_number_of_ids_is_a_mistake_of_the_code() -> None:
    """Building needs one id for each part."""
    with pytest.raises(ValueError, match="takes 2 ids"):
        names.TEAM.build("acme")
