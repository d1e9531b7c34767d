// The planner's day: timeline and map over the page's own lists, kept live by server-sent events.
// Everything shown here also stands in the lists; this only draws it.
import { drawMap, showStop } from "./street_map.mjs";
import { drawTimeline, markStop } from "./timeline.mjs";

const day = document.getElementById("day");
const lists = document.getElementById("day-lists");
const QUIET_MS = 400; // events come in crowds
const WITHOUT_MS = 2_000; // then it is drawn though nobody tells what happens
const AGAIN_MS = 5_000;
const USED_MS = 300_000;

// ---------------------------------------------------------------- asking

// A page that asks by itself does not keep the session from going idle; one that is used does.
let used = false;
for (const kind of ["pointerdown", "keydown", "wheel"]) {
  addEventListener(kind, () => { used = true; }, { passive: true });
}

async function ask(url, headers) {
  const answer = await fetch(url, { headers: used ? headers : { ...headers, "X-Unattended": "1" } });
  if (answer.redirected) location.reload(); // signed out: to the login
  if (!answer.ok || answer.redirected) throw new Error(`${answer.status}`);
  return answer;
}

async function json(url) {
  return (await ask(url, { Accept: "application/json" })).json();
}

// ---------------------------------------------------------------- lists

let chosen = "";
let theirs = false; // lists are put in place of others: what opens then was not opened by hand
const opened = new Map();

lists.addEventListener("toggle", (told) => {
  if (!theirs) opened.set(told.target.dataset.key, told.target.open);
}, true);

function stopOf(visit) {
  return [...lists.querySelectorAll("[data-visit]")].find((one) => one.dataset.visit === visit);
}

function markList() {
  for (const one of lists.querySelectorAll(".is-chosen")) one.classList.remove("is-chosen");
  const stop = stopOf(chosen);
  stop?.classList.add("is-chosen");
  return stop;
}

// What has the focus, as it can be found again in other lists.
function focused() {
  const at = lists.contains(document.activeElement) ? document.activeElement : null;
  if (!at) return null;
  if (at.dataset.find) return () => [...lists.querySelectorAll("[data-find]")].find((one) => one.dataset.find === at.dataset.find);
  if (at.tagName === "SUMMARY") return () => detailsOf(at.parentElement.dataset.key)?.querySelector("summary");
  return () => [...lists.querySelectorAll("a")].find((one) => one.href === at.href);
}

function detailsOf(key) {
  return [...lists.querySelectorAll("details")].find((one) => one.dataset.key === key);
}

async function drawLists() {
  const answer = await ask(day.dataset.lists, { "HX-Request": "true" });
  const text = await answer.text();
  const again = focused();
  theirs = true;
  lists.innerHTML = text;
  for (const [key, open] of opened) {
    const one = detailsOf(key);
    if (one) one.open = open;
  }
  setTimeout(() => { theirs = false; }); // "toggle" is told later
  markList();
  again?.()?.focus({ preventScroll: true });
}

// ---------------------------------------------------------------- one stop, everywhere

function choose(visit, fromList = false) {
  chosen = visit;
  markStop(visit);
  showStop(visit);
  const details = stopOf(visit)?.closest("details");
  if (details) details.open = true;
  const stop = markList();
  if (fromList) {
    document.getElementById("day-map").scrollIntoView({ block: "nearest" });
  } else {
    stop?.scrollIntoView({ block: "nearest" });
  }
}

lists.addEventListener("click", (told) => {
  const button = told.target.closest("[data-find]");
  if (button) choose(button.dataset.find, true);
});

// ---------------------------------------------------------------- live

const live = document.getElementById("day-live");
function say(isLive) {
  live.className = isLive ? "is-live" : "is-away";
  const words = isLive ? live.dataset.live : live.dataset.away;
  if (live.textContent !== words) live.textContent = words;
}

function noMap(error) {
  document.getElementById("day-map").hidden = true;
  document.getElementById("day-map-wide").hidden = true;
  document.getElementById("day-no-map").hidden = false;
  console.warn(`${error}`);
}

let canDrawMap = true;
async function drawStreets() {
  const lines = await json(day.dataset.lines);
  if (!canDrawMap) return;
  await drawMap(lines, choose).catch((error) => { canDrawMap = false; noMap(error); });
}

async function drawBoard() {
  const { date, locale } = day.dataset;
  drawTimeline(await json(day.dataset.board), { date, locale, choose });
  markStop(chosen);
}

let running = false;
let again = false;
let streaming = false;
async function drawAll() {
  if (running) { again = true; return; }
  running = true;
  const ended = await Promise.allSettled([drawBoard(), drawLists(), drawStreets()]);
  running = false;
  used = false;
  const failed = ended.filter((one) => one.status === "rejected");
  for (const one of failed) console.warn(`${one.reason}`);
  say(streaming && !failed.length);
  day.dataset.drawn = `${Number(day.dataset.drawn || 0) + 1}`;
  if (again) { again = false; drawAll(); } else if (failed.length) soon(AGAIN_MS);
}

let waiting = null;
function soon(wait = QUIET_MS) {
  waiting ??= setTimeout(() => { waiting = null; drawAll(); }, wait);
}

function listen() {
  const stream = new EventSource(day.dataset.events);
  const close = () => stream.close();
  addEventListener("pagehide", close, { once: true });
  stream.addEventListener("open", () => { streaming = true; drawAll(); }); // it missed nothing from here on
  stream.addEventListener("error", () => {
    streaming = false;
    say(false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => { drawAll(); listen(); }, AGAIN_MS);
  });
  stream.addEventListener("team", (told) => {
    const { day: date } = JSON.parse(told.data);
    if (!date || date === day.dataset.date) soon();
  });
}

// ---------------------------------------------------------------- from day to day

for (const one of document.querySelectorAll("[data-keep]")) {
  one.addEventListener("click", () => sessionStorage.setItem("day-keep", one.dataset.keep));
}
const kept = sessionStorage.getItem("day-keep");
sessionStorage.removeItem("day-keep");
if (kept) document.querySelector(`[data-keep="${CSS.escape(kept)}"]`)?.focus({ preventScroll: true });

addEventListener("pageshow", (told) => { if (told.persisted) location.reload(); });
setInterval(() => { if (used) soon(); }, USED_MS);
setTimeout(() => { if (!day.dataset.drawn && !running) drawAll(); }, WITHOUT_MS);
listen();
