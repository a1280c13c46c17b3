// Refreshes a running pass in place, so that a screen reader's position and the scroll stay where they are.
// When it can no longer follow, it says so: a page that stands still must never look like a pass that does.
"use strict";
const EVERY_MS = 1500;
const AFTER_FAILURE_MS = 5000;
const region = document.getElementById("live");
const stale = document.getElementById("stale");

function say(text, link) {
  stale.replaceChildren(document.createElement("p"));
  stale.firstChild.append(text);
  if (link) {
    const way = document.createElement("a");
    way.href = link.href;
    way.textContent = link.text;
    stale.firstChild.append(" ", way);
  }
  stale.hidden = false;
}

/** The region as it is now, "signed-out", or null when the server did not answer well. */
async function ask() {
  try {
    const answer = await fetch(region.dataset.live, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (answer.redirected) {
      return "signed-out";
    }
    const text = answer.ok ? await answer.text() : "";
    return new DOMParser().parseFromString(text, "text/html").getElementById("live");
  } catch {
    return null;
  }
}

async function refresh() {
  const fresh = await ask();
  if (fresh === "signed-out") {
    say("You are signed out, so this page no longer follows the pass.", { href: "/sign-in", text: "Sign in" });
    return;
  }
  if (fresh === null) {
    say("The server does not answer, so what is shown below may be old. Trying again every few seconds.");
    setTimeout(refresh, AFTER_FAILURE_MS);
    return;
  }
  stale.hidden = true;
  region.replaceChildren(...fresh.childNodes);
  region.dataset.running = fresh.dataset.running;
  if (region.dataset.running === "yes") {
    setTimeout(refresh, EVERY_MS);
  }
}
setTimeout(refresh, EVERY_MS);
