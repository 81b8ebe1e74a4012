// Tables: search, columns, a head that stays, a filter of the trials.
(function (page) {
  const { all, one, element, view, changed, after } = page;

  // A table that fits needs no scroll box of its own, so that its head can stay at the top of the window.
  const fit = (box) => box.classList.toggle("fits", box.scrollWidth <= box.clientWidth + 1);
  if (window.ResizeObserver) {
    const sizes = new ResizeObserver((entries) => entries.forEach((entry) => fit(entry.target.closest(".scroll"))));
    all("#ranking .scroll").forEach((box) => { sizes.observe(box); if (box.firstElementChild) sizes.observe(box.firstElementChild); });
  }

  const find = one("#find");
  const rows = all(".ranking tbody tr, .forest li").map((row) => ({ row: row, name: (row.cells ? row.cells[1] : row).dataset.v.toLowerCase() }));
  if (find) {
    const box = find.querySelector("input");
    find.hidden = false;
    box.addEventListener("input", function () { view.find = box.value.trim(); changed(); });
    after.push(function () {
      if (box.value.trim() !== view.find) box.value = view.find;
      const wanted = view.find.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((item) => {
        const away = wanted.length > 0 && !wanted.some((word) => item.name.includes(word));
        if (item.row.hidden !== away) item.row.hidden = away;
      });
    });
  }

  // The columns of the ranking by the key of their head; a column that a board on another clock lacks is left out there.
  const chooser = one("#columns");
  const heads = all("table.ranking").map((table) => Array.from(table.tHead.rows[0].cells));
  const label = (head) => (head.querySelector("bdi") && /^(e-|w-)/.test(head.dataset.k) ? head.querySelector("bdi") : head.querySelector("button") || head)
    .cloneNode(true);
  if (chooser && heads.length) {
    const places = new Map();
    heads.forEach((cells) => cells.forEach(function (head) {
      const key = head.dataset.k;
      if (key && !["rank", "name"].includes(key) && !places.has(key)) places.set(key, head);
    }));
    const choices = chooser.querySelector(".choices");
    places.forEach(function (head, key) {
      const copy = label(head), text = element("label", ""), box = document.createElement("input");
      copy.querySelectorAll(".way, svg").forEach((part) => part.remove());
      box.type = "checkbox";
      box.value = key;
      text.className = head.classList.contains("c-saved") ? "c-saved" : head.classList.contains("c-time") ? "c-time" : "";
      text.append(box, copy.textContent.trim());
      box.addEventListener("change", function () {
        view.hide = all("#columns input").filter((item) => !item.checked).map((item) => item.value);
        changed();
      });
      choices.append(text);
    });
    chooser.hidden = false;
    const sheet = document.createElement("style");
    document.head.append(sheet);
    after.push(function () {
      all("#columns input").forEach((box) => { box.checked = !view.hide.includes(box.value); });
      const rules = all("table.ranking").flatMap((table, i) => heads[i].map((head, place) => view.hide.includes(head.dataset.k)
        ? "table.ranking[data-clock=" + (table.dataset.clock || "examples") + "] tr>:nth-child(" + (place + 1) + "){display:none}" : "")).filter(Boolean);
      if (sheet.textContent !== rules.join("")) sheet.textContent = rules.join("");
    });
  }

  // A trial's record is a file beside the page, unless its submission comes from the reference result.
  const records = document.documentElement.dataset.records;
  function linkTo(cell, path) {
    const link = document.createElement("a");
    link.href = records + path.split("/").map(encodeURIComponent).join("/");
    link.append(...cell.childNodes);
    cell.append(link);
  }
  function linkRecords(table) {
    const folder = table.querySelector("[data-folder]"), place = folder ? folder.textContent : "";
    if (place.endsWith(".parquet")) { linkTo(folder, place); return; }
    Array.from(table.tBodies[0].rows).forEach(function (row) {
      const name = row.querySelector("bdi").textContent, cell = row.cells[row.cells.length - 1], file = cell.textContent.split(", ")[0];
      if (!("away" in cell.dataset)) linkTo(cell, place ? place.replace("SUBMISSION", name) + file : file);
    });
  }
  if (records) all("table.trials").forEach((table) => table.closest("details").addEventListener("toggle", () => linkRecords(table), { once: true }));

  // Each list of trials can be filtered by words: a submission, a status, a hyperparameter.
  all("table.trials").forEach(function (table) {
    const line = element("label", "Find trials ", "filter"), box = document.createElement("input"), told = element("span", "");
    box.type = "search";
    box.placeholder = "submission, status, reason";
    told.setAttribute("role", "status");
    line.append(box, " ", told);
    table.closest(".scroll").before(line);
    box.addEventListener("input", function () {
      const wanted = box.value.toLowerCase().split(/\s+/).filter(Boolean), body = Array.from(table.tBodies[0].rows);
      const seen = body.filter(function (row) {
        const text = row.textContent.toLowerCase();
        row.hidden = !wanted.every((word) => text.includes(word));
        return !row.hidden;
      });
      told.textContent = wanted.length ? seen.length + " of " + body.length : "";
    });
  });
})(timetrial);
