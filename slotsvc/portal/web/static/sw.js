// Keeps the look of the portal and a page for when there is no connection; never a page of a person.
// Served at /sw.js, so that it sees the whole portal. A new KEEP throws the older ones away.
"use strict";

const KEEP = "slotsvc-1";
const OFFLINE = "/static/offline.html";
const NEEDED = [OFFLINE, "/static/offline.css", "/static/icons/icon-192.png"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEEP).then((kept) => kept.addAll(NEEDED)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== KEEP).map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

/** What the browser shows where there is no connection and nothing kept: its own page, no error of ours. */
async function withoutConnection() {
  return (await caches.match(OFFLINE)) || Response.error();
}

/** Static files have a hash in their names and never change: the kept one is as good. */
async function fromKept(request) {
  const kept = await caches.open(KEEP);
  const found = await kept.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok && (answer.headers.get("Cache-Control") || "").includes("immutable")) {
    kept.put(request, answer.clone()).catch(() => {}); // no room left: it is only not kept
  }
  return answer;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(fromKept(request).catch(() => Response.error()));
  else if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(withoutConnection));
  }
});
