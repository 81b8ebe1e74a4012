// The page as its address says; a page that is written again during a run is loaded again.
(function (page) {
  page.read();
  page.show();
  if (page.view.workloads.length && page.one("#chooser")) page.one("#chooser").open = true;
  page.scrollToPart();
  const SECONDS = 15;
  if (document.documentElement.hasAttribute("data-partial")) {
    setInterval(function () {
      const writing = document.activeElement && document.activeElement.matches("input[type=search], select");
      if (!document.hidden && !writing && !page.all("details[open]").length) location.reload();
    }, SECONDS * 1000);
  }
})(timetrial);
