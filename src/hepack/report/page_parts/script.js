"use strict";
(() => {
  const root = document.documentElement;
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  if (location.hash === "#dark" || location.hash === "#light") root.dataset.theme = location.hash.slice(1);

  const key = (row, place) => {
    const cell = row.cells[place];
    return cell.dataset.key === undefined ? cell.textContent : Number(cell.dataset.key);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    table.tHead.rows[0].querySelectorAll("th").forEach((head, place) => head.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => {
        const x = key(a, place), y = key(b, place);
        const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows);
    }));
  }

  const dialog = document.getElementById("large"), stage = dialog.querySelector(".stage");
  let box = null, start = null, svg = null;
  const show = (plot) => {
    svg = plot.querySelector("svg").cloneNode(true);
    stage.replaceChildren(svg);
    start = svg.getAttribute("viewBox").split(/\s+/).map(Number);
    box = [...start];
    dialog.showModal();
  };
  const apply = () => svg.setAttribute("viewBox", box.join(" "));
  const zoom = (factor, x = 0.5, y = 0.5) => {
    const width = Math.min(Math.max(box[2] * factor, start[2] / 40), start[2] * 2), scale = width / box[2];
    box = [box[0] + box[2] * x * (1 - scale), box[1] + box[3] * y * (1 - scale), width, box[3] * scale];
    apply();
  };
  for (const plot of document.querySelectorAll(".plot")) {
    plot.addEventListener("click", () => show(plot));
    plot.addEventListener("keydown", (event) => { if (event.key === "Enter") show(plot); });
  }
  dialog.querySelector(".tools").addEventListener("click", (event) => {
    const what = event.target.dataset.zoom;
    if (what === "in") zoom(0.7);
    if (what === "out") zoom(1 / 0.7);
    if (what === "reset") { box = [...start]; apply(); }
    if (what === "close") dialog.close();
  });
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const area = stage.getBoundingClientRect();
    zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, (event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height);
  }, { passive: false });
  stage.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    const area = stage.getBoundingClientRect(), scale = Math.max(box[2] / area.width, box[3] / area.height);
    box[0] -= event.movementX * scale;
    box[1] -= event.movementY * scale;
    apply();
  });
  root.dataset.ready = "yes";
})();
