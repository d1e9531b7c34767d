// The timeline of a day: a picture of the lists beside it, drawn by event-calendar.
const NARROWEST = 30; // px, half an hour
const MINUTE_MS = 60_000;

const root = document.getElementById("day-timeline");
let timeline = null;
let shown = null; // the board, and when it came

function hours(clock) {
  return Number(clock.split(":")[0]);
}

function eventOf(one) {
  return {
    id: one.id, resourceIds: [one.resourceId], start: one.start, end: one.end,
    title: one.title || "", display: one.display, classNames: one.kind.split(" "),
    extendedProps: { say: one.say || "", visit: one.visit || "" },
  };
}

// The business unit's clock, which need not be the browser's: both are read as if they were UTC.
function now() {
  const told = Date.parse(`${shown.board.now}Z`) + (performance.now() - shown.at);
  return new Date(told).toISOString().slice(0, 19);
}

function nowEvents() {
  const start = now();
  const end = new Date(Date.parse(`${start}Z`) + MINUTE_MS).toISOString().slice(0, 19);
  const every = shown.board.resources.map((r) => r.id);
  return [{ id: "now", resourceIds: every, start, end, display: "background", classNames: ["now"] }];
}

function optionsOf(board, date) {
  return {
    date, slotMinTime: board.from, slotMaxTime: board.until,
    resources: board.resources.map((r) => ({ id: r.id, title: r.title, extendedProps: { colour: r.colour } })),
    events: [...board.events.map(eventOf), ...nowEvents()],
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

function mounted(info) {
  const { say, visit } = info.event.extendedProps;
  if (say) info.el.title = say;
  if (visit) info.el.dataset.stop = visit;
}

// The day fills the page, unless that makes hours too narrow: then it scrolls.
function stretch() {
  const slots = 2 * (hours(shown.board.until) - hours(shown.board.from));
  const free = root.clientWidth - root.querySelector(".ec-sidebar").offsetWidth;
  timeline.setOption("slotWidth", Math.max(NARROWEST, Math.floor(free / slots)));
}

// Where the page is too narrow for the day it begins at the present time, else at the first visit.
function scrollToStart() {
  const main = root.querySelector(".ec-main");
  const first = root.querySelector(".now") || root.querySelector(".stop");
  if (!first) return;
  const hidden = root.querySelector(".ec-sidebar").getBoundingClientRect().right;
  main.scrollLeft += first.getBoundingClientRect().left - hidden - 2 * NARROWEST;
}

// Its roles say less than the lists beside it, and not all that tables must: it is a picture here.
function asPicture() {
  for (const one of root.querySelectorAll("*")) {
    for (const name of one.getAttributeNames()) {
      if (name === "role" || name === "tabindex" || name.startsWith("aria-")) one.removeAttribute(name);
    }
  }
  const main = root.querySelector(".ec-main");
  main.tabIndex = 0; // it scrolls
  main.setAttribute("role", "region");
  main.setAttribute("aria-label", document.getElementById("day").dataset.timeline);
}

export function markStop(visit) {
  for (const one of root.querySelectorAll("[data-stop]")) {
    one.classList.toggle("is-chosen", one.dataset.stop === visit);
  }
}

export function drawTimeline(board, { date, locale, choose }) {
  shown = { board, at: performance.now() };
  const options = optionsOf(board, date);
  if (timeline) {
    for (const [name, value] of Object.entries(options)) timeline.setOption(name, value);
    stretch();
    return;
  }
  timeline = EventCalendar.create(root, {
    view: "resourceTimelineDay", headerToolbar: { start: "", center: "", end: "" },
    locale, selectable: false, nowIndicator: false, // that would be the browser's
    editable: false, eventStartEditable: false, eventDurationEditable: false,
    slotDuration: "00:30", slotLabelInterval: "01:00", height: "auto",
    slotLabelFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    resourceLabelContent: resourceLabel, eventContent: eventLabel, eventDidMount: mounted,
    eventClick: (info) => { if (info.event.extendedProps.visit) choose(info.event.extendedProps.visit); },
    ...options,
  });
  new MutationObserver(asPicture).observe(root, { childList: true, subtree: true });
  asPicture();
  stretch();
  requestAnimationFrame(scrollToStart);
  new ResizeObserver(stretch).observe(root);
  setInterval(() => timeline.updateEvent(nowEvents()[0]), MINUTE_MS);
}
