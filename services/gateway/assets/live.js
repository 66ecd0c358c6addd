// Keeps the page up to date while its figures move: every two seconds; after a while of nothing new, every ten.
// Without this script the page is whole, and asks for itself anew every thirty seconds.
"use strict";

const often = 2000, seldom = 10000, patience = 15;
let seen = "", still = 0;

async function look() {
  if (document.hidden) return often;
  const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-cache" });
  const tag = answer.headers.get("etag");
  if (!answer.ok || !tag) return seldom;
  if (tag === seen) {
    still += 1;
    return still > patience ? seldom : often;
  }
  const first = seen === "";
  seen = tag;
  still = 0;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("board");
  const board = document.getElementById("board");
  if (!next || !board || (first && next.isEqualNode(board))) return often;
  keep(board, next);
  board.replaceWith(document.adoptNode(next));
  return often;
}

// What the reader has opened, and how far tables are scrolled, stays as it is.
function keep(board, next) {
  const pairs = (selector) => {
    const fresh = next.querySelectorAll(selector);
    return Array.from(board.querySelectorAll(selector), (old, i) => [old, fresh[i]]).filter(([, twin]) => twin);
  };
  for (const [old, twin] of pairs("details")) twin.open = old.open;
  const scrolled = pairs(".scroll").map(([old, twin]) => [twin, old.scrollLeft]);
  requestAnimationFrame(() => scrolled.forEach(([twin, left]) => { twin.scrollLeft = left; }));
}

async function live() {
  let pause = seldom;
  // Nobody is interrupted who goes through the board with the keyboard, or selects in it.
  const busy = document.querySelector("#board :focus-visible") || String(getSelection()) !== "";
  try {
    if (!busy) pause = await look();
  } catch {
    // The line is cut, or the program ends: what was shown stays, and the next look may succeed.
  }
  setTimeout(live, pause);
}

setTimeout(live, often);
