"""Travel times and addresses from OpenStreetMap: adapters of the travel port.

``map_build.build_map`` compiles an extract; ``osrm_process.OsrmProcess`` runs the engine on it;
``osrm.OsrmTravelTimes.of_map`` asks it; ``layers.never_failing`` adds memory and the estimate;
``address_index.AddressIndex`` finds places by name.
"""
