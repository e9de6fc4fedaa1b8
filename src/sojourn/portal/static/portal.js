// Comforts only: every page does all of this without a script, more slowly.
(() => {
  "use strict";
  // A box that narrows a long list of codes, and an "all" that ticks what it stands for.
  for (const set of document.querySelectorAll(".choice fieldset")) {
    const options = [...set.querySelectorAll(".options .option")];
    const all = set.querySelector(".option-all input");
    if (all) {
      const boxes = options.map((option) => option.querySelector("input"));
      all.removeAttribute("name");
      all.checked = boxes.every((box) => box.checked);
      all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
      set.addEventListener("change", () => { all.checked = boxes.every((box) => box.checked); });
      set.closest("form").addEventListener("submit", () => {
        if (boxes.length > 12 && boxes.every((box) => box.checked)) {
          boxes.forEach((box) => { box.disabled = true; });
          all.name = boxes[0].name;
        }
      });
    }
    if (options.length > 12) {
      const box = document.createElement("input");
      box.type = "search";
      box.className = "narrow-list";
      box.setAttribute("aria-label", set.querySelector("legend").textContent);
      box.addEventListener("input", () => {
        const sought = box.value.trim().toLocaleLowerCase();
        for (const option of options) {
          option.hidden = !option.textContent.toLocaleLowerCase().includes(sought);
        }
      });
      box.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); } });
      set.prepend(box);
    }
  }
})();
