// What pages can do with a script: follow changes, keep times right, slide through contexts. Without it all else works.
"use strict";

const main = document.getElementById("main");
const body = document.body;
// The clock of the server, whatever that of the browser says.
const opened = { server: Number(body.dataset.now), here: performance.now() };
const now = () => opened.server + (performance.now() - opened.here);

// --- Relative times ---

function relative(ms) {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  if (seconds < 1) return "now";
  const [size, unit] = seconds < 60 ? [1, "s"] : seconds < 3600 ? [60, "min"] : seconds < 86400 ? [3600, "h"] : [86400, "d"];
  const text = `${Math.floor(seconds / size)} ${unit}`;
  return ms >= 0 ? `${text} ago` : `in ${text}`;
}

function tick() {
  for (const time of document.querySelectorAll("time[data-ms]")) {
    const text = relative(now() - Number(time.dataset.ms));
    if (time.textContent !== text) time.textContent = text;
  }
}
setInterval(tick, 1000);

// --- Replacing what has changed, and nothing else ---

// Of attributes: `form.id` is the field of a form whose name is `id`.
const keyOf = (node) => (node.nodeType === 1 ? node.getAttribute("data-key") || node.getAttribute("id") || "" : "");

// Makes `old` look like `fresh`. An element that stays keeps its focus, its scroll and whether it is open.
function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || keyOf(old) !== keyOf(fresh)) {
    const copy = document.importNode(fresh, true);
    old.replaceWith(copy);
    if (copy.nodeType === 1 && copy.dataset.key) copy.classList.add("fresh");
    return;
  }
  if (old.nodeType !== 1) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.matches("time[data-ms]") && old.dataset.ms === fresh.dataset.ms) return;
  const isTouched = old.matches("details");
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(isTouched && name === "open")) old.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (isTouched && name === "open") continue;
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  // What a person has typed stays.
  if (old.matches("input, textarea, select")) return;
  morphChildren(old, fresh);
}

function morphChildren(old, fresh) {
  const keyed = new Map();
  // What is gone goes first: then what stays need not move, and keeps its focus.
  const wantedKeys = new Set([...fresh.children].map(keyOf));
  for (const child of [...old.children]) if (keyOf(child) && !wantedKeys.has(keyOf(child))) child.remove();
  for (const child of old.children) if (keyOf(child)) keyed.set(keyOf(child), child);
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const known = keyOf(wanted) ? keyed.get(keyOf(wanted)) : null;
    if (known) {
      if (known !== at) old.insertBefore(known, at);
      else at = at.nextSibling;
      morph(known, wanted);
    } else if (at && !keyOf(at) && !keyOf(wanted)) {
      const next = at.nextSibling;
      morph(at, wanted);
      at = next;
    } else {
      const copy = document.importNode(wanted, true);
      if (copy.nodeType === 1 && copy.dataset.key) copy.classList.add("fresh");
      old.insertBefore(copy, at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

async function fetched(address) {
  const response = await fetch(address, { headers: { accept: "text/html" }, credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (page.body.dataset.now) [opened.server, opened.here] = [Number(page.body.dataset.now), performance.now()];
  return page.getElementById("main");
}

// --- Following changes ---

const keys = (of) => [...of.querySelectorAll("tr[data-key]")].map((row) => row.dataset.key).join(" ");

// Rows that come or go would move the others from under the pointer: they are offered instead.
function offer(fresh) {
  document.querySelector(".offer")?.remove();
  const box = document.createElement("div");
  box.className = "offer";
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "The list has changed: show it";
  button.addEventListener("click", () => {
    box.remove();
    morphChildren(main, fresh);
    main.focus();
  });
  box.append(button);
  box.setAttribute("role", "status");
  main.prepend(box);
}

async function renew() {
  const fresh = await fetched(location.href);
  if (!fresh) return;
  // What a person looks at stays where it is.
  const focused = document.activeElement;
  const anchor = main.contains(focused) ? focused : document.elementFromPoint(innerWidth / 2, innerHeight / 2);
  const top = anchor?.getBoundingClientRect().top;
  bring(fresh);
  tick();
  if (anchor?.isConnected) scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
}

// Brings the page up to date.
function bring(fresh) {
  if (body.dataset.live === "offer" && keys(main) !== keys(fresh)) {
    // What is there is brought up to date; what comes or goes waits for a click.
    for (const row of fresh.querySelectorAll("tr[data-key]")) {
      const known = main.querySelector(`tr[data-key="${CSS.escape(row.dataset.key)}"]`);
      if (known) morph(known, row);
    }
    offer(fresh);
  } else {
    morphChildren(main, fresh);
  }
}

function follow() {
  const button = document.querySelector("button.live");
  let source = null;
  let busy = false;
  let again = false;
  const changed = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      await renew();
    } catch {
      button.classList.add("lost");
    }
    busy = false;
    if (again) {
      again = false;
      changed();
    }
  };
  const start = () => {
    source = new EventSource(body.dataset.events);
    source.addEventListener("version", changed);
    source.addEventListener("open", () => button.classList.remove("lost"));
    source.addEventListener("error", () => button.classList.add("lost"));
  };
  const stop = () => {
    source?.close();
    source = null;
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    button.querySelector(".word").textContent = on ? "Live" : "Paused";
    if (on) start();
    else stop();
  });
  // A page in the background is not followed.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop();
    else if (!source && button.getAttribute("aria-pressed") === "true") start();
  });
  start();
}

// --- The slider over the context ---

let slide = 0;

async function slideTo(form, at) {
  const mine = ++slide;
  const address = new URL(location.href);
  address.searchParams.set("at", at);
  address.hash = "";
  history.replaceState(null, "", address);
  body.dataset.events = `live?of=${encodeURIComponent(`run${address.search}`)}`;
  const fresh = await fetched(address.href);
  if (mine !== slide || !fresh) return;
  const [old, wanted] = [document.getElementById("context"), fresh.querySelector("#context")];
  if (old && wanted) {
    for (const part of [".then", ".ticks", ".slider .buttons"]) {
      const [there, then] = [old.querySelector(part), wanted.querySelector(part)];
      if (there && then) morph(there, then);
    }
  }
}

let waiting = 0;
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-slider]");
  if (!form || event.target.type !== "range") return;
  form.querySelector("output").textContent = event.target.value;
  clearTimeout(waiting);
  waiting = setTimeout(() => slideTo(form, event.target.value), 80);
});

// --- Copying a command line ---

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy)?.textContent ?? "";
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
  }
});
for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = false;

tick();
if (body.dataset.events) follow();
