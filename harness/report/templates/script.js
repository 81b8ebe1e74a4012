"use strict";
// The view, its address, and what follows from it. tables.js, figures.js and start.js continue from `timetrial`.
const timetrial = (function () {
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const one = (selector) => document.querySelector(selector);
  const data = one("#board") ? JSON.parse(one("#board").textContent) : null;
  const root = document.documentElement;

  // The view holds everything that a reader can change. An empty value means: as when the page opens.
  const view = { at: "", clock: "", reading: "", times: "", rows: "", workloads: [], submissions: null, others: "", order: {}, find: "", hide: [], focus: "", theme: "" };
  const opened = {
    clock: data ? Object.keys(data.clocks)[0] : "",
    reading: all("input[name=reading]").filter((radio) => radio.defaultChecked).map((radio) => radio.value).join(""),
    submissions: all("input.show").filter((box) => box.defaultChecked).map((box) => box.value),
    grey: one("#grey") ? one("#grey").defaultChecked : false,
  };
  const plain = (text) => decodeURIComponent(text || "");
  const pieces = (text) => text.split(",").filter(Boolean).map(decodeURIComponent);
  const joined = (list) => list.map(encodeURIComponent).join(",");

  function read() {
    let hash = location.hash.slice(1);
    // A plain #ranking is an element of the page and changes nothing in the view.
    if (hash && !hash.includes("=")) { view.at = ""; return; }
    try { decodeURIComponent(hash); } catch (error) { hash = ""; }
    const given = {};
    hash.split("&").filter(Boolean).forEach(function (part) {
      const cut = part.indexOf("=");
      given[part.slice(0, cut)] = part.slice(cut + 1);
    });
    view.at = decodeURIComponent(given.at || "");
    view.clock = data && data.clocks[given.clock] ? given.clock : "";
    view.reading = opened.reading && ["saved", "time"].includes(given.reading) && given.reading !== opened.reading ? given.reading : "";
    view.rows = given.rows === "wide" ? "wide" : "";
    view.find = plain(given.find);
    view.hide = pieces(given.hide || "");
    view.focus = plain(given.focus);
    view.times = ["best", "baseline"].includes(given.times) ? given.times : "";
    view.workloads = data ? pieces(given.workloads || "").filter((name) => data.workloads.includes(name)) : [];
    view.submissions = given.submissions === undefined ? null : pieces(given.submissions);
    view.others = ["grey", "hidden"].includes(given.others) ? given.others : "";
    view.theme = ["light", "dark"].includes(given.theme) ? given.theme : "";
    view.order = {};
    pieces(given.order || "").forEach(function (text) {
      const match = /^([^:]*):(.*):(up|down)$/.exec(text);
      if (match) view.order[match[1]] = { column: match[2], up: match[3] === "up" };
    });
  }

  function address() {
    const parts = [];
    const add = (name, text) => { if (text) parts.push(name + "=" + text); };
    add("at", encodeURIComponent(view.at));
    add("clock", view.clock === opened.clock ? "" : view.clock);
    add("reading", view.reading);
    add("times", view.times);
    add("rows", view.rows);
    add("workloads", joined(view.workloads));
    if (view.submissions) parts.push("submissions=" + joined(view.submissions));
    add("others", view.others);
    add("order", joined(Object.keys(view.order).map((name) => name + ":" + view.order[name].column + ":" + (view.order[name].up ? "up" : "down"))));
    add("find", encodeURIComponent(view.find));
    add("hide", joined(view.hide));
    add("focus", encodeURIComponent(view.focus));
    add("theme", view.theme);
    return "#" + parts.join("&");
  }

  function changed() {
    history.replaceState(null, "", address());
    show();
  }

  // Scores on a subset of the workloads, by the rules of harness.scoring: medians, held-out rule, profile integral, mean.
  const orMiss = (time) => time === null || time === undefined ? Infinity : time;
  const smallest = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);

  function standing(base, variants) {
    if (!variants.length) return base;
    const within = function (times) {
      const limit = 4 * smallest(times);
      return times.map((time) => time > limit ? Infinity : time);
    };
    return variants.reduce(function (times, variant) {
      const held = within(variant.map((time, i) => base[i] === Infinity ? Infinity : time));
      return times.map((time, i) => held[i] === Infinity ? Infinity : time);
    }, within(base));
  }

  function contribution(time, best, grid) {
    if (time === Infinity) return 0;
    const ratio = time === best ? 1 : time / best;
    if (!grid) return Math.max(0, 4 - ratio) / 3;
    let area = 0;
    const solved = (i) => ratio <= (i === 99 ? 4 : 1 + i * (3 / 99)) ? 1 : 0;
    for (let i = 1; i < 100; i += 1) area += (solved(i - 1) + solved(i)) / 2 * (3 / 99);
    return area / 3;
  }

  function rerank(clock, chosen) {
    const board = data.clocks[clock], names = Object.keys(board.times);
    const column = (label) => names.map((name) => orMiss(board.times[name][board.labels.indexOf(label)]));
    const scores = names.map(() => 0), targets = names.map(() => 0), bySpeed = Boolean(board.gains);
    chosen.forEach(function (workload) {
      const base = column(workload), stand = standing(base, (data.variants[workload] || []).map(column)), best = smallest(stand);
      names.forEach(function (_, i) {
        scores[i] += contribution(stand[i], best, data.grid) / chosen.length;
        targets[i] += base[i] < Infinity ? 1 : 0;
      });
    });
    // The mean of the log speed-ups over the chosen workloads that it has; who lacks one is compared on the others.
    const gain = (name, places) => places.reduce((sum, k) => sum + board.gains[name][k], 0) / places.length;
    const places = (name) => chosen.map((w) => data.workloads.indexOf(w)).filter((k) => bySpeed && typeof board.gains[name][k] === "number");
    const whole = names.filter((name) => places(name).length === chosen.length);
    const place = function (name) {
      const own = places(name);
      return own.length ? 1 + whole.filter((other) => gain(other, own) > gain(name, own) + 1e-12).length : names.length;
    };
    // Scores that are equal to twelve digits share a rank, as in Python.
    const rounded = scores.map((score) => Math.round(score * 1e12));
    const results = {};
    names.forEach(function (name, i) {
      const unknown = (board.unknown[name] || []).some((workload) => chosen.includes(workload));
      results[name] = {
        score: scores[i], speed: bySpeed && places(name).length ? Math.exp(gain(name, places(name))) : null,
        rank: bySpeed ? place(name) : 1 + rounded.filter((other) => other > rounded[i]).length,
        targets: targets[i], text: (unknown ? "≥ " : "") + targets[i] + "/" + chosen.length,
      };
    });
    return results;
  }

  // The original content of each changed cell is kept, so that the official numbers can be restored.
  const official = new Map();
  function put(cell, value, nodes) {
    if (!official.has(cell)) official.set(cell, { value: cell.dataset.v, nodes: Array.from(cell.childNodes) });
    cell.dataset.v = value;
    cell.replaceChildren(...nodes);
  }
  function restore() {
    official.forEach(function (was, cell) {
      cell.dataset.v = was.value;
      cell.replaceChildren(...was.nodes);
    });
    official.clear();
  }
  function element(name, text, kind) {
    const made = document.createElement(name);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function subset() {
    restore();
    const chosen = view.workloads, some = chosen.length > 0 && chosen.length < data.workloads.length;
    const counted = some ? chosen : data.workloads;
    const labels = counted.concat(...counted.map((workload) => data.variants[workload] || []));
    all("table.ranking[data-clock]").forEach(function (table) {
      const heads = Array.from(table.tHead.rows[0].cells);
      const ranked = some ? rerank(table.dataset.clock, counted) : null;
      [table.tHead.rows[0], ...table.tBodies[0].rows].forEach(function (row) {
        heads.forEach((head, i) => { if (head.dataset.workload) row.cells[i].hidden = !labels.includes(head.dataset.workload); });
      });
      if (!ranked) return;
      Array.from(table.tBodies[0].rows).forEach(function (row) {
        const own = ranked[row.dataset.row];
        const set = function (kind, value, nodes) {
          const at = heads.findIndex((head) => head.dataset.k === kind);
          if (at >= 0) put(row.cells[at], value, nodes);
        };
        const bare = (text) => [element("b", text), element("span", " no interval", "small")];
        set("rank", own.rank, [element("b", own.rank)]);
        set("speedup", own.speed === null ? "" : own.speed, own.speed === null ? ["–"] : bare("×" + own.speed.toFixed(2)));
        set("score", own.score, bare(own.score.toFixed(3)));
        set("targets", own.targets, [own.text]);
        set("cost", "", ["–"]);
        // The speed-ups at each horizon and the number of limited studies are of all workloads.
        heads.forEach((head) => { if (/^(h\d+|limited)$/.test(head.dataset.k)) set(head.dataset.k, "", ["–"]); });
      });
    });
    all(".panel[data-workload]").forEach((panel) => { panel.hidden = some && !labels.includes(panel.dataset.workload); });
    one("#unofficial").hidden = !some;
    one("#unofficial p").textContent = some ? "Unofficial ranking on " + counted.length + " of " + data.workloads.length +
      " workloads: " + counted.join(", ") + ". Speed-ups, scores and ranks follow the same rules and have no intervals. The verdict, the profiles, the pairs and the costs are still those of the whole board." : "";
    all("input[name=workload]").forEach((box) => { box.checked = counted.includes(box.value); });
  }

  // Sorting uses data-v, the number behind the words in a cell.
  const number = (text) => text === "inf" ? Infinity : text === "" ? NaN : Number(text);
  const value = function (row, column) {
    const cell = row.cells[column], text = cell.dataset.v !== undefined ? cell.dataset.v : cell.textContent.trim();
    return { row: row, text: text, number: number(text) };
  };
  function compare(a, b, sign) {
    const aNumber = !Number.isNaN(a.number), bNumber = !Number.isNaN(b.number);
    if (aNumber && bNumber) return a.number === b.number ? 0 : sign * (a.number < b.number ? -1 : 1);
    if (aNumber !== bNumber) return aNumber ? -1 : 1;
    return sign * (a.text < b.text ? -1 : a.text > b.text ? 1 : 0);
  }
  const tables = all("table.sortable").map(function (table, index) {
    const heads = Array.from(table.tHead.rows[0].cells);
    const item = { table: table, name: table.dataset.name || "t" + index, heads: heads, rows: Array.from(table.tBodies[0].rows), sorted: false };
    heads.forEach(function (head, column) {
      if (head.hasAttribute("data-fixed")) return;
      const button = element("button", "");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", function () {
        view.order[item.name] = { column: head.dataset.k || String(column), up: head.getAttribute("aria-sort") !== "ascending" };
        changed();
      });
    });
    return item;
  });
  function sort() {
    tables.forEach(function (item) {
      const order = view.order[item.name], ranked = item.table.dataset.clock && view.workloads.length;
      const column = order ? item.heads.findIndex((head, i) => (head.dataset.k || String(i)) === order.column) : ranked ? 0 : -1;
      item.heads.forEach((head) => head.removeAttribute("aria-sort"));
      if (order && column >= 0) item.heads[column].setAttribute("aria-sort", order.up ? "ascending" : "descending");
      if (column < 0 && !item.sorted) return;
      item.sorted = column >= 0;
      const rows = item.rows.map((row) => value(row, Math.max(column, 0)));
      // In a ranking on a subset ties are in the order of names, as in Python; elsewhere in the order of the page.
      if (ranked) rows.sort((a, b) => compare(value(a.row, 1), value(b.row, 1), 1));
      if (column >= 0) rows.sort((a, b) => compare(a, b, order && !order.up ? -1 : 1));
      item.table.tBodies[0].append(...rows.map((entry) => entry.row));
    });
  }

  // The table as text follows the view; when the page opens it is the one that Python wrote.
  const texts = all("pre.table-text").map((pre) => ({ pre: pre, text: pre.textContent }));
  const ESCAPES = {
    Markdown: (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/[\\`*[\]|~!#]/g, "\\$&").replace(/:\/\//g, ":\\//"),
    LaTeX: (text) => text.replace(/\\/g, "\u0000").replace(/[{}$&#%_]/g, "\\$&").replace(/\u0000/g, "\\textbackslash{}")
      .replace(/~/g, "\\textasciitilde{}").replace(/\^/g, "\\textasciicircum{}").replace(/–/g, "--").replace(/×/g, "$\\times$")
      .replace(/≥/g, "$\\geq$").replace(/≤/g, "$\\leq$"),
  };
  function words(cell, column) {
    if (column === 1) return cell.dataset.v !== undefined ? cell.dataset.v : "Submission";
    const lines = cell.innerText.split("\n").map((line) => line.replace(/[↓↑] better/, "").trim()).filter(Boolean);
    return lines.length > 1 ? lines[0] + " (" + lines.slice(1).join(", ") + ")" : lines[0] || "–";
  }
  // Reading the text of a table lays out the page, so it is done only for a text that is open.
  texts.forEach((item) => item.pre.parentNode.addEventListener("toggle", () => writeTexts()));
  function writeTexts() {
    const plain = !view.clock && !view.reading && !view.times && !view.rows && !view.workloads.length && !view.submissions && !view.order.ranking && !view.find && !view.hide.length;
    const table = all("table.ranking").find((item) => item.offsetParent !== null);
    if (texts.every((item) => !item.pre.parentNode.open)) return;
    if (plain || !table) { texts.forEach((item) => { item.pre.textContent = item.text; }); return; }
    const seen = (row) => Array.from(row.cells, (cell, i) => [cell, i]).filter(([cell]) => cell.offsetParent !== null || cell.offsetWidth);
    const rows = [table.tHead.rows[0], ...Array.from(table.tBodies[0].rows).filter((row) => row.offsetHeight)];
    const grid = rows.map((row) => seen(row).map(([cell, i]) => words(cell, i)));
    const badge = one("#unofficial").hidden ? "" : one("#unofficial p").textContent;
    texts.forEach(function (item) {
      const lines = grid.map((row) => row.map(ESCAPES[item.pre.dataset.kind]));
      const bar = lines.map((row) => "| " + row.join(" | ") + " |");
      bar.splice(1, 0, "|" + grid[0].map(() => " --- ").join("|") + "|");
      const book = lines.map((row) => row.join(" & ") + " \\\\");
      const latex = ["\\begin{tabular}{rl" + "r".repeat(Math.max(0, grid[0].length - 2)) + "}", "\\toprule", book[0], "\\midrule", ...book.slice(1), "\\bottomrule", "\\end{tabular}"];
      const note = badge ? [(item.pre.dataset.kind === "LaTeX" ? "% " : "") + ESCAPES[item.pre.dataset.kind](badge), ""] : [];
      item.pre.textContent = [...note, ...(item.pre.dataset.kind === "LaTeX" ? latex : bar)].join("\n") + "\n";
    });
  }

  // A panel that only counts its trials lists them from the compressed download of the page.
  let unpacked = null;
  async function unpack() {
    const link = one("a[download='trials.json.gz']");
    const bytes = Uint8Array.from(atob(link.href.slice(link.href.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }
  async function list(container, submission) {
    unpacked = unpacked || unpack();
    const columns = await unpacked, names = Object.keys(columns).filter((name) => name !== "workload" && name !== "submission");
    const table = element("table", "", "carried"), head = table.createTHead().insertRow(), body = table.createTBody();
    names.forEach((name) => { const cell = element("th", name); cell.scope = "col"; head.append(cell); });
    columns.trial.forEach(function (_, i) {
      if (columns.workload[i] !== container.dataset.workload || columns.submission[i] !== submission) return;
      const row = body.insertRow();
      names.forEach((name) => { row.insertCell().textContent = columns[name][i] === null ? "–" : String(columns[name][i]); });
    });
    container.querySelector(".listed").replaceChildren(table);
  }
  all(".every").forEach(function (container) {
    const label = element("label", "List each trial of "), choice = document.createElement("select");
    choice.append(element("option", ""), ...Object.values(data.names).map((name) => element("option", name)));
    choice.addEventListener("change", () => list(container, choice.value));
    label.append(choice);
    container.append(label, element("div", "", "scroll listed"));
  });

  // The style of what the key leaves out, and other colours where two of the submissions shown would share one: each keeps its
  // own colour if that is free, the others get those that are left.
  const boxes = all("input.show");
  const members = boxes.map(function (box) {
    const swatch = box.parentNode.querySelector("line[class]");
    return { name: box.value, index: Number(box.id.slice(4)), colour: Number(swatch.getAttribute("class").slice(1)) };
  });
  const COLOURS = 8;
  function recoloured(shown) {
    const used = new Set(), waiting = [], found = [];
    if (shown.length > COLOURS) return found;
    shown.forEach((item) => used.has(item.colour) ? waiting.push(item) : used.add(item.colour));
    waiting.forEach(function (item) {
      const colour = Array.from({ length: COLOURS }, (_, i) => i).find((i) => !used.has(i));
      used.add(colour);
      found.push({ index: item.index, colour: colour });
    });
    return found;
  }
  function showMembers(chosen, grey) {
    const shown = members.filter((item) => chosen.has(item.name)), rest = members.filter((item) => !chosen.has(item.name));
    const each = (kind, items) => items.map((item) => "." + kind + item.index).join(",");
    const rules = recoloured(shown).map((item) => ":is(.line" + item.index + ",.hue" + item.index + ",.name" + item.index + "){--c:var(--s" + item.colour + ")}");
    if (rest.length) {
      const lines = ":is(" + each("line", rest) + ")", names = ":is(" + each("name", rest) + ")";
      rules.push(".pairs " + lines + "{display:none}");
      if (grey) rules.push(".figure " + lines + "{--c:var(--soft);opacity:.25!important}.figure " + names + ",.forest " + lines + "{--c:var(--soft)}");
      else rules.push(lines + "," + names + "{display:none}");
    }
    write("#shown", rules.join("\n"));
  }
  function write(where, text) {
    if (one(where).textContent !== text) one(where).textContent = text;
  }

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  // A theme in the address comes first, then the one that was chosen last; a file may have no storage.
  function kept(theme) {
    try {
      if (theme !== undefined) localStorage.setItem("timetrial-theme", theme);
      const found = localStorage.getItem("timetrial-theme");
      return ["light", "dark"].includes(found) ? found : "";
    } catch (error) { return ""; }
  }
  const theme = () => view.theme || kept();
  const isDark = () => theme() ? theme() === "dark" : dark.matches;
  const check = (selector, chosen) => all(selector).forEach((box) => { const on = chosen(box.value); if (box.checked !== on) box.checked = on; });
  const set = (name, value) => { if (root.dataset[name] !== value) root.dataset[name] = value; };
  const after = [];
  function show() {
    if (theme()) set("theme", theme()); else delete root.dataset.theme;
    one("#theme").textContent = isDark() ? "Light" : "Dark";
    const chosen = new Set(view.submissions || opened.submissions);
    const state = { clock: view.clock || opened.clock, reading: view.reading || opened.reading || "time", times: view.times || "absolute", rows: view.rows || "compact" };
    Object.keys(state).forEach(function (name) {
      if (state[name]) set(name, state[name]);
      check("input[name=" + name + "]", (value) => value === state[name]);
    });
    check("input.show", (value) => chosen.has(value));
    const grey = view.others ? view.others === "grey" : opened.grey;
    if (one("#grey")) one("#grey").checked = grey;
    if (boxes.length) showMembers(chosen, grey);
    if (data) subset();
    sort();
    after.forEach((follow) => follow());
    writeTexts();
  }
  function scrollToPart() {
    const part = view.at && document.getElementById(view.at);
    if (!part) return;
    part.tabIndex = -1;
    part.focus({ preventScroll: true });
    part.scrollIntoView();
  }

  // A control changes the view, and show() shows it, in the same way as for a link.
  const radio = (name, first) => all("input[name=" + name + "]").forEach((button) => button.addEventListener("change", function () {
    view[name] = button.value === first ? "" : button.value;
    changed();
  }));
  radio("clock", opened.clock);
  radio("reading", opened.reading);
  radio("times", "absolute");
  radio("rows", "compact");
  const choose = function (names) {
    view.submissions = names.length === opened.submissions.length && names.every((name) => opened.submissions.includes(name)) ? null : names;
    changed();
  };
  boxes.forEach((box) => box.addEventListener("change", () => choose(boxes.filter((item) => item.checked).map((item) => item.value))));
  all("input[name=workload]").forEach((box) => box.addEventListener("change", function () {
    const names = all("input[name=workload]").filter((item) => item.checked).map((item) => item.value);
    // A ranking needs a workload: the last one stays selected.
    if (!names.length) { box.checked = true; return; }
    view.workloads = names.length === data.workloads.length ? [] : names;
    changed();
  }));
  const onPress = (id, action) => { const button = one(id); if (button) { button.hidden = false; button.addEventListener("click", action); } };
  onPress("#all", () => choose(boxes.map((box) => box.value)));
  onPress("#none", () => choose([]));
  onPress("#every", function () { view.workloads = []; changed(); });
  onPress("#theme", function () { view.theme = isDark() ? "light" : "dark"; kept(view.theme); changed(); });
  if (one("#grey")) one("#grey").addEventListener("change", function (event) { view.others = event.target.checked === opened.grey ? "" : event.target.checked ? "grey" : "hidden"; changed(); });
  if (one("#chooser")) one("#chooser").hidden = false;
  dark.addEventListener("change", show);

  // A link within the page keeps the view: the address holds both.
  document.addEventListener("click", function (event) {
    const link = event.target.closest && event.target.closest("a[href^='#']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    view.at = decodeURIComponent(link.getAttribute("href").slice(1));
    history.pushState(null, "", address());
    scrollToPart();
  });
  window.addEventListener("hashchange", function () { read(); show(); scrollToPart(); });
  return { all: all, one: one, element: element, view: view, members: members, after: after, data: data, opened: opened, changed: changed, write: write, value: value, show: show, read: read, scrollToPart: scrollToPart };
})();
