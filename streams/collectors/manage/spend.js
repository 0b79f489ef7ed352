// What each channel costs each month; a changed cell is the newest word on its month.

import { ask, branchChoices, branchName, business, channelChoices, channelName, doing, el, field, mayChange, notice, save, word, won } from "/manage/page.js";

let from = "";

export async function spend(work) {
  from ||= `${business().today.slice(0, 4)}-01`;
  const holder = el("div");
  const start = el("input", { type: "month", value: from });
  start.addEventListener(
    "change",
    doing(async () => {
      if (!/^\d{4}-\d\d$/.test(start.value)) return;
      from = start.value;
      await draw();
    }),
  );

  async function draw() {
    const grid = await ask(`spend?from=${from}&months=12`);
    const changed = new Map();
    const button = el("button", { type: "button", class: "strong", id: "spend-save", disabled: true, onclick: doing(keep) }, word("spend_save", { count: 0 }));
    const foot = el("tr");
    const lines = grid.lines.map((line) => ({ ...line }));
    const body = el("tbody");

    function amountOf(line, month) {
      const cell = line.cells[month] ?? { typed: null, imported: 0 };
      const own = changed.get(`${month} ${line.channel} ${line.branch}`)?.amount ?? cell.typed ?? 0;
      return own + cell.imported;
    }

    function sums() {
      foot.replaceChildren(
        el("th", { scope: "row" }, word("sum")),
        ...grid.months.map((month) => el("td", { class: "number" }, won(lines.reduce((sum, line) => sum + amountOf(line, month), 0)))),
      );
      button.disabled = changed.size === 0;
      button.textContent = word("spend_save", { count: changed.size });
    }

    function row(line) {
      return el(
        "tr",
        {},
        el("th", { scope: "row" }, channelName(line.channel), line.branch ? el("span", { class: "quiet" }, ` · ${branchName(line.branch)}`) : null),
        grid.months.map((month) => {
          const cell = line.cells[month] ?? { typed: null, imported: 0 };
          const input = el("input", {
            inputmode: "numeric",
            autocomplete: "off",
            value: cell.typed === null ? "" : won(cell.typed),
            disabled: !mayChange(),
            "aria-label": `${channelName(line.channel)} ${line.branch ? branchName(line.branch) : ""} ${month}`,
            "data-cell": `${month} ${line.channel} ${line.branch}`,
          });
          input.addEventListener("change", () => {
            const text = input.value.replace(/[\s,원₩]/g, "");
            const key = `${month} ${line.channel} ${line.branch}`;
            const amount = text === "" ? 0 : Number(text);
            const wrong = !/^-?\d{0,12}$/.test(text) || !Number.isSafeInteger(amount);
            input.setAttribute("aria-invalid", String(wrong));
            const same = text === "" ? cell.typed === null : amount === cell.typed;
            if (wrong || same) changed.delete(key);
            else changed.set(key, { month, channel: line.channel, branch: line.branch, amount });
            if (!wrong && text !== "") input.value = won(amount);
            input.classList.toggle("changed", changed.has(key));
            notice(wrong ? word("fix_won") : "", wrong);
            sums();
          });
          return el("td", {}, input, cell.imported ? el("span", { class: "beside" }, word("imported", { won: won(cell.imported) })) : null);
        }),
      );
    }

    async function keep() {
      const cells = [...changed.values()].map(({ month, channel, branch, amount }) => ({ month, channel, amount, ...(branch ? { branch } : {}) }));
      const done = await ask("spend", { cells });
      await draw();
      notice(word("spend_saved", { count: done.recorded }));
    }

    const channel = el("select", {}, channelChoices("", word("choose")));
    const branch = el("select", {}, branchChoices("", word("all_branches")));
    const more = el(
      "div",
      { class: "fields" },
      field(word("field_channel"), channel),
      business().branches.length ? field(word("field_branch"), branch) : null,
      el(
        "button",
        {
          type: "button",
          onclick: () => {
            if (!channel.value || lines.some((one) => one.channel === channel.value && one.branch === branch.value)) return;
            const line = { channel: channel.value, branch: branch.value, cells: {} };
            lines.push(line);
            body.append(row(line));
          },
        },
        word("add_line"),
      ),
    );
    body.append(...lines.map(row));
    sums();
    holder.replaceChildren(
      grid.store ? "" : el("p", { class: "wrong" }, word("store_away")),
      el(
        "div",
        { class: "card wide" },
        el(
          "table",
          { class: "grid" },
          el("thead", {}, el("tr", {}, el("th", {}, word("field_channel")), grid.months.map((month) => el("th", { scope: "col", class: "number", "data-now": month === business().today.slice(0, 7) }, month)))),
          body,
          el("tfoot", {}, foot),
        ),
      ),
      mayChange() ? el("div", { class: "actions" }, button) : "",
      mayChange() ? el("details", {}, el("summary", {}, word("spend_other_line")), more) : "",
    );
    const now = holder.querySelector("[data-now]");
    if (now) now.closest(".wide").scrollLeft = Math.max(0, now.offsetLeft + now.offsetWidth + 16 - now.closest(".wide").clientWidth);
  }

  work.append(
    el(
      "div",
      { class: "actions" },
      field(word("first_month"), start),
      el("button", { type: "button", onclick: doing(() => save(`spend.xlsx?from=${from}`, undefined, "headwater-spend.xlsx")) }, word("as_sheet")),
    ),
    holder,
  );
  await draw();
}
