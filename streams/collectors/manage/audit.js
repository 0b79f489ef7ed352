// The channel audit: lines typed or read from a sheet, looked at, then confirmed.

import {
  ask,
  branchChoices,
  business,
  choices,
  channelName,
  doing,
  el,
  field,
  labelOf,
  learn,
  linkLine,
  mayChange,
  notice,
  problemList,
  save,
  word,
  won,
} from "/manage/page.js";

const COLUMNS = ["name", "monthly_cost", "placement", "responsible", "branch", "link", "way"];
let kept = null; // what is typed stays while another section is looked at

export async function audit(work) {
  kept ??= { rows: Array.from({ length: 3 }, () => ({})), home_page: firstHome(), first_month: "", months: 12 };
  const body = el("tbody");
  const shown = el("div", { id: "looked-at", "aria-live": "polite" });
  const withBranches = business().branches.length > 0;
  const columns = COLUMNS.filter((one) => one !== "branch" || withBranches);

  const home = el("input", { type: "url", value: kept.home_page, placeholder: "https://www.example.kr/" });
  const month = el("input", { type: "month", value: kept.first_month || business().today.slice(0, 7) });
  const months = el("input", { type: "number", min: 1, max: 24, value: kept.months });

  function line(row) {
    const inputs = {};
    for (const column of columns) {
      const label = word(`field_${column}`);
      if (column === "branch") inputs[column] = el("select", { "aria-label": label }, branchChoices(row.branch, word("all_branches")));
      else if (column === "way") {
        const ways = ["print", "link", "told"].map((one) => [one, word(`way_${one}`)]);
        inputs[column] = el("select", { "aria-label": label }, choices(ways, row.way, word("way_auto")));
      } else {
        const more = column === "monthly_cost" ? { inputmode: "numeric", class: "cost" } : {};
        inputs[column] = el("input", { value: row[column] ?? "", "aria-label": label, autocomplete: "off", ...more });
      }
      inputs[column].addEventListener("change", () => {
        row[column] = inputs[column].value;
        inputs[column].removeAttribute("aria-invalid");
      });
    }
    row.inputs = inputs;
    const remove = el("button", { type: "button", class: "small", "aria-label": word("remove_line") }, "×");
    const made = el(
      "tr",
      {},
      columns.map((column) => el("td", { "data-head": word(`field_${column}`) }, inputs[column])),
      el("td", { "data-head": "" }, remove),
    );
    remove.addEventListener("click", () => {
      kept.rows.splice(kept.rows.indexOf(row), 1);
      made.remove();
    });
    return made;
  }

  function add(row) {
    kept.rows.push(row);
    body.append(line(row));
  }

  function typed() {
    kept.home_page = home.value.trim();
    kept.first_month = month.value;
    kept.months = Number(months.value) || 12;
    const rows = kept.rows.map((row, at) => {
      const said = { line: at + 1 };
      for (const column of columns) {
        row[column] = row.inputs[column].value;
        if (column !== "responsible" && row[column].trim()) said[column] = row[column].trim();
      }
      return said;
    });
    const said = { rows, months: kept.months };
    if (kept.home_page) said.home_page = kept.home_page;
    if (kept.first_month) said.first_month = kept.first_month;
    return said;
  }

  function mark(refused) {
    for (const row of kept.rows) for (const input of Object.values(row.inputs)) input.removeAttribute("aria-invalid");
    for (const one of refused) kept.rows[one.line - 1]?.inputs[one.column]?.setAttribute("aria-invalid", "true");
  }

  const upload = el("input", { type: "file", accept: ".xlsx,.csv", id: "audit-file" });
  upload.addEventListener(
    "change",
    doing(async () => {
      const file = upload.files[0];
      if (!file) return;
      const read = await ask(`audit/sheet?name=${encodeURIComponent(file.name)}`, file);
      upload.value = "";
      kept.rows = [];
      body.replaceChildren();
      for (const { line: _, ...texts } of read.rows) add(texts);
      await look();
    }),
  );

  async function look() {
    const looked = await ask("audit/preview", typed());
    mark(looked.refused);
    shown.replaceChildren(...told(looked, false));
  }

  async function confirm() {
    try {
      const done = await ask("audit/confirm", typed());
      await learn();
      shown.replaceChildren(...told(done, true));
      notice(word("audit_done", { defined: done.defined, recorded: done.recorded }));
    } catch (error) {
      if (error.answer?.refused) {
        mark(error.answer.refused);
        shown.replaceChildren(...told(error.answer, false));
        return;
      }
      throw error;
    }
  }

  function told(looked, done) {
    const parts = [el("h2", {}, word(done ? "audit_made" : "audit_looked"))];
    if (looked.refused.length) parts.push(el("p", { class: "wrong" }, word("lines_refused", { count: looked.refused.length })), problemList(looked.refused));
    if (!looked.rows.length) return [...parts, el("p", {}, word("nothing_to_do"))];
    if (!done) {
      const [from, to] = looked.months.length ? looked.months : ["", ""];
      parts.push(
        el(
          "ul",
          {},
          looked.new_channels.length ? el("li", {}, word("will_channels", { list: looked.new_channels.map(nameIn(looked)).join(", ") })) : null,
          el("li", {}, word("will_codes", { count: looked.new_codes })),
          looked.new_hosts.length ? el("li", {}, word("will_hosts", { list: looked.new_hosts.join(", ") })) : null,
          el("li", {}, word("will_menu", { list: looked.menu.map((one) => labelOf(one.label)).join(" › ") })),
          looked.months.length ? el("li", {}, word("will_spend", { won: won(looked.won_a_month), from, to })) : null,
          looked.overwritten ? el("li", { class: "wrong" }, word("will_overwrite", { count: looked.overwritten })) : null,
        ),
      );
    }
    const rows = looked.rows.map((row) => {
      const responsible = kept.rows[row.line - 1]?.responsible || "";
      const links = [];
      if (row.link) {
        links.push(linkLine(row.link, word("utm_link")));
        if (row.code) {
          links.push(linkLine(`${business().public_url.replace(/\/$/, "") || location.origin}/q/${row.code}`, word("short_link")));
          if (row.way === "print" && business().public_url.startsWith("https://")) {
            links.push(el("a", { class: "button small", href: `/manage/api/codes/${row.code}.png`, download: "" }, word("qr_png")));
          }
        } else links.push(el("p", { class: "quiet" }, word(row.way === "print" ? "code_will_print" : "code_will_link")));
        if (row.counted_as !== row.channel) links.push(el("p", { class: "wrong" }, word("counted_elsewhere", { channel: channelName(row.counted_as) })));
      } else links.push(el("p", { class: "quiet" }, word("only_told")));
      return el(
        "tr",
        {},
        el("th", { scope: "row", "data-head": word("field_name") }, el("span", {}, row.name, row.new ? el("span", { class: "good" }, ` ${word("new")}`) : null)),
        el("td", { class: "number", "data-head": word("field_monthly_cost") }, row.monthly_cost === null ? "–" : won(row.monthly_cost)),
        el("td", { "data-head": word("field_placement") }, el("span", {}, row.placement || "–", responsible ? el("span", { class: "beside" }, responsible) : null)),
        el("td", { "data-head": word("way_head") }, word(`way_${row.way}`)),
        el("td", { "data-head": word("links_head") }, el("div", {}, links)),
      );
    });
    parts.push(
      el(
        "div",
        { class: "card wide" },
        el(
          "table",
          { class: "list" },
          el("thead", {}, el("tr", {}, ["field_name", "field_monthly_cost", "field_placement", "way_head", "links_head"].map((one) => el("th", { scope: "col" }, word(one))))),
          el("tbody", {}, rows),
        ),
      ),
    );
    if (done) {
      parts.push(
        el(
          "div",
          { class: "actions" },
          el("a", { class: "button", href: "/manage/api/links.xlsx", download: "" }, word("links_sheet")),
          business().public_url.startsWith("https://") && looked.rows.some((row) => row.code)
            ? el("a", { class: "button", href: `/manage/api/codes.pdf?language=${document.documentElement.lang}`, download: "" }, word("print_sheet"))
            : null,
          el("a", { class: "button", href: "#menu" }, word("section_menu")),
          el("a", { class: "button", href: "#spend" }, word("section_spend")),
        ),
      );
      if (!business().public_url.startsWith("https://")) parts.push(el("p", { class: "quiet" }, word("no_public_url")));
    } else if (mayChange()) {
      parts.push(el("div", { class: "actions" }, el("button", { type: "button", class: "strong", id: "audit-confirm", onclick: doing(confirm) }, word("audit_confirm"))));
    }
    return parts;
  }

  for (const row of kept.rows) body.append(line(row));
  work.append(
    el(
      "div",
      { class: "card" },
      el(
        "div",
        { class: "actions" },
        el("button", { type: "button", onclick: doing(() => save("audit/template.xlsx", undefined, "headwater-channels.xlsx")) }, word("audit_template")),
        field(word("audit_upload"), upload),
      ),
    ),
    el(
      "form",
      { class: "card", onsubmit: doing(look) },
      el("div", { class: "fields" }, field(word("home_page"), home, "long"), field(word("first_month"), month), field(word("months"), months)),
      el(
        "div",
        { class: "wide" },
        el(
          "table",
          { class: "audit" },
          el("thead", {}, el("tr", {}, columns.map((one) => el("th", { scope: "col" }, word(`field_${one}`))), el("th", {}))),
          body,
        ),
      ),
      el("p", { class: "quiet" }, word("responsible_told")),
      el(
        "div",
        { class: "actions" },
        el("button", { type: "button", onclick: () => add({}) }, word("add_line")),
        el("button", { type: "submit", class: "strong", id: "audit-look" }, word("look_first")),
      ),
    ),
    shown,
  );
}

const nameIn = (looked) => (slug) => looked.rows.find((row) => row.channel === slug)?.name ?? channelName(slug);

function firstHome() {
  const host = business().hosts[0];
  return host ? `https://${host}/` : "";
}
