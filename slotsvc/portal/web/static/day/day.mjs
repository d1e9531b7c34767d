// The planner's day: timeline and map over the page's own lists, kept live by server-sent events.
// Everything shown here also stands in the lists; this only draws it.
const day = document.getElementById("day");
const colours = ["#0b6a5e", "#8a4b08", "#2f5fa8", "#9a2f5b", "#55701a", "#6a4c9c",
  "#a33a2a", "#1f6f8b", "#7a5c00", "#3d6b3d", "#84519a", "#4f5d75"];
const QUIET_MS = 400;
const ROADS_FROM = 13;

async function asked(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok || answer.redirected) throw new Error(`${answer.status}`);
  return answer.json();
}

// ---------------------------------------------------------------- timeline

function eventOf(one) {
  return {
    id: one.id, resourceIds: [one.resourceId], start: one.start, end: one.end,
    title: one.title || "", display: one.display, classNames: one.kind.split(" "),
    extendedProps: { say: one.say || "" },
  };
}

function optionsOf(board) {
  return {
    date: day.dataset.date, slotMinTime: board.from, slotMaxTime: board.until,
    resources: board.resources.map((r) => ({ id: r.id, title: r.title, extendedProps: { colour: r.colour } })),
    events: board.events.map(eventOf),
  };
}

function resourceLabel(info) {
  const dot = document.createElement("span");
  dot.className = `dot colour-${info.resource.extendedProps.colour}`;
  const name = document.createElement("span");
  name.textContent = info.resource.title;
  return { domNodes: [dot, name] };
}

function eventLabel(info) {
  const words = document.createElement("span");
  words.textContent = info.event.title;
  return { domNodes: [words] };
}

// Its roles say less than the lists beside it, and not all that tables must: it is a picture here.
function asPicture(root) {
  for (const one of root.querySelectorAll("*")) {
    for (const name of one.getAttributeNames()) {
      if (name === "role" || name === "tabindex" || name.startsWith("aria-")) one.removeAttribute(name);
    }
  }
  const main = root.querySelector(".ec-main");
  main.tabIndex = 0;
  main.setAttribute("role", "region");
  main.setAttribute("aria-label", day.dataset.timeline);
}

let timeline = null;
function drawTimeline(board) {
  const options = optionsOf(board);
  if (timeline) {
    for (const [name, value] of Object.entries(options)) timeline.setOption(name, value);
    return;
  }
  const root = document.getElementById("day-timeline");
  timeline = EventCalendar.create(root, {
    view: "resourceTimelineDay", headerToolbar: { start: "", center: "", end: "" },
    locale: day.dataset.locale, selectable: false, nowIndicator: false,
    editable: false, eventStartEditable: false, eventDurationEditable: false,
    slotDuration: "00:30", slotLabelInterval: "01:00", slotWidth: 36, height: "auto",
    slotLabelFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    resourceLabelContent: resourceLabel, eventContent: eventLabel,
    eventDidMount: (info) => { if (info.event.extendedProps.say) info.el.title = info.event.extendedProps.say; },
    ...options,
  });
  new MutationObserver(() => asPicture(root)).observe(root, { childList: true, subtree: true });
  asPicture(root);
}

// ---------------------------------------------------------------- map

