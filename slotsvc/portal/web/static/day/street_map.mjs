// The routes of a day on the streets that the engine knows, drawn by MapLibre GL.
const ROADS_FROM = 13; // the engine has no tiles of wider views
const RADIUS = 11; // px, of a stop

const NEARLY = 1; // zooms: what is no wider than that is shown a little closer, with its streets

const box = document.getElementById("day-map");
const wide = document.getElementById("day-map-wide");
const dark = matchMedia("(prefers-color-scheme: dark)");
let map = null;
let fitted = false;
let moved = false; // by hand, or to a stop: then the view is the planner's
let chosen = "";

function colour(name, of = document.documentElement) {
  return getComputedStyle(of).getPropertyValue(name).trim();
}

// The style sheet's colours, as they are by day or by night.
function palette() {
  const probe = document.body.appendChild(document.createElement("i"));
  const routes = [];
  for (let n = 0; n < 12; n += 1) {
    probe.className = `colour-${n}`;
    routes.push(colour("--route", probe));
  }
  probe.remove();
  return { routes, ground: colour("--ground"), road: colour("--road"), risk: colour("--risk"),
    ink: colour("--ink"), onRoute: colour("--on-route"), surface: colour("--surface") };
}

function sources(lines) {
  const routes = { type: "geojson", data: lines };
  if (!box.dataset.tiles) return { routes };
  const tiles = new URL(box.dataset.tiles, location.href).href.replaceAll("%7B", "{").replaceAll("%7D", "}");
  return { routes, roads: { type: "vector", tiles: [tiles], minzoom: ROADS_FROM, maxzoom: 16,
    bounds: box.dataset.covers.split(",").map(Number), attribution: box.dataset.attribution } };
}

function layers(is) {
  const colours = ["match", ["get", "colour"], ...is.routes.flatMap((c, n) => [n, c]), is.ink];
  const roads = { id: "roads", type: "line", source: "roads", "source-layer": "speeds", layout: { "line-cap": "round" },
    paint: { "line-color": is.road, "line-width": ["interpolate", ["linear"], ["zoom"], 13, 1, 17, 7] } };
  return [
    { id: "ground", type: "background", paint: { "background-color": is.ground } },
    ...(box.dataset.tiles ? [roads] : []),
    { id: "lines", type: "line", source: "routes", filter: ["==", ["geometry-type"], "LineString"],
      layout: { "line-join": "round", "line-cap": "round" },
      paint: { "line-color": colours, "line-width": 3, "line-opacity": 0.75 } },
    { id: "chosen", type: "circle", source: "routes", filter: ["==", ["get", "visit"], chosen],
      paint: { "circle-radius": RADIUS + 8, "circle-color": is.ink, "circle-opacity": 0.25,
        "circle-stroke-width": 3, "circle-stroke-color": is.ink } },
    { id: "stops", type: "symbol", source: "routes", filter: ["==", ["geometry-type"], "Point"],
      layout: { "icon-image": ["concat", ["get", "colour"], " ", ["get", "number"], " ", ["case", ["get", "risk"], "risk", ""]],
        "icon-allow-overlap": true, "icon-ignore-placement": true } },
  ];
}

function styleOf(lines) {
  return { version: 8, sources: sources(lines), layers: layers(palette()) };
}

// A stop: its number on its route's colour. Drawn here, so that no font has to be loaded.
function stopImage(id) {
  const [route, number, risk] = id.split(" ");
  const is = palette();
  const half = RADIUS + 2;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 4 * half;
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  pen.beginPath();
  pen.arc(half, half, RADIUS, 0, 2 * Math.PI);
  pen.fillStyle = is.routes[Number(route)];
  pen.fill();
  pen.lineWidth = risk ? 4 : 2;
  pen.strokeStyle = risk ? is.risk : is.surface;
  pen.stroke();
  pen.fillStyle = is.onRoute;
  pen.font = `600 ${number.length > 1 ? 11 : 13}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(number, half, half + 0.5);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

// The middle of the streets, until there are routes to look at.
function start() {
  if (!box.dataset.covers) return { center: [0, 30], zoom: 1 };
  const [west, south, east, north] = box.dataset.covers.split(",").map(Number);
  return { center: [(west + east) / 2, (south + north) / 2], zoom: ROADS_FROM };
}

async function open(lines, choose) {
  const { Map, NavigationControl } = await import("../vendor/maplibre/maplibre-gl.mjs");
  map = new Map({ container: box, style: styleOf(lines), maxZoom: 18,
    attributionControl: { compact: false }, ...start() });
  map.addControl(new NavigationControl({ showCompass: false }));
  map.setMissingStyleImageResolver(async (id) => {
    if (!map.hasImage(id)) map.addImage(id, stopImage(id), { pixelRatio: 2 });
  });
  map.on("click", "stops", (told) => choose(told.features[0].properties.visit));
  map.on("mouseenter", "stops", () => { map.getCanvas().style.cursor = "pointer"; });
  map.on("mouseleave", "stops", () => { map.getCanvas().style.cursor = ""; });
  dark.addEventListener("change", () => map.setStyle(styleOf(map.lines), { diff: false }));
  map.on("zoom", tellWide);
  map.on("movestart", (told) => { moved ||= Boolean(told.originalEvent); });
  map.on("resize", () => { if (fitted && !moved) fit(map.lines.features); });
  await new Promise((ready) => { map.once("load", ready); });
  tellWide();
}

function boundsOf(features) {
  const all = features.flatMap((f) => (f.geometry.type === "Point" ? [f.geometry.coordinates] : f.geometry.coordinates));
  const [lons, lats] = [all.map((at) => at[0]), all.map((at) => at[1])];
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

// A view without streets says why there are none.
function tellWide() {
  wide.hidden = !box.dataset.tiles || map.getZoom() >= ROADS_FROM;
}

function fit(features) {
  fitted = true;
  map.fitBounds(boundsOf(features), { padding: 32, duration: 0, maxZoom: 15 });
  const less = ROADS_FROM - map.getZoom();
  // rather a town with its streets than the ends of all routes
  if (box.dataset.tiles && less > 0 && less <= NEARLY) map.setZoom(ROADS_FROM);
}

export async function drawMap(lines, choose) {
  if (!map) await open(lines, choose);
  else map.getSource("routes").setData(lines);
  map.lines = lines;
  if (!fitted && lines.features.length) fit(lines.features);
}

export function showStop(visit) {
  chosen = visit;
  const stop = map?.lines?.features.find((f) => f.properties.visit === visit);
  if (!stop) return;
  moved = true;
  map.setFilter("chosen", ["==", ["get", "visit"], visit]);
  if (!map.getBounds().contains(stop.geometry.coordinates) || map.getZoom() < ROADS_FROM) {
    map.easeTo({ center: stop.geometry.coordinates, zoom: Math.max(map.getZoom(), 14) });
  }
}
