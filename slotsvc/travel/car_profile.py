"""The driving profile: the wheel's ``car.lua`` where the quickest road is the best road."""

from __future__ import annotations

import hashlib
from pathlib import Path

from slotsvc.travel.osrm_wheel import osrm_profiles

# weight_name: car.lua's own weight is not time, so the table would hold the times of preferred
# roads, not of the quickest, and could not be checked against the graph.
# excludable: nobody asks for routes without tolls, motorways or ferries; each such choice costs a
# pass of contraction (Porto: 39 s with them, 10 s without) and slows tables down by a third.
_PROFILE = """\
-- Derived from car.lua of osrm-bindings: duration is the weight, no road class can be excluded.
local profiles = [==[{profiles}]==]
package.path = profiles .. "/?.lua;" .. package.path
local car = dofile(profiles .. "/car.lua")
local car_setup = car.setup
car.setup = function()
  local profile = car_setup()
  profile.properties.weight_name = "duration"
  profile.excludable = Sequence {{}}
  return profile
end
return car
"""


def write_car_profile(path: Path) -> None:
    """Write the derived profile; it reads the wheel's files, so it belongs to this installation."""
    path.write_text(_PROFILE.format(profiles=osrm_profiles()), encoding="utf-8")


def car_profile_sha256() -> str:
    """Hash of all Lua that decides about speeds; the same on every machine with this wheel."""
    profiles = osrm_profiles()
    digest = hashlib.sha256(_PROFILE.encode())
    for part in [profiles / "car.lua", *sorted((profiles / "lib").glob("*.lua"))]:
        digest.update(part.read_bytes())
    return digest.hexdigest()