const colourOf = ["match", ["get", "colour"], ...colours.flatMap((c, n) => [n, c]), "#4f5d75"];
const style = {
  version: 8,
  sources: {
    roads: { type: "vector", tiles: [new URL(day.dataset.tiles, location.href).href
      .replaceAll("%7B", "{").replaceAll("%7D", "}")], minzoom: ROADS_FROM, maxzoom: 16,
      attribution: day.dataset.attribution },
    routes: { type: "geojson", data: { type: "FeatureCollection", features: [] } },
  },
  layers: [
    { id: "ground", type: "background", paint: { "background-color": "#f1efe8" } },
    { id: "roads", type: "line", source: "roads", "source-layer": "speeds",
      layout: { "line-cap": "round" },
      paint: { "line-color": "#cfc9b8", "line-width": ["interpolate", ["linear"], ["zoom"], 13, 1.2, 17, 7] } },
    { id: "lines", type: "line", source: "routes", filter: ["==", ["geometry-type"], "LineString"],
      layout: { "line-join": "round", "line-cap": "round" },
      paint: { "line-color": colourOf, "line-width": 3, "line-opacity": 0.75 } },
    { id: "stops", type: "circle", source: "routes", filter: ["==", ["geometry-type"], "Point"],
      paint: { "circle-radius": 7, "circle-color": colourOf,
        "circle-stroke-width": ["case", ["get", "risk"], 4, 1.5],
        "circle-stroke-color": ["case", ["get", "risk"], "#b3261e", "#ffffff"] } },
  ],
};

let map = null;
let fitted = false;
async function openMap() {
  const { Map, NavigationControl, LngLatBounds } = await import("../vendor/maplibre/maplibre-gl.mjs");
  map = new Map({ container: "day-map", style, center: [7.42, 43.735], zoom: 13, maxZoom: 18,
    attributionControl: { compact: false } });
  map.addControl(new NavigationControl({ showCompass: false }));
  await new Promise((ready) => { map.once("load", ready); });
  map.boundsOf = (features) => {
    const bounds = new LngLatBounds();
    for (const f of features) {
      const all = f.geometry.type === "Point" ? [f.geometry.coordinates] : f.geometry.coordinates;
      for (const at of all) bounds.extend(at);
    }
    return bounds;
  };
}

async function drawMap(lines) {
  if (!map) await openMap();
  map.getSource("routes").setData(lines);
  if (!fitted && lines.features.length) {
    fitted = true;
    map.fitBounds(map.boundsOf(lines.features), { padding: 40, duration: 0, maxZoom: 15 });
    // roads are drawn from there on: rather a town with its roads than a little more of the routes
    if (map.getZoom() > ROADS_FROM - 1 && map.getZoom() < ROADS_FROM) map.setZoom(ROADS_FROM);
  }
}

// ---------------------------------------------------------------- live

async function drawLists() {
  const answer = await fetch(day.dataset.lists, { headers: { "HX-Request": "true" } });
  if (!answer.ok || answer.redirected) throw new Error(`${answer.status}`);
  const lists = document.getElementById("day-lists");
  const open = new Set([...lists.querySelectorAll("details[open] strong")].map((e) => e.textContent));
  lists.innerHTML = await answer.text();
  for (const one of lists.querySelectorAll("details")) {
    if (open.has(one.querySelector("strong").textContent)) one.open = true;
  }
}

const live = document.getElementById("day-live");
function say(isLive) {
  live.className = isLive ? "is-live" : "is-away";
  const words = isLive ? live.dataset.live : live.dataset.away;
  if (live.textContent !== words) live.textContent = words;
}

const draw = {
  timeline: async () => drawTimeline(await asked(day.dataset.board)),
  map: async () => drawMap(await asked(day.dataset.lines)),
};

let running = null;
let again = false;
async function drawAll(withLists) {
  if (running) { again = true; return; }
  running = Promise.allSettled([draw.timeline(), draw.map(), ...(withLists ? [drawLists()] : [])]);
  const ended = await running;
  running = null;
  for (const one of ended) if (one.status === "rejected") console.warn(`${one.reason}`);
  day.dataset.drawn = `${Number(day.dataset.drawn || 0) + 1}`;
  if (again) { again = false; drawAll(true); }
}

let waiting = null;
function soon() {
  if (waiting) return;
  waiting = setTimeout(() => { waiting = null; drawAll(true); }, QUIET_MS);
}

function listen() {
  const stream = new EventSource(day.dataset.events);
  stream.addEventListener("open", () => say(true));
  stream.addEventListener("error", () => say(false));
  stream.addEventListener("team", (told) => {
    const { day: date } = JSON.parse(told.data);
    if (!date || date === day.dataset.date) soon();
  });
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
}

drawAll(false);
listen();
