"""A site's opening hours bound the start and the finish of a visit.

Windows are cut by the hours before they are asked for (``slotsvc.domain.offer_windows``); what is
left of none of them is closed here, so that users see why it is not offered.
"""

from __future__ import annotations

from slotsvc.solver.constraints import Closed, Reason


def closed() -> Closed:
    """The whole window lies outside the hours, or too near their end for the service."""
    return Closed(Reason.SITE_CLOSED)
