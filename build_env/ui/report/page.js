"use strict";
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const filter = document.getElementById("filter");
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const tasks = all("details.task");
  const marks = all("a[data-task]");
  const rows = all(".matrix tbody tr");
  let status = "";

  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const matching = new Set();
    for (const task of tasks) {
      const text = task.dataset.words.toLowerCase();
      const fits = (!status || task.dataset.status === status) && words.every((word) => text.includes(word));
      task.hidden = !fits;
      if (fits) matching.add(task.dataset.task);
    }
    for (const mark of marks) mark.classList.toggle("dim", !matching.has(mark.dataset.task));
    for (const row of rows) row.hidden = !row.querySelector("a[data-task]:not(.dim)");
    for (const button of filter.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.status === status));
    }
    shown.textContent = matching.size < tasks.length ? `${matching.size} of ${tasks.length} tasks` : "";
  };

  const open = () => {
    const place = document.getElementById(location.hash.slice(1));
    const task = place && place.closest("details.task");
    if (!task) return;
    if (task.hidden) {
      status = "";
      search.value = "";
      apply();
    }
    for (const other of tasks) other.classList.toggle("chosen", other === task);
    task.open = true;
    task.scrollIntoView({ block: "start" });
    if (getComputedStyle(filter).position === "sticky") window.scrollBy(0, -filter.offsetHeight - 8);
  };

  filter.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    status = button.dataset.status;
    apply();
  });
  const toggled = (event) => {
    // What went wrong stands at the end of a log.
    const log = event.target.matches("details.task[data-status=failed]") && event.target.querySelector(".log:last-of-type");
    if (log) log.scrollTop = log.scrollHeight;
  };
  document.addEventListener("toggle", toggled, true);
  search.addEventListener("input", apply);
  window.addEventListener("hashchange", open);
  document.addEventListener("click", (event) => {
    // The hash does not change when the place that is shown already is asked for again.
    const link = event.target.closest('a[href^="#"]');
    if (link && link.getAttribute("href") === location.hash) open();
  });
  filter.hidden = false;
  open();
})();
