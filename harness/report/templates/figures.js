// Figures: the values of the point that is nearest to the pointer, and the row, line and band of its submission.
(function (page) {
  const { all, one, view, members, after, changed, write } = page;
  const tip = one("#tip"), NEAR = 28;
  const names = new Map(members.map((item) => [item.index, item.name]));
  const indices = new Map(members.map((item) => [item.name, item.index]));
  const titles = new Map(page.data ? Object.entries(page.data.names).map(([anchor, name]) => [anchor.slice(11), name]) : []);
  const named = (index) => titles.get(names.get(index)) || names.get(index) || "";
  const indexOf = (item) => Number(/(?:^| )(?:line|hue|name)(\d+)/.exec(item.getAttribute("class") || "")[1]);

  // A path of the page is absolute moves and relative lines.
  function corners(path, points) {
    const parts = (path.getAttribute("d") || "").match(/[A-Za-z]|-?\d*\.?\d+/g) || [];
    let command = "", x = 0, y = 0;
    for (let i = 0; i < parts.length;) {
      if (/[A-Za-z]/.test(parts[i])) { command = parts[i]; i += 1; continue; }
      const a = Number(parts[i]), b = Number(parts[i + 1]);
      i += 2;
      if (command === "M" || command === "L") { x = a; y = b; } else if (command === "l") { x += a; y += b; } else return;
      points.push([x, y]);
    }
  }
  const known = new WeakMap();
  function linesOf(svg) {
    if (!known.has(svg)) {
      const found = all("[class^=line]:not(.le)", svg).map(function (part) {
        const points = [];
        (part.tagName === "path" ? [part] : all("path", part)).forEach((path) => { if (!path.closest("defs")) corners(path, points); });
        all("use", part).forEach((use) => points.push([Number(use.getAttribute("x")), Number(use.getAttribute("y"))]));
        return { index: indexOf(part), points: points };
      });
      known.set(svg, { lines: found.filter((line) => line.points.length), axes: JSON.parse(svg.dataset.axes || "[]") });
    }
    return known.get(svg);
  }
  function axesAt(figure, x, y) {
    return figure.axes.find((a) => x >= a[0] - 8 && x <= a[2] + 8 && y >= a[1] - 8 && y <= a[3] + 8);
  }
  const between = (low, high, share, log) => log ? low * Math.pow(high / low, share) : low + (high - low) * share;
  function short(number) {
    const size = Math.abs(number);
    if (size >= 1e9) return (number / 1e9).toPrecision(3) + "G";
    if (size >= 1e6) return (number / 1e6).toPrecision(3) + "M";
    if (size >= 1e4) return (number / 1e3).toPrecision(3) + "k";
    return String(Number(number.toPrecision(3)));
  }
  function values(a, point) {
    const x = between(a[4], a[5], (point[0] - a[0]) / (a[2] - a[0]), a[8]), y = between(a[6], a[7], (a[3] - point[1]) / (a[3] - a[1]), a[9]);
    return [a[10] ? a[10] + ": " + short(x) : "", a[11] ? a[11] + ": " + short(y) : ""].filter(Boolean);
  }
  const shown = () => new Set((view.submissions || page.opened.submissions).map((name) => indices.get(name)));

  // What is under the pointer wins over what was chosen by a click.
  let under = -1, drawn = null;
  function light() {
    const index = under >= 0 ? under : indices.has(view.focus) ? indices.get(view.focus) : -1;
    if (index === drawn) return;
    drawn = index;
    const line = ".line" + index;
    write("#lit", index < 0 ? "" : ":is(tr,li)" + line + "{outline:2px solid var(--link);outline-offset:-2px}.figure .band" + index + "{display:inline}" +
      ".figure " + line + ":not(.le){stroke-width:2.8px!important;opacity:1!important}");
  }
  function tell(svg, line, point, a) {
    const box = svg.getScreenCTM(), at = new DOMPoint(point[0], point[1]).matrixTransform(box);
    const name = document.createElement("b");
    name.textContent = named(line.index);
    tip.replaceChildren(name, ...values(a, point).map((text) => { const part = document.createElement("span"); part.textContent = text; return part; }));
    tip.hidden = false;
    const left = Math.min(at.x + 14, window.innerWidth - tip.offsetWidth - 8), top = at.y + 16 + tip.offsetHeight > window.innerHeight ? at.y - tip.offsetHeight - 12 : at.y + 16;
    tip.style.transform = "translate(" + Math.max(4, left) + "px," + Math.max(4, top) + "px)";
    under = line.index;
    light();
  }
  function quiet() {
    tip.hidden = true;
    under = -1;
    light();
  }
  function nearest(svg, x, y) {
    const figure = linesOf(svg), a = axesAt(figure, x, y), seen = shown(), grey = one("#grey") && one("#grey").checked;
    let best = null, least = NEAR;
    if (a) figure.lines.forEach(function (line) {
      const far = seen.has(line.index) ? 1 : grey ? 3 : Infinity;
      line.points.forEach(function (point) {
        const away = far * Math.hypot(point[0] - x, point[1] - y);
        if (away < least && axesAt(figure, point[0], point[1]) === a) { least = away; best = { line: line, point: point, axes: a }; }
      });
    });
    return best;
  }
  // Once per frame, the place where the pointer is by then; a click does not wait for the frame.
  let last = null;
  function follow() {
    const event = last;
    last = null;
    if (!event) return;
    const svg = event.target.closest && event.target.closest(".figure[data-axes]");
    if (svg) {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()), found = nearest(svg, at.x, at.y);
      if (found) tell(svg, found.line, found.point, found.axes); else quiet();
      return;
    }
    const row = event.target.closest && event.target.closest("tr[class^=line], .forest li, .key label[class^=hue], .card[class*=hue]");
    tip.hidden = true;
    under = row ? indexOf(row) : -1;
    light();
  }
  document.addEventListener("pointermove", function (event) {
    if (!last) requestAnimationFrame(follow);
    last = event;
  });
  document.addEventListener("pointerleave", quiet);
  const choose = (index) => { view.focus = index < 0 || names.get(index) === view.focus ? "" : names.get(index); changed(); };
  document.addEventListener("click", function (event) {
    follow();
    if (event.target.closest && event.target.closest(".figure[data-axes]")) choose(under);
  });

  // By keyboard: up and down change the line, left and right the point; Enter chooses, Escape ends it.
  const places = new WeakMap();
  document.addEventListener("keydown", function (event) {
    const region = document.activeElement, svg = region && region.classList.contains("scroll") ? region.querySelector(".figure[data-axes]") : null;
    if (event.key === "Escape" && (view.focus || under >= 0)) { quiet(); choose(-1); return; }
    if (!svg || !/^Arrow|^Enter$/.test(event.key)) return;
    event.preventDefault();
    if (event.key === "Enter") { choose(under); return; }
    const figure = linesOf(svg), seen = shown(), lines = figure.lines.filter((line) => seen.has(line.index) && line.points.some((point) => axesAt(figure, ...point)));
    if (!lines.length) return;
    const place = places.get(svg) || { line: 0, point: -1 };
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key] || 0, turn = { ArrowUp: -1, ArrowDown: 1 }[event.key] || 0;
    place.line = (place.line + (places.has(svg) ? turn : 0) + lines.length) % lines.length;
    const points = lines[place.line].points.filter((point) => axesAt(figure, ...point));
    place.point = Math.max(0, Math.min(points.length - 1, place.point + step));
    places.set(svg, place);
    tell(svg, lines[place.line], points[place.point], axesAt(figure, ...points[place.point]));
  });
  document.addEventListener("focusout", quiet);
  after.push(light);
})(timetrial);
