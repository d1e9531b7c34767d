"""A site's opening hours bound the start and the finish of a visit.

Windows are cut by the hours before they are asked for (``slotsvc.domain.offer_windows``); what is
left of none of them is closed here, so that users see why it is not offered.
"""

from __future__ import annotations

from slotsvc.solver.constraints import Closed, Reason


def closed(missing: int = 0) -> Closed:
    """The whole window lies outside the hours, or too near their end for the service.
    ``missing``: seconds by which this technician would be late; 0: nobody could be in time."""
    return Closed(Reason.SITE_CLOSED, margin=missing)
