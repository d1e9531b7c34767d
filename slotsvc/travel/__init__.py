"""Travel times and addresses from OpenStreetMap: adapters of the travel port.

``map_build.build_map`` compiles an extract. ``roads.RoadTravelTimes.of_map`` answers from it in
this process; ``osrm_process.OsrmProcess`` runs OSRM on it, ``osrm.OsrmTravelTimes.of_map`` asks it.
``layers.never_failing`` puts one before the other, and the estimate behind both;
``address_index.AddressIndex`` finds places by name.
"""
