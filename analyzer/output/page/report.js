"use strict";
// Hides, sorts and copies what is there already; without it the page is complete.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const form = document.querySelector(".filter");
  const table = document.querySelector(".fetches");
  const strip = document.querySelector(".strip svg");

  // What a link names may be inside something closed.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.localName === "details") at.open = true;
    const body = target.closest("tbody");
    if (body && body.hidden) reset();
    target.scrollIntoView({ block: "center" });
  };

  // Copying.
  const copy = async (text, code) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      getSelection().selectAllChildren(code); // where the page is not served securely
      return document.execCommand("copy");
    }
  };
  for (const code of all(".copy")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copier";
    button.textContent = "Copy";
    const label = code.parentElement.previousElementSibling;
    button.setAttribute("aria-label", `Copy: ${label ? label.textContent : ""}`);
    button.addEventListener("click", async () => {
      button.textContent = (await copy(code.textContent, code)) ? "Copied" : "Selected";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    code.after(" ", button);
  }

  // Paper: the pictures of the reasons, opened.
  addEventListener("beforeprint", () => all(".example").forEach((details) => { details.open = true; }));

  let reset = () => {};
  if (form && table) {
    const rows = [...table.tBodies].map((body, at) => ({
      body, at, text: body.textContent.toLowerCase(), mark: body.className,
      time: BigInt(body.dataset.t), took: Number(body.dataset.d),
    }));
    const search = form.querySelector("input[type=search]");
    const boxes = all("input[type=checkbox]", form);
    const output = form.querySelector("output");
    const clear = form.querySelector(".clear");
    let from = null, to = null;
    for (const box of boxes) if (!rows.some((row) => row.mark === box.value)) box.closest("label").hidden = true;

    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const marks = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
      let shown = 0;
      for (const row of rows) {
        const inside = from === null || (row.time >= from && row.time < to);
        row.body.hidden = !(inside && marks.has(row.mark) && words.every((word) => row.text.includes(word)));
        if (!row.body.hidden) shown += 1;
      }
      output.textContent = shown === rows.length ? `${shown} shown` : `${shown} of ${rows.length} shown`;
      clear.hidden = from === null;
      if (strip) for (const bar of all("a", strip)) {
        bar.classList.toggle("out", from !== null && !(BigInt(bar.dataset.from) >= from && BigInt(bar.dataset.to) <= to));
      }
    };
    const between = (start, end) => { from = start; to = end; filter(); };
    reset = () => {
      search.value = "";
      for (const box of boxes) box.checked = true;
      between(null, null);
    };
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    clear.addEventListener("click", () => between(null, null));
    form.hidden = false;
    filter();

    // A bar shows what began then; a drag over several shows what began in that time.
    if (strip) {
      let begun = null, dragged = false;
      const barAt = (event) => {
        const x = (event.clientX - strip.getBoundingClientRect().left) / strip.getBoundingClientRect().width * 1000;
        const near = (bar) => { const box = bar.querySelector(".hit").getBBox(); return Math.abs(box.x + box.width / 2 - x); };
        return all("a", strip).reduce((best, bar) => (near(bar) < near(best) ? bar : best));
      };
      const select = (one, other) => {
        const starts = [one, other].map((bar) => BigInt(bar.dataset.from)), ends = [one, other].map((bar) => BigInt(bar.dataset.to));
        between(starts[0] < starts[1] ? starts[0] : starts[1], ends[0] > ends[1] ? ends[0] : ends[1]);
      };
      strip.addEventListener("pointerdown", (event) => { begun = barAt(event); dragged = false; event.preventDefault(); });
      strip.addEventListener("pointermove", (event) => {
        if (begun === null || barAt(event) === begun) return;
        dragged = true;
        select(begun, barAt(event));
      });
      addEventListener("pointerup", () => { begun = null; });
      for (const bar of all("a", strip)) bar.addEventListener("click", (event) => {
        event.preventDefault();
        if (!dragged) select(bar, bar);
      });
    }

    // Columns sort; a second time the other way round.
    const keys = [(row) => row.at, (row) => row.time, (row) => cell(row, 2), (row) => cell(row, 3), (row) => row.took];
    const cell = (row, at) => row.body.rows[0].cells[at].textContent;
    all("thead th", table).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of all("thead th", table)) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const sorted = rows.map((row) => [keys[column](row), row]);
        sorted.sort(([a, one], [b, other]) => (a < b ? -1 : a > b ? 1 : one.at - other.at));
        if (down) sorted.reverse();
        table.append(...sorted.map(([, row]) => row.body));
      });
    });

    addEventListener("keydown", (event) => {
      if (event.key === "/" && !/^(input|textarea|select)$/i.test(event.target.tagName ?? "")) {
        event.preventDefault();
        search.focus();
      } else if (event.key === "Escape" && event.target === search) reset();
    });
  }

  addEventListener("hashchange", reveal);
  reveal();
})();
