// The page as its address says; a page that is written again during a run is loaded again.
(function (page) {
  const SECONDS = 15, { all } = page;
  // A reload keeps what the address does not hold: the place on the page and in each of its boxes, and the focus. The browser
  // alone keeps a distance from the top, which is another place once there are more rows.
  const boxes = () => all(".scroll[aria-label]"), nameOf = (box) => box.getAttribute("aria-label");
  function place() {
    const parts = all("section[id], .panel[id]").filter((part) => part.getClientRects().length);
    const part = parts.filter((each) => each.getBoundingClientRect().top < 1).pop();
    return {
      part: part ? part.id : "", top: part ? part.getBoundingClientRect().top : 0, focus: document.activeElement ? document.activeElement.id : "",
      boxes: boxes().filter((box) => box.scrollLeft || box.scrollTop).map((box) => [nameOf(box), box.scrollLeft, box.scrollTop]),
    };
  }
  function goBack(kept) {
    const part = document.getElementById(kept.part), control = document.getElementById(kept.focus);
    boxes().forEach((box) => kept.boxes.filter((was) => was[0] === nameOf(box)).forEach((was) => box.scrollTo(was[1], was[2])));
    if (control) control.focus({ preventScroll: true });
    if (!part) { window.scrollTo(0, 0); return; }
    part.style.contentVisibility = "visible";
    window.scrollBy(0, part.getBoundingClientRect().top - kept.top);
  }
  const kept = history.state && history.state.place;
  page.read();
  page.show();
  if (page.view.workloads.length && page.one("#chooser")) page.one("#chooser").open = true;
  if (kept) {
    goBack(kept);
    // Again when the boxes of the tables have their heights.
    window.addEventListener("load", () => requestAnimationFrame(function () { goBack(kept); history.replaceState(null, ""); }));
  } else page.scrollToPart();
  let own = false;
  window.addEventListener("pagehide", function () { if (!own) history.scrollRestoration = "auto"; });
  if (document.documentElement.hasAttribute("data-partial")) {
    setInterval(function () {
      const writing = document.activeElement && document.activeElement.matches("input[type=search], select");
      // The chooser is open by itself where the address has a subset of the workloads.
      const reading = all("details[open]").some((part) => part.id !== "chooser" || !page.view.workloads.length);
      if (document.hidden || writing || reading) return;
      own = true;
      history.replaceState({ place: place() }, "");
      history.scrollRestoration = "manual";
      location.reload();
    }, SECONDS * 1000);
  }
})(timetrial);
