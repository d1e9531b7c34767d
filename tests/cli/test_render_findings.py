"""What is broken, in tables."""

from __future__ import annotations

from dataclasses import dataclass

from slotsvc.cli.known_names import KnownNames
from slotsvc.cli.render_findings import WHAT, check_lines, size_words, violation_lines
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1.plan_service_pb2 import RouteCheck, RouteFinding, RouteViolations
from slotsvc.pb.v1.visit_service_pb2 import Visit
from slotsvc.solver.findings import FindingKind
from tests.cli.samples import TUESDAY, ZONE, at
from tests.cli.samples import a_route as route

ANN, SUE = "tenants/riviera/technicians/ann", "tenants/riviera/technicians/sue"
VISIT = "tenants/riviera/visits/v-1"


@dataclass
class OldFriends(KnownNames):
    """Names that need no service."""

    def technician(self, name: str) -> str:
        return {ANN: "Ann Lee", SUE: "Sue Day"}[name]

    def site(self, name: str) -> str:
        return "Rue Imberty"

    def read(self, name: str) -> Visit:
        visit = Visit(name=name, site="tenants/riviera/sites/rue-imberty")
        visit.promise.window.CopyFrom(route().stops[0].promise)
        return visit


NAMES = OldFriends(None, ZONE)  # type: ignore[arg-type]


def a_finding(kind: str = "LATE", size: int = 720, **more: object) -> RouteFinding:
    finding = RouteFinding(kind=kind, size_seconds=size, visit=VISIT, origin="OVERRIDE", **more)  # type: ignore[arg-type]
    finding.since.FromDatetime(at(8, 5))
    return finding


def test_violations_say_what_how_much_since_when_and_why() -> None:
    """A block for each route, a reason and the visit's id under the row."""
    broken = RouteViolations(
        technician=ANN,
        technician_display_name="Ann Lee",
        date=pb_date(TUESDAY),
        findings=[a_finding(override_reason="Client agreed"), a_finding("NO_SHIFT", 0)],
    )
    lines = [str(line) for line in violation_lines([broken], ZONE, NAMES, 80)]

    assert lines == [
        "Ann Lee, Tue 24 Nov",
        "  What              By  Since  Why      Visit, and what was told",
        "  starts late   12 min  08:05  by hand  Rue Imberty 08:00-10:00",
        "    Accepted: Client agreed",
        "    v-1",
        "  nobody comes          08:05  by hand  Rue Imberty 08:00-10:00",
        "    v-1",
    ]


def test_a_move_says_what_it_would_break_and_whom_it_hits() -> None:
    """What was broken before is counted; driving is told for both days."""
    checked = [
        RouteCheck(
            technician=ANN, findings=[a_finding("MAX_VISITS", 2)], added_travel_seconds=-540
        ),
        RouteCheck(technician=SUE, findings=[a_finding(worse=True)], added_travel_seconds=1080),
    ]
    lines = [str(line) for line in check_lines(checked, NAMES, 80)]

    assert lines == [
        "This would break 1 rule:",
        "  What             By  Whose day  Visit, and what was told",
        "  starts late  12 min  Sue Day    Rue Imberty 08:00-10:00",
        "Broken already on these days, and not worse: 1.",
        "Driving: Ann Lee −9 min, Sue Day +18 min.",
    ]


def test_a_sound_move_says_so() -> None:
    """On days that were sound, and on days that were not."""
    sound = [RouteCheck(technician=ANN)]
    known = [RouteCheck(technician=ANN, findings=[a_finding()])]

    assert str(check_lines(sound, NAMES, 80)[0]) == "Nothing is broken."
    assert str(check_lines(known, NAMES, 80)[0]) == "Nothing is broken that was not before."


def test_every_kind_a_stored_route_can_have_is_said_in_words() -> None:
    """The rest are of published timetables, which a stored route has none of."""
    of_timetables = {"DRIVE", "SERVICE", "STOPS"}
    assert {kind.value for kind in FindingKind} - of_timetables <= set(WHAT)
    assert size_words(a_finding("MAX_VISITS", 1)) == "1 visit"
