// Puts a value that stands on the page into the clipboard, for typing it into a portal's search.
"use strict";
const said = document.getElementById("copied");

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      said.textContent = `${button.dataset.of} copied.`;
    } catch {
      // Only pages that are served securely, or from this machine, may write there.
      getSelection().selectAllChildren(button.previousElementSibling);
      said.textContent = `${button.dataset.of} is selected: copy it with the keyboard.`;
    }
  });
}
