// Shows a code that a pass begins to wait for, and takes away one that it no longer does; what somebody is typing
// stays. Counts down to each deadline by the time that was left when the server answered, not by this clock's date.
"use strict";
const ASK_EVERY_MS = 3000;
const box = document.getElementById("codes");

/** Marks when each deadline of the region comes, by this page's own clock. */
function begin(region) {
  for (const timer of region.querySelectorAll("[data-seconds]")) {
    timer.dataset.ends = String(performance.now() + Number(timer.dataset.seconds) * 1000);
  }
}

function count() {
  for (const timer of box.querySelectorAll("[data-ends]")) {
    const left = Math.max(0, Math.round((Number(timer.dataset.ends) - performance.now()) / 1000));
    timer.textContent = left ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left` : "Time is up.";
  }
}

async function follow() {
  try {
    const answer = await fetch(box.dataset.live, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    const text = answer.ok && !answer.redirected ? await answer.text() : "";
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("codes");
    if (fresh && fresh.dataset.waiting !== box.dataset.waiting) {
      const typed = new Map([...box.querySelectorAll("input[id]")].map((field) => [field.id, field.value]));
      const inside = document.activeElement?.id;
      box.replaceChildren(...fresh.childNodes);
      box.dataset.waiting = fresh.dataset.waiting;
      for (const [id, value] of typed) {
        const field = document.getElementById(id);
        if (field) field.value = value;
      }
      if (inside) document.getElementById(inside)?.focus();
      begin(box);
    }
  } catch {
    // The server does not answer now: the deadline that stands here still holds, and it is asked again.
  }
  setTimeout(follow, ASK_EVERY_MS);
}

begin(box);
count();
setInterval(count, 1000);
setTimeout(follow, ASK_EVERY_MS);
