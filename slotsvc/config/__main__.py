"""``python -m slotsvc.config`` prints ``docs/configuration.md``."""

from __future__ import annotations

import sys

from slotsvc.config.reference import reference

sys.stdout.write(reference())
