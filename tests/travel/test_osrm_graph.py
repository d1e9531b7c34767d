from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from slotsvc.travel.map_build import build_map
from slotsvc.travel.map_info import MapError, MapFiles
from slotsvc.travel.osrm_graph import LAYOUTS, read_osrm_graph
from slotsvc.travel.osrm_wheel import osrm_version
from slotsvc.travel.road_graph import (
    ALONG,
    ALONG_BACK,
    BEFORE,
    BEFORE_BACK,
    CUT_OFF,
    FORWARD,
    FROM,
    NO_NODE,
    POSITION,
    REVERSE,
    TO,
    RoadGraph,
)
from tests.road_fixtures import CompiledMap
from tests.travel.town import NORTH, STEP, WEST, a_town

VERSION = osrm_version()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> MapFiles:
    """A main street of five points and a second street apart from it."""
    here = tmp_path_factory.mktemp("town")
    build_map(a_town(here / "t.osm.pbf"), here / "map", progress=lambda _s, _f: None)
    return MapFiles(here / "map")


@pytest.fixture(scope="module")
def street(town: MapFiles) -> RoadGraph:
    return read_osrm_graph(town, "m", VERSION)


@pytest.fixture
def damaged(town: MapFiles, tmp_path: Path) -> MapFiles:
    """A copy of the town's files to spoil."""
    shutil.copytree(town.directory, tmp_path / "map")
    return MapFiles(tmp_path / "map")


def test_the_installed_engine_is_one_whose_files_we_read() -> None:
    """A new wheel needs its layout looked at: this test is where it is noticed first."""
    assert VERSION in LAYOUTS


def test_a_street_is_driven_in_both_directions(street: RoadGraph) -> None:
    """Two stretches of road, driven both ways, make four nodes; one turns round at dead ends."""
    assert street.node_count == 4
    assert len(street.segments) == 6
    assert (street.segments[:, FORWARD] != NO_NODE).all()
    assert (street.segments[:, REVERSE] != NO_NODE).all()
    opposite = dict(zip(street.segments[:, FORWARD], street.segments[:, REVERSE], strict=True))
    opposite |= {back: forward for forward, back in opposite.items()}
    assert all(opposite[tail] == head for tail, head in zip(street.tail, street.head, strict=True))


def test_segments_know_where_they_are_and_what_they_take(street: RoadGraph) -> None:
    """160 m at a car's speed on a 50 km/h street is a dozen seconds, more of it lies before each
    next segment, and both directions add up to the whole street."""
    main = street.segments[street.segments[:, FROM + 1] == round(NORTH * 1e6)]
    main = main[np.argsort(main[:, POSITION])]
    assert sorted({*main[:, FROM], *main[:, TO]}) == [
        round((WEST + k * STEP) * 1e6) for k in range(5)
    ]
    assert (np.diff(main[:, POSITION]) > 0).all()
    assert ((main[:, ALONG] > 100) & (main[:, ALONG] < 200)).all()
    assert (main[:, BEFORE] == np.cumsum(main[:, ALONG]) - main[:, ALONG]).all()
    back = main[::-1]
    assert (back[:, BEFORE_BACK] == np.cumsum(back[:, ALONG_BACK]) - back[:, ALONG_BACK]).all()


def test_a_small_road_is_cut_off_from_the_network(street: RoadGraph, demo_map: CompiledMap) -> None:
    """A town of two streets has no network; the demo town has one, and a few roads beside it."""
    assert (street.segments[:, CUT_OFF] == 1).all()
    riviera = read_osrm_graph(demo_map.files, "m", VERSION)
    assert 0.0 < riviera.segments[:, CUT_OFF].mean() < 0.1


def test_a_node_lies_on_its_road(street: RoadGraph) -> None:
    """Its point, by which the map is cut in parts, is one of the street."""
    assert {round(NORTH * 1e6), round((NORTH - 0.05) * 1e6)} == set(street.node_at[:, 1].tolist())


