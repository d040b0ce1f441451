// Brings the figures to life where script may run. Everything it says stands in the page's tables already.
(() => {
  "use strict";
  // unpack.js
  const make = (tag, kind, text = "") => {
    const element = document.createElement(tag);
    element.className = kind;
    element.textContent = text;
    return element;
  };

  const plots = [...document.querySelectorAll("figure.plots")].flatMap((figure) => {
    const group = { figure, plots: [], kin: null };
    group.plots = [...figure.querySelectorAll(".panel > svg.plot")].map((still, place) => ({ group, place, still }));
    return group.plots;
  });
  if (!plots.length || !("IntersectionObserver" in window)) return;

  // Each panel gets a frame that the keyboard reaches: one stop for a figure, arrow keys inside.
  for (const plot of plots) {
    const frame = (plot.frame = make("div", "alive"));
    const said = { role: "application", "aria-roledescription": "plot", "aria-label": plot.still.getAttribute("aria-label") };
    for (const [name, value] of Object.entries(said)) frame.setAttribute(name, value);
    frame.tabIndex = plot.place ? -1 : 0;
    plot.still.replaceWith(frame);
    frame.append(plot.still);
    plot.still.setAttribute("aria-hidden", "true");
  }
  const tip = make("div", "tip");
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  const aloud = make("p", "hidden");
  aloud.setAttribute("role", "status");
  document.querySelector("main").append(tip, aloud);

  // Data stand in columns, which pack better; a row has its number as f7.
  const rowsOf = (columns) => Object.values(columns)[0].map((_, i) => ({ ...Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, values[i]])), f7: i }));

  let started;
  const start = () => (started ??= (async () => {
    const script = document.createElement("script");
    script.textContent = unpack("vega");
    document.head.append(script);
    script.remove();
    const embed = window.toolkitVega;
    delete window.toolkitVega;
    return { embed, specs: JSON.parse(unpack("specs"), (_, value) => (value?.columns ? { values: rowsOf(value.columns) } : value)) };
  })());

  const bring = async (plot) => {
    const { embed, specs } = await start();
    const spec = specs[plot.group.figure.id][plot.place];
    const host = make("div", "host");
    const how = { ast: true, renderer: "svg", mode: "vega-lite", actions: false, defaultStyle: false, tooltip: false };
    const { view } = await embed(host, spec, how);
    const svg = host.querySelector("svg");
    svg.setAttribute("class", "plot");
    // The frame has the figure's own text; what Vega says of itself ("Vega visualization") says nothing.
    for (const part of [host, ...host.querySelectorAll("[role], [aria-label]")]) {
      for (const name of ["role", "aria-label", "aria-roledescription"]) part.removeAttribute(name);
    }
    host.setAttribute("aria-hidden", "true");
    view.addEventListener("pointerover", (_, item) => item?.datum?.f7 !== undefined && look(plot, item.datum));
    view.addEventListener("pointerdown", (_, item) => item?.datum?.f7 !== undefined && look(plot, item.datum));
    view.addEventListener("pointerout", () => look(plot, null));
    Object.assign(plot, { view, svg, data: spec.data.values, across: spec.usermeta.across });
    plot.frame.replaceChildren(host);
    plot.frame.classList.add("awake");
    if (plot.group.kin !== null) view.signal("kin", plot.group.kin).runAsync();
  };
  // One panel after the other, so that the page never stands still; a failure leaves the drawing as it was.
  let line = Promise.resolve();
  const awake = (plot) => (plot.ready ??= line = line.then(() => bring(plot)).catch(() => leave(plot))
    .then(() => new Promise((done) => setTimeout(done))));
  const leave = (plot) => {
    plot.still.removeAttribute("aria-hidden");
    if (plot.frame.isConnected) plot.frame.replaceWith(plot.still);
  };

  const series = (plot, code) => {
    plot.group.kin = code;
    for (const other of plot.group.plots) other.view?.signal("kin", code).runAsync();
    plot.group.figure.querySelectorAll(".key li").forEach((item, i) => item.classList.toggle("away", code !== null && code !== String(i)));
  };
  let told = null; // what the tooltip says, so that it stays with its point while the page scrolls
  const look = (plot, datum) => {
    series(plot, datum && plot.group.figure.querySelector(".key") ? datum.f4 : null);
    for (const other of plot.group.plots) other.view?.signal("spot", other === plot && datum ? datum.f7 : null).runAsync();
    for (const cell of plot.group.figure.querySelectorAll(".spotted")) cell.classList.remove("spotted");
    tip.hidden = !datum;
    told = datum ? { plot, datum } : null;
    if (datum) tell(plot, datum);
  };
  const tell = (plot, datum) => {
    const table = plot.group.figure.querySelector("table.numbers");
    const head = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    const { cells } = table.querySelectorAll("tr:has(td)")[datum.f6];
    const place = 1 + Number(datum.f4);
    const many = plot.group.figure.querySelector(".key");
    cells[place].classList.add("spotted");
    const lines = [[head[0], cells[0].textContent], [many ? head[place] : "", cells[place].textContent]];
    tip.replaceChildren(...lines.map(([name, value]) => {
      const said = make("p", "");
      if (name) said.append(make("bdi", "tip-name", name), " ");
      said.append(make("bdi", "tip-value", value));
      return said;
    }));
    lay(plot, datum);
  };
  const lay = (plot, datum) => {
    const box = plot.svg.getBoundingClientRect();
    const scale = box.width / plot.svg.viewBox.baseVal.width;
    const [left, top] = plot.view.origin();
    const [x, y] = plot.across ? [datum.f1, datum.f0] : [datum.f0, datum.f1];
    const middle = box.left + (left + plot.view.scale("x")(x)) * scale;
    const height = box.top + (top + plot.view.scale("y")(y)) * scale;
    const width = document.documentElement.clientWidth;
    tip.style.left = `${Math.max(6, Math.min(middle - tip.offsetWidth / 2, width - tip.offsetWidth - 6))}px`;
    tip.style.top = `${height - tip.offsetHeight < 18 ? height + 12 : height - tip.offsetHeight - 12}px`;
  };

  // Left and right run along a series and on into the next panel; up and down change the series.
  const step = (plot, key) => {
    const order = [...plot.data].sort((a, b) => (plot.across ? a.f0 - b.f0 : a.f4 - b.f4 || a.f0 - b.f0));
    const at = order.findIndex((datum) => datum.f7 === plot.at);
    const now = order[at];
    if (key === "Home" || key === "End" || !now) return order.at(key === "End" || (!now && plot.fromEnd) ? -1 : 0);
    const forward = key === "ArrowRight" || key === "ArrowDown";
    if (plot.across || key === "ArrowLeft" || key === "ArrowRight") return order[at + (forward ? 1 : -1)];
    const codes = [...new Set(order.map((datum) => datum.f4))];
    const code = codes.at((codes.indexOf(now.f4) + (forward ? 1 : -1)) % codes.length);
    return order.filter((datum) => datum.f4 === code)
      .reduce((best, datum) => (Math.abs(datum.f0 - now.f0) < Math.abs(best.f0 - now.f0) ? datum : best));
  };
  const focus = (plot, fromEnd) => {
    for (const other of plot.group.plots) other.frame.tabIndex = other === plot ? 0 : -1;
    Object.assign(plot, { at: null, fromEnd });
    plot.frame.focus();
  };
  const press = async (plot, key) => {
    await awake(plot);
    if (!plot.view) return;
    const next = plot.data.length ? step(plot, key) : null;
    if (!next) {
      const back = key === "ArrowLeft" || key === "ArrowUp";
      const other = plot.group.plots[plot.place + (back ? -1 : 1)];
      if (!other) return;
      look(plot, null);
      focus(other, back);
      await press(other, key);
      return;
    }
    plot.at = next.f7;
    look(plot, next);
    aloud.textContent = [...tip.children].map((said) => [...said.children].map((part) => part.textContent).join(": ")).join("; ");
  };
  const keys = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);
  for (const plot of plots) {
    plot.frame.addEventListener("focus", () => awake(plot));
    plot.frame.addEventListener("pointerenter", () => awake(plot));
    plot.frame.addEventListener("blur", () => plot.view && look(plot, null));
    plot.frame.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape" && plot.view) look(plot, null);
      if (!keys.has(event.key)) return;
      event.preventDefault();
      press(plot, event.key);
    });
  }
  for (const { figure, plots: [first] } of new Set(plots.map((plot) => plot.group))) {
    figure.querySelectorAll(".key li").forEach((item, code) => {
      item.addEventListener("pointerenter", () => series(first, String(code)));
      item.addEventListener("pointerleave", () => series(first, null));
    });
  }
  addEventListener("scroll", () => told && lay(told.plot, told.datum), { passive: true, capture: true });

  const near = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      awake(plots.find((plot) => plot.frame === target));
    }
  }, { rootMargin: "300px" });
  for (const plot of plots) near.observe(plot.frame);
})();
