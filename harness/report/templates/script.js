"use strict";
(function () {
  // Sorting: a header becomes a button; data-v carries the number behind a cell's words.
  function value(row, column) {
    const cell = row.cells[column];
    const text = cell.dataset.v !== undefined ? cell.dataset.v : cell.textContent.trim();
    const number = text === "inf" ? Infinity : text === "" ? NaN : Number(text);
    return { text: text, number: number };
  }

  function compare(a, b, sign) {
    const aNumber = !Number.isNaN(a.number), bNumber = !Number.isNaN(b.number);
    if (aNumber && bNumber) return a.number === b.number ? 0 : sign * (a.number < b.number ? -1 : 1);
    if (aNumber !== bNumber) return aNumber ? -1 : 1;
    return sign * a.text.localeCompare(b.text);
  }

  document.querySelectorAll("table.sortable").forEach(function (table) {
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach(function (head, column) {
      if (head.hasAttribute("data-fixed")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", function () {
        const up = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const body = table.tBodies[0];
        const rows = Array.from(body.rows, function (row) { return { row: row, value: value(row, column) }; });
        rows.sort(function (a, b) { return compare(a.value, b.value, up ? 1 : -1); });
        rows.forEach(function (item) { body.append(item.row); });
      });
    });
  });

  // Theme: the system's choice until the button says otherwise.
  const theme = document.getElementById("theme");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  function isDark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : dark.matches;
  }
  function label() { theme.textContent = isDark() ? "Light" : "Dark"; }
  theme.hidden = false;
  label();
  dark.addEventListener("change", label);
  theme.addEventListener("click", function () {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    label();
  });

  // A link into a closed part opens it; printing opens everything.
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("#submissions details").forEach(function (part) { part.open = true; });
  });
})();