def test_a_graph_is_sound(demo_map: CompiledMap) -> None:
    """Arcs are sorted, name nodes there are and weigh at least what their tail takes."""
    graph = read_osrm_graph(demo_map.files, "m", VERSION)
    pairs = graph.tail.astype(np.int64) * graph.node_count + graph.head
    assert (np.diff(pairs) >= 0).all()
    assert graph.tail.min() >= 0
    assert max(graph.tail.max(), graph.head.max()) < graph.node_count
    lightest = np.full(graph.node_count, np.iinfo(np.int32).max)
    np.minimum.at(lightest, graph.tail, graph.weight)
    for node, before, along in ((FORWARD, BEFORE, ALONG), (REVERSE, BEFORE_BACK, ALONG_BACK)):
        some = graph.segments[graph.segments[:, node] != NO_NODE]
        assert (some[:, before] + some[:, along] <= lightest[some[:, node]]).all()
        assert (some[:, before] >= 0).all()


def test_an_engine_of_another_version_is_not_guessed_at(town: MapFiles) -> None:
    """Its files may mean anything."""
    with pytest.raises(MapError, match=r"osrm-bindings 99\.1 are not known"):
        read_osrm_graph(town, "m", "99.1")


def test_files_of_another_engine_are_refused(damaged: MapFiles) -> None:
    """Whatever map.json says: each file's fingerprint names the version that wrote it."""
    _rewritten(damaged, ".ebg", "osrm_fingerprint.meta", b"OSRP\x18\x01\x00\x01\x01\x08\x47")
    with pytest.raises(MapError, match=r"roads\.osrm\.ebg is of another version"):
        read_osrm_graph(damaged, "m", VERSION)


def test_a_profile_whose_weight_is_not_the_duration_is_refused(damaged: MapFiles) -> None:
    """The quickest way could not be told from the preferred one."""
    arcs = np.frombuffer(_member(damaged, ".ebg", "edge_based_edge_list"), dtype="<u4")
    slower = arcs.reshape(-1, 6).copy()
    slower[0, 3] += 1
    _rewritten(damaged, ".ebg", "edge_based_edge_list", slower.tobytes())
    with pytest.raises(MapError, match="weight is not the duration"):
        read_osrm_graph(damaged, "m", VERSION)


def test_an_arc_to_nowhere_is_refused(damaged: MapFiles) -> None:
    """Files that contradict each other make no graph."""
    arcs = np.frombuffer(_member(damaged, ".ebg", "edge_based_edge_list"), dtype="<u4")
    astray = arcs.reshape(-1, 6).copy()
    astray[0, 1] = 1_000_000
    _rewritten(damaged, ".ebg", "edge_based_edge_list", astray.tobytes())
    with pytest.raises(MapError, match="does not hold"):
        read_osrm_graph(damaged, "m", VERSION)


@pytest.mark.parametrize("suffix", [".ebg", ".ebg_nodes", ".geometry", ".nbg_nodes", ".fileIndex"])
def test_a_lost_or_cut_file_is_a_clear_error(damaged: MapFiles, suffix: str) -> None:
    """No half graph is made of what is left, even when whole entries are missing."""
    path = Path(f"{damaged.roads}{suffix}")
    begin = 0 if suffix == ".fileIndex" else 1600
    path.write_bytes(path.read_bytes()[: begin + 20])
    with pytest.raises(MapError, match=r"cannot be read|lacks roads"):
        read_osrm_graph(damaged, "m", VERSION)
    path.unlink()
    with pytest.raises(MapError, match="cannot be read"):
        read_osrm_graph(damaged, "m", VERSION)


def _member(files: MapFiles, suffix: str, name: str) -> bytes:
    with tarfile.open(f"{files.roads}{suffix}") as archive:
        found = next(member for member in archive if member.name.endswith(name))
        content = archive.extractfile(found)
        assert content is not None
        return content.read()


def _rewritten(files: MapFiles, suffix: str, name: str, content: bytes) -> None:
    """The archive with another content of one member."""
    path = Path(f"{files.roads}{suffix}")
    before = io.BytesIO(path.read_bytes())
    with tarfile.open(fileobj=before) as old, tarfile.open(path, "w") as new:
        for member in old:
            held = old.extractfile(member)
            assert held is not None
            data = content if member.name.endswith(name) else held.read()
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
