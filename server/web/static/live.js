// Refreshes a running pass in place, so that a screen reader's position and the scroll stay where they are.
"use strict";
const region = document.getElementById("live");
async function refresh() {
  const answer = await fetch(region.dataset.live, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (!answer.ok) {
    return;
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  if (fresh) {
    region.replaceChildren(...fresh.childNodes);
    region.dataset.running = fresh.dataset.running;
  }
  if (region.dataset.running === "yes") {
    setTimeout(refresh, 1500);
  }
}
setTimeout(refresh, 1500);
