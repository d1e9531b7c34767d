"""``slotsvc map build | info | find``: the roads the service plans on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.data_dir import private_directory
from slotsvc.cli.failure import CommandError
from slotsvc.cli.options import (
    Place,
    config_option,
    json_option,
    service,
    service_options,
    settings,
)
from slotsvc.cli.program import program
from slotsvc.cli.words import sentence

if TYPE_CHECKING:
    from slotsvc.pb.v1.map_service_pb2 import GeocodeResult, GetMapResponse
    from slotsvc.travel.map_info import MapInfo


@click.group("map")
def map_group() -> None:
    """Compile a road map, describe it, find addresses on it."""


@map_group.command()
@click.argument("pbf", metavar="FILE.osm.pbf", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to put it.  [default: maps/NAME in the data directory]",
)
@config_option
@json_option
def build(pbf: Path, out: Path | None, config_file: Path | None, as_json: bool) -> None:
    """Compile roads and an address index from an OpenStreetMap extract."""
    from slotsvc.cli.progress import staged
    from slotsvc.travel.map_build import build_map
    from slotsvc.travel.map_info import MapError

    if not pbf.is_file():
        raise CommandError(f"No such file: {pbf}.", "NO_FILE", hint="Give an .osm.pbf extract.")
    name = pbf.name.removesuffix(".pbf").removesuffix(".osm")
    target = out or private_directory(settings(config_file).data_dir) / "maps" / name
    try:
        with staged(f"Compiling {pbf.name}", quiet=as_json) as told:
            info = build_map(pbf, target, progress=told)
    except MapError as error:
        raise CommandError(sentence(f"The map was not built: {error}"), "MAP") from None
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"directory": str(target), "map": map_json(info)})
        return
    for line in (*info_lines(info), f"Use it: {program()} serve --map {target}"):
        click.echo(line)


def map_json(info: MapInfo) -> dict[str, Any]:
    """What ``map.json`` says."""
    from dataclasses import asdict

    return asdict(info) | {"built_at": info.built_at.isoformat()}


def info_lines(info: MapInfo) -> list[str]:
    """A compiled map in four lines."""
    found, measured, box = info.counts, info.measurements, info.bounding_box
    return [
        f"Map: {info.name} ({info.map_id}), {info.attribution}",
        f"From {box.south:.4f},{box.west:.4f} to {box.north:.4f},{box.east:.4f}: "
        f"{found.road_ways} roads, {found.streets} street names, "
        f"{found.house_numbers} house numbers",
        f"Top speed {measured.top_speed_mps * 3.6:.0f} km/h",
        f"Detours that beat the direct way: {measured.violation_share:.4%} of sampled triples, "
        f"by at most {measured.worst_violation_s} s",
    ]


@map_group.command()
@click.argument("directory", required=False, type=click.Path(file_okay=False, path_type=Path))
@service_options
def info(
    directory: Path | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Describe the service's map, or the compiled one in DIRECTORY."""
    if directory is not None:
        _show_compiled(directory, as_json)
        return
    from slotsvc.pb.v1.map_service_pb2 import GetMapRequest

    with service(address, timeout, config_file) as connected:
        answer = connected.ask(connected.map.GetMap, GetMapRequest())
    if as_json:
        from slotsvc.cli.as_json import as_json as to_json
        from slotsvc.cli.as_json import echo_json

        echo_json({"map": to_json(answer)})
    else:
        click.echo("\n".join(service_map_lines(answer)))


def _show_compiled(directory: Path, as_json: bool) -> None:
    from slotsvc.cli.as_json import echo_json
    from slotsvc.travel.map_info import MapError, MapFiles, MapInfo

    try:
        found = MapInfo.load(MapFiles(directory).info)
    except MapError as error:
        raise CommandError(sentence(f"{error}"), "MAP") from None
    if as_json:
        echo_json({"directory": str(directory), "map": map_json(found)})
    else:
        click.echo("\n".join(info_lines(found)))


def service_map_lines(answer: GetMapResponse) -> list[str]:
    """What the service says of its map."""
    from slotsvc.cli.words import place_words
    from slotsvc.pb.v1.types_pb2 import TRAVEL_PROVENANCE_LIVE

    shown = f", {answer.attribution}" if answer.attribution else ""
    lines = [f"Map: {answer.display_name} ({answer.map_id}){shown}"]
    if answer.HasField("south_west") and answer.HasField("north_east"):
        lines.append(f"From {place_words(answer.south_west)} to {place_words(answer.north_east)}")
    if answer.travel_provenance != TRAVEL_PROVENANCE_LIVE:
        return [*lines, "Driving times are great-circle estimates, not roads."]
    share, worst = answer.triangle_violation_share, answer.triangle_worst_seconds
    return [
        *lines,
        "Driving times come from roads.",
        f"Detours that beat the direct way: {share:.4%} of sampled triples, by at most {worst} s",
    ]


@map_group.command()
@click.argument("text", nargs=-1, required=True)
@click.option("--near", type=Place(), help="Nearer places first.")
@click.option("--results", type=click.IntRange(1, 20), default=5, show_default=True,
              help="How many.")  # fmt: skip
@service_options
def find(
    text: tuple[str, ...],
    near: tuple[float, float] | None,
    results: int,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Find places by address."""
    from slotsvc.pb.v1.map_service_pb2 import GeocodeRequest

    request = GeocodeRequest(query=" ".join(text), max_results=results)
    if near is not None:
        request.near.latitude, request.near.longitude = near
    with service(address, timeout, config_file) as connected:
        answer = connected.ask(connected.map.Geocode, request)
    if as_json:
        from slotsvc.cli.as_json import as_json as to_json
        from slotsvc.cli.as_json import echo_json

        echo_json(to_json(answer))
    elif not answer.results:
        click.echo(f"Nothing found for {request.query!r}.")
    else:
        _show_places(list(answer.results))


def _show_places(places: list[GeocodeResult]) -> None:
    from slotsvc.cli.screen import Column, console, show, table
    from slotsvc.cli.words import enum_words, place_words
    from slotsvc.pb.v1.map_service_pb2 import GeocodeQuality

    columns = (Column("Place", gives=True), Column("At"), Column("Found as", style="dim"))
    rows = [
        (
            place.display_name,
            place_words(place.location),
            enum_words(GeocodeQuality.Name(place.quality), "GEOCODE_QUALITY_"),
        )
        for place in places
    ]
    screen = console()
    show(table(columns, rows, screen.width), screen)
