// What the pages gain from a script. Each of them works without: forms post, links lead.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  /** Says something to screen readers, without moving the focus. */
  function say(words) {
    const said = document.getElementById("said");
    if (!said || !words) return;
    said.textContent = "";
    setTimeout(() => { said.textContent = words; }, 50);
  }

  // ---- one press is one press ------------------------------------------------
  // aria-disabled, not disabled: the pressed button keeps its name, its value and the focus.

  function busy(form, pressed) {
    form.dataset.sent = "";
    for (const button of form.querySelectorAll("button, input[type=submit]")) {
      button.setAttribute("aria-disabled", "true");
    }
    if (pressed) pressed.classList.add("is-busy");
  }

  function ready(form) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) {
      button.removeAttribute("aria-disabled");
      button.classList.remove("is-busy");
    }
  }

  // data-again: forms whose answer is a file leave the page standing
  window.addEventListener("submit", (event) => {
    const form = event.target;
    if ("again" in form.dataset) return;
    if ("sent" in form.dataset) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    // htmx and other listeners speak first
    setTimeout(() => { if (document.contains(form)) busy(form, event.submitter); }, 0);
  }, true);

  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest && event.target.closest("form");
    if (form) ready(form);
  });

  // the back button may bring the page as it was left
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(ready));

  // ---- time left --------------------------------------------------------------

  const loaded = Date.now();

  /** Milliseconds left by the server's clock; the phone's is only used to measure. */
  function left(time) {
    const start = Number(time.dataset.loaded || loaded);
    return Date.parse(time.dataset.expires) - Date.parse(time.dataset.now) - (Date.now() - start);
  }

  function show(time, seconds) {
    const rest = String(seconds % 60).padStart(2, "0");
    time.textContent = `${Math.floor(seconds / 60)}:${rest}`;
    time.classList.toggle("is-short", seconds <= 60);
  }

  function over(time) {
    say(time.dataset.sayOver);
    // a page that came from a form is fetched again, not sent again
    const then = time.dataset.then || location.pathname + location.search;
    setTimeout(() => location.replace(then), 1500);
  }

  function tick(time) {
    const seconds = Math.max(0, Math.ceil(left(time) / 1000));
    const before = time.dataset.left === undefined ? null : Number(time.dataset.left);
    if (seconds === before) return;
    time.dataset.left = String(seconds);
    show(time, seconds);
    if (before === null) return; // over already when the page came: the server knows
    if (before > 60 && seconds <= 60 && seconds > 0) say(time.dataset.sayMinute);
    if (seconds === 0) over(time);
  }

  function tickAll() {
    document.querySelectorAll("time[data-expires]").forEach(tick);
  }

  // ---- copying ------------------------------------------------------------------

  async function copy(button) {
    const field = document.getElementById(button.dataset.copy);
    const words = button.querySelector("span") || button;
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      return; // refused, or not a safe context: it is selected, ready for Ctrl+C
    }
    const label = words.textContent;
    words.textContent = button.dataset.copied;
    say(button.dataset.copied);
    setTimeout(() => { words.textContent = label; }, 2000);
  }

  // ---- installing ---------------------------------------------------------------

  let offer = null;
  const refused = "slotsvc-install-refused";

  function hints() { return document.querySelectorAll("[data-install]"); }

  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offer = event;
    if (!localStorage.getItem(refused)) hints().forEach((hint) => { hint.hidden = false; });
  });

  function answerInstall(yes) {
    hints().forEach((hint) => { hint.hidden = true; });
    if (yes && offer) offer.prompt();
    else localStorage.setItem(refused, "1");
    offer = null;
  }

  // ---- presses and keys -----------------------------------------------------------

  document.addEventListener("click", (event) => {
    const copier = event.target.closest("[data-copy]");
    if (copier) copy(copier);
    if (event.target.closest("[data-install-yes]")) answerInstall(true);
    if (event.target.closest("[data-install-no]")) answerInstall(false);
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details[data-menu][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // ---- parts that htmx brings -------------------------------------------------------

  /** New parts: their countdowns begin now; what asks for the focus gets it. */
  function arrived(part) {
    part.querySelectorAll("time[data-expires]").forEach((time) => {
      if (!time.dataset.loaded) time.dataset.loaded = String(Date.now());
    });
    const wanted = part.matches("[data-focus]") ? part : part.querySelector("[data-focus]");
    if (wanted) wanted.focus();
    tickAll();
  }

  document.addEventListener("htmx:load", (event) => {
    // htmx announces the whole page once too
    if (event.target !== document.body) arrived(event.target);
  });

  function failed() {
    const words = document.body.dataset.failed;
    const place = document.querySelector("[role=status]");
    if (!place || !words) return;
    const notice = document.createElement("div");
    notice.className = "notice notice-bad";
    notice.textContent = words;
    place.replaceChildren(notice);
    notice.scrollIntoView({ block: "center" });
  }
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);

  // ---- the page stands ---------------------------------------------------------------

  function begin() {
    const wanted = document.querySelector("[data-focus]");
    if (wanted) wanted.focus();
    tickAll();
    if (document.querySelector("time[data-expires]") || window.htmx) setInterval(tickAll, 250);
    document.addEventListener("visibilitychange", tickAll);
    const worker = document.body.dataset.worker;
    if (worker && "serviceWorker" in navigator) navigator.serviceWorker.register(worker).catch(() => {});
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
