"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const form = document.getElementById("filters");
  const status = document.getElementById("status");
  const more = document.getElementById("more");
  const FIELDS = ["issue", "stance", "holder", "frame", "meeting", "side", "p", "q", "doc", "finding"];
  const STEP = 200;
  let limit = STEP;
  let state = {};

  const sentences = data.sentences.map((r) => ({
    doc: r[0], id: r[1], side: r[2], text: r[3], issue: r[4], stance: [[r[5], r[6]]], holder: [[r[7], r[8]]], frame: r[9], paragraph: r[10],
  }));
  const evidence = data.findings.map((places) => new Set(places.map((i) => sentences[i])));

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function probability(p) {
    if (p === null) return "–";
    if (p >= 0.995 && p < 1) return "> 0.99";
    return p > 0 && p < 0.005 ? "< 0.01" : p.toFixed(2);
  }

  // The address: #issue=taiwan&p=0.5 filters (labels joined by a comma: any of them), #s=DOCUMENT:NUMBER jumps, anything
  // without = is a place on the page.
  function readHash() {
    const hash = location.hash.slice(1);
    if (!hash) return {};
    if (!hash.includes("=")) return null;
    const found = {};
    for (const part of hash.split("&")) {
      const at = part.indexOf("=");
      try { found[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1)); } catch { return {}; }
    }
    if (found.s) {
      const at = found.s.lastIndexOf(":");
      found.target = { doc: data.docs.findIndex((d) => d.id === found.s.slice(0, at)), id: Number(found.s.slice(at + 1)) };
    }
    return found;
  }

  function writeHash() {
    const parts = FIELDS.filter((f) => state[f]).map((f) => `${f}=${encodeURIComponent(state[f])}`);
    history.replaceState(null, "", parts.length ? "#" + parts.join("&") : "#sentences");
  }

  function filtering() {
    return FIELDS.some((f) => state[f]);
  }

  function chosen(s) {
    const least = Number(state.p) || 0;
    const asked = ["issue", "stance", "holder", "frame"].filter((d) => state[d]);
    for (const d of asked) {
      const wanted = state[d].split(",");
      if (!s[d].some(([key, p]) => wanted.includes(key) && (p ?? 1) >= least)) return false;
    }
    if (!asked.length && (s.stance[0][1] ?? 1) < least) return false;
    if (state.side && s.side !== Number(state.side)) return false;
    if (state.meeting && data.docs[s.doc].meeting !== state.meeting) return false;
    if (state.finding && !evidence[Number(state.finding) - 1]?.has(s)) return false;
    if (state.doc && data.docs[s.doc].id !== state.doc) return false;
    return !state.q || s.text.toLowerCase().includes(state.q.toLowerCase());
  }

  function visible() {
    if (filtering()) return sentences.filter(chosen);
    if (!data.many) return sentences;
    return state.target ? sentences.filter((s) => s.doc === state.target.doc) : [];
  }

  function badge(kind, key, p) {
    const made = element("a", `badge ${kind}`);
    made.href = `#${kind}=${encodeURIComponent(key)}`;
    if (kind === "stance") made.style.setProperty("--tone", data.colors[key] || "#A6ABB2");
    made.append(element("span", "kind", `${kind}: `), element("span", "name", data.labels[kind][key] || key), " ");
    const shown = element("span", "p", probability(p));
    shown.title = "probability";
    made.append(shown);
    return made;
  }

  function marked(text) {
    const made = element("p", "text");
    made.dir = "auto";
    const query = (state.q || "").toLowerCase();
    const lower = text.toLowerCase();
    if (!query || lower.length !== text.length) { made.textContent = text; return made; }
    let from = 0;
    for (let at = lower.indexOf(query); at >= 0; at = lower.indexOf(query, from)) {
      made.append(text.slice(from, at), element("mark", "", text.slice(at, at + query.length)));
      from = at + query.length;
    }
    made.append(text.slice(from));
    return made;
  }

  function row(s, previous) {
    const made = element("li", "sentence");
    const doc = data.docs[s.doc];
    made.id = `s=${encodeURIComponent(doc.id)}:${s.id}`;
    if (previous && previous.doc === s.doc && previous.id + 1 !== s.id) made.classList.add("gap");
    else if (previous && previous.doc === s.doc && previous.paragraph !== s.paragraph) made.classList.add("paragraph");
    const number = element("a", "number", String(s.id));
    number.href = `#s=${encodeURIComponent(doc.id)}:${s.id}`;
    number.setAttribute("aria-label", `link to sentence ${s.id}`);
    const text = marked(s.text);
    if (doc.lang) text.lang = doc.lang;
    const badges = element("div", "badges");
    for (const kind of ["stance", "issue", "holder", "frame"]) for (const [key, p] of s[kind]) badges.append(badge(kind, key, p));
    made.append(number, text, badges);
    if (state.target && s.doc === state.target.doc && s.id === state.target.id) {
      made.classList.add("target");
      made.tabIndex = -1;
      made.setAttribute("aria-current", "location");
    }
    return made;
  }

  function fill(side, rows) {
    const place = document.querySelector(`#side-${side} .texts`);
    const parts = [];
    let list = null;
    rows.forEach((s, i) => {
      if (!i || rows[i - 1].doc !== s.doc) {
        const doc = data.docs[s.doc];
        const heading = element("h4");
        heading.dir = "auto";
        if (data.many) {
          const link = element("a", "", doc.title);
          link.href = `#doc=${encodeURIComponent(doc.id)}`;
          heading.append(link);
        } else heading.append(doc.title);
        heading.append(" ", element("small", "", doc.date));
        list = element("ol");
        parts.push(heading, list);
      }
      list.append(row(s, rows[i - 1]));
    });
    place.replaceChildren(...(parts.length ? parts : [element("p", "note", "No sentence here.")]));
  }

  function draw() {
    const found = visible();
    const bySide = data.sides.map((_, side) => found.filter((s) => s.side === side));
    const target = state.target;
    const most = target ? Infinity : limit;
    bySide.forEach((rows, side) => fill(side, rows.slice(0, most)));
    more.hidden = bySide.every((rows) => rows.length <= most);
    const total = sentences.length.toLocaleString("en");
    if (data.many && !found.length && !filtering()) {
      status.textContent = `${total} sentences. Choose an issue, a stance or another filter to read them.`;
    } else {
      const each = data.sides.map((name, side) => `${name} ${bySide[side].length.toLocaleString("en")}`).join(", ");
      const third = found.filter((s) => s.holder[0][0] === "other" && s.issue.some(([key]) => key !== data.none)).length;
      const finding = state.finding ? data.headings[Number(state.finding) - 1] : "";
      status.textContent = `${finding ? `Behind the finding «${finding}»: ` : ""}${found.length.toLocaleString("en")} of ${total} sentences shown: ${each}.`
        + (third && filtering() ? ` ${third} of them held by a third party or nobody, which the shares leave out.` : "");
    }
    for (const field of FIELDS) if (form.elements[field]) form.elements[field].value = state[field] || (field === "p" ? "0" : "");
    document.getElementById("p-out").textContent = Number(state.p || 0).toFixed(2);
    for (const chip of document.querySelectorAll(".chip")) {
      if (state.issue && chip.getAttribute("href") === `#issue=${encodeURIComponent(state.issue)}`) chip.setAttribute("aria-current", "true");
      else chip.removeAttribute("aria-current");
    }
  }

  function follow() {
    const read = readHash();
    if (read === null) return;
    state = read;
    limit = STEP;
    draw();
    const hit = document.querySelector(".sentence.target");
    const heading = document.getElementById("h-sentences");
    if (hit) { hit.scrollIntoView({ block: "center" }); hit.focus({ preventScroll: true }); }
    else if (filtering() || state.s) { document.getElementById("sentences").scrollIntoView(); heading.focus({ preventScroll: true }); }
    if (state.s && !hit) status.textContent = "The sentence of this link is not in this report. " + status.textContent;
  }

  function changed() {
    state = Object.fromEntries(["doc", "finding"].filter((f) => state[f]).map((f) => [f, state[f]]));
    for (const field of FIELDS) if (form.elements[field] && form.elements[field].value && form.elements[field].value !== "0") state[field] = form.elements[field].value;
    if (form.elements.side.value !== "") state.side = form.elements.side.value;
    limit = STEP;
    writeHash();
    draw();
  }

  function save(name, blob) {
    const link = element("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  let unpacked = null;
  function tables() {
    const bytes = Uint8Array.from(atob(document.getElementById("packed").textContent.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    unpacked ??= new Response(stream).json();
    return unpacked;
  }

  // A cell that a spreadsheet would run as a formula gets an apostrophe before it.
  function cell(value) {
    const text = String(value ?? "");
    const safe = /^'*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  function shownAsCsv() {
    const names = ["doc_id", "date", "side", "sent_id", "text", "issue", "stance", "p_stance", "holder", "p_holder", "frame"];
    const keys = (pairs) => pairs.map(([key]) => key).join(";");
    const lines = visible().map((s) => [
      data.docs[s.doc].id, data.docs[s.doc].date, data.sides[s.side], s.id, s.text, keys(s.issue), s.stance[0][0],
      s.stance[0][1], s.holder[0][0], s.holder[0][1], keys(s.frame),
    ].map((value) => typeof value === "number" ? value : cell(value)).join(","));
    return [names.join(","), ...lines].join("\n") + "\n";
  }

  function drawing(name) {
    const source = document.querySelector(`#figure-${name.replaceAll("_", "-")} .wide svg`);
    const copy = source.cloneNode(true);
    const [, , width, height] = source.getAttribute("viewBox").split(" ").map(Number);
    copy.removeAttribute("style");
    for (const [key, value] of Object.entries({ width, height, "font-family": "Helvetica Neue, Arial, Liberation Sans, sans-serif" })) copy.setAttribute(key, value);
    const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [key, value] of Object.entries({ width, height, fill: "#FFFFFF" })) paper.setAttribute(key, value);
    copy.prepend(paper);
    return { text: new XMLSerializer().serializeToString(copy), width, height };
  }

  function saveAsPng(name) {
    const { text, width, height } = drawing(name);
    const image = new Image();
    image.onload = () => {
      const canvas = element("canvas");
      canvas.width = 2 * width;
      canvas.height = 2 * height;
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save(`${name}.png`, blob), "image/png");
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  }

  async function download(kind, name) {
    if (kind === "svg") save(`${name}.svg`, new Blob([drawing(name).text], { type: "image/svg+xml" }));
    else if (kind === "png") saveAsPng(name);
    else save(`${name}.csv`, new Blob([name === "shown" ? shownAsCsv() : (await tables())[name]], { type: "text/csv;charset=utf-8" }));
  }

  for (const button of document.querySelectorAll("button.get")) {
    button.addEventListener("click", () => download(button.dataset.kind, button.dataset.name));
  }

  // Light or dark as the system has it, until the reader chooses; the choice is kept where the browser allows.
  const theme = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  function dark() {
    return (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  }
  function tell() {
    theme.setAttribute("aria-pressed", String(dark()));
  }
  try { document.documentElement.dataset.theme = localStorage.getItem("stance-theme") || (system.matches ? "dark" : "light"); } catch { /* no storage here */ }
  theme.hidden = false;
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("stance-theme", document.documentElement.dataset.theme); } catch { /* no storage here */ }
    tell();
  });
  system.addEventListener("change", () => { document.documentElement.dataset.theme = system.matches ? "dark" : "light"; tell(); });
  tell();

  document.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-go]");
    if (mark) location.hash = mark.dataset.go;
  });
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => { event.preventDefault(); state = {}; limit = STEP; writeHash(); draw(); });
  more.addEventListener("click", () => { limit += STEP; draw(); });
  window.addEventListener("hashchange", follow);
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not(.figures):not([open])")];
    for (const d of opened) d.open = true;
  });
  window.addEventListener("afterprint", () => { for (const d of opened) d.open = false; });
  draw();
  if (location.hash) follow();
})();
