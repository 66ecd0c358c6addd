// Keeps the big screen current: asks every five seconds, writes what has changed where it stands, and says since when
// nothing was heard. What was shown stays, whatever happens.
"use strict";

const pause = 5000, patience = 20000;
const heard = document.getElementById("heard");
let tag = "", last = performance.now();

async function look() {
  const headers = tag ? { "if-none-match": tag } : {};
  const answer = await fetch(document.body.dataset.json, { headers, cache: "no-store", signal: AbortSignal.timeout(pause) });
  if (answer.status !== 304) {
    if (!answer.ok) throw new Error(String(answer.status));
    const now = await answer.json();
    tag = answer.headers.get("etag") || "";
    write(now);
  }
  last = performance.now();
}

function write(now) {
  for (const it of document.querySelectorAll("[data-text]")) {
    const text = String(now[it.dataset.text]);
    if (it.textContent === text) continue;
    it.textContent = text;
    if (it.dataset.text !== "minute") flash(it);
  }
  for (const it of document.querySelectorAll(".over")) it.classList.toggle("late", it.lastChild.textContent !== "0");
  document.getElementById("none").hidden = now.windows.length > 0;
  const before = new Map(Array.from(document.querySelectorAll("#windows li"), (it) => [it.dataset.code, it.lastChild.textContent]));
  fill("windows", now.windows, (it, of) => {
    it.dataset.code = of.code;
    it.append(made("b", of.code), made("span", of.name, "name"), bar("0 0 100 10", { width: of.width, height: 10 }), made("span", of.n, "n"));
    if (before.get(of.code) !== of.n) flash(it);
  });
  fill("hours", now.hours, (it, of) => {
    it.append(made("span", of.n, "n"), bar("0 0 10 100", { y: 100 - of.height, width: 10, height: of.height }), made("span", of.hour));
  });
  fill("duties", now.duties, (it, of) => {
    it.className = of.present ? "present" : "";
    it.append(made("b", of.name), " ", made("span", of.unit), " ", made("span", of.post, "post"));
  });
}

function fill(id, all, each) {
  document.getElementById(id).replaceChildren(...all.map((of) => {
    const it = document.createElement("li");
    each(it, of);
    return it;
  }));
}

function made(name, text, kind) {
  const it = document.createElement(name);
  it.textContent = String(text);
  if (kind) it.className = kind;
  return it;
}

function bar(box, sizes) {
  const make = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);
  const svg = make("svg"), rect = make("rect");
  for (const [name, value] of [["viewBox", box], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  for (const [name, value] of Object.entries(sizes)) rect.setAttribute(name, value);
  svg.append(rect);
  return svg;
}

function flash(it) {
  it.classList.remove("moved");
  void it.offsetWidth;
  it.classList.add("moved");
}

function tell() {
  const since = performance.now() - last, stale = since > patience;
  document.documentElement.classList.toggle("stale", stale);
  const seconds = Math.round(since / 1000);
  const text = stale ? `${heard.dataset.stale} ${Math.floor(seconds / 10) * 10} s` : heard.dataset.fresh;
  if (heard.lastChild.textContent !== text) heard.lastChild.textContent = text;
}

async function live() {
  try {
    await look();
  } catch {
    // The line is cut, or the program ends: it is said how old the numbers are, and the next look may succeed.
  }
  setTimeout(live, pause);
}

setInterval(tell, 1000);
live();
