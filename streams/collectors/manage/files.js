// A file: looked at first, taken in when confirmed, its refused lines to download and mend.

import { ask, branchChoices, business, choices, doing, el, field, mayChange, notice, problemList, save, word, won } from "/manage/page.js";

const KINDS = ["calls", "leads", "payments", "spend", "messages", "search-queries", "search-volumes", "measures", "access-log", "asterisk"];
const DATED = ["search-queries", "search-volumes", "measures"];

export async function files(work) {
  const kind = el("select", { id: "file-kind" }, choices(KINDS.map((one) => [one, word(`kind_${one}`)]), "calls"));
  const branch = el("select", {}, branchChoices("", word("as_the_file_says")));
  const host = el("input", { type: "url", value: business().hosts[0] ? `https://${business().hosts[0]}` : "" });
  const number = el("input", { type: "tel", placeholder: "02-555-1234" });
  const since = el("input", { type: "date" });
  const until = el("input", { type: "date" });
  const engine = el("select", {}, choices([["", word("as_the_file_says")], ["google", "Google"], ["naver", "Naver"], ["other", word("other_engine")]], ""));
  const chosen = el("input", { type: "file", id: "file", accept: ".csv,.xlsx,.log,.gz,.txt" });
  const shown = el("div", { id: "file-looked-at", "aria-live": "polite" });
  const hostField = field(word("field_host"), host);
  const numberField = field(word("field_called_number"), number);
  const about = [field(word("field_file_since"), since), field(word("field_file_until"), until)];
  const engineField = field(word("field_engine"), engine);
  const fit = () => {
    for (const one of about) one.hidden = !DATED.includes(kind.value);
    engineField.hidden = kind.value !== "search-queries";
    hostField.hidden = kind.value !== "access-log";
    numberField.hidden = !["calls", "asterisk"].includes(kind.value);
    shown.replaceChildren();
  };
  kind.addEventListener("change", fit);
  chosen.addEventListener("change", () => shown.replaceChildren());

  function query(more = {}) {
    const said = new URLSearchParams({ kind: kind.value, name: chosen.files[0].name, ...more });
    if (branch.value) said.set("branch", branch.value);
    if (kind.value === "access-log" && host.value) said.set("host", host.value.trim());
    if (["calls", "asterisk"].includes(kind.value) && number.value) said.set("number", number.value.trim());
    if (DATED.includes(kind.value) && since.value) said.set("since", since.value);
    if (DATED.includes(kind.value) && until.value) said.set("until", until.value);
    if (kind.value === "search-queries" && engine.value) said.set("engine", engine.value);
    return said;
  }

  async function look() {
    if (!chosen.files[0]) {
      notice(word("choose_file"), true);
      return;
    }
    shown.replaceChildren();
    const looked = await ask(`files/preview?${query()}`, chosen.files[0]);
    const will = Object.values(looked.types).reduce((sum, count) => sum + count, 0);
    shown.replaceChildren(
      el("h2", {}, word("file_looked")),
      el("p", {}, word(looked.whole ? "file_whole" : "file_first", { rows: won(looked.looked_at) })),
      el("ul", {}, counts(looked.types, "type_"), counts(looked.skipped, "skipped_"), looked.refused_count ? el("li", { class: "wrong" }, word("lines_refused", { count: looked.refused_count })) : null),
      looked.columns.length
        ? el(
            "div",
            { class: "wide" },
            el(
              "table",
              {},
              el("thead", {}, el("tr", {}, el("th", {}, word("column_of_file")), el("th", {}, word("column_means")))),
              el("tbody", {}, looked.columns.map((one) => el("tr", {}, el("td", {}, one.header, one.unit ? el("span", { class: "quiet" }, ` (${one.unit})`) : null), el("td", {}, word(`field_${one.field}`) === `field_${one.field}` ? one.field : word(`field_${one.field}`))))),
            ),
          )
        : null,
      looked.never_read.length ? el("p", { class: "quiet" }, word("never_read", { list: looked.never_read.join(", ") })) : "",
      looked.events.length ? el("details", {}, el("summary", {}, word("first_events")), looked.events.map((one) => el("pre", {}, JSON.stringify(one)))) : "",
      ...refusedPart(looked),
      mayChange() && will
        ? el("div", { class: "actions" }, el("button", { type: "button", class: "strong", id: "file-take", onclick: doing(() => take(looked.sha256)) }, word("file_take")))
        : "",
    );
  }

  async function take(sha256) {
    const done = await ask(`files/take?${query({ sha256 })}`, chosen.files[0]);
    shown.replaceChildren(
      el("h2", {}, word("file_taken")),
      el(
        "ul",
        {},
        el("li", {}, word("file_accepted", { count: won(done.accepted) })),
        el("li", {}, word("file_known", { count: won(done.known) })),
        done.withdrawn ? el("li", {}, word("file_withdrawn", { count: won(done.withdrawn) })) : null,
        counts(done.skipped, "skipped_"),
        done.refused_count ? el("li", { class: "wrong" }, word("lines_refused", { count: done.refused_count })) : null,
      ),
      ...refusedPart(done),
    );
    notice(word("file_done", { count: won(done.accepted) }));
  }

  const counts = (of, prefix) => Object.entries(of).map(([name, count]) => el("li", {}, `${word(prefix + name) === prefix + name ? name : word(prefix + name)}: ${won(count)}`));

  function refusedPart(answer) {
    if (!answer.refused.length) return [];
    return [
      el("h3", {}, word("refused_lines")),
      problemList(answer.refused.slice(0, 50)),
      el("div", { class: "actions" }, el("button", { type: "button", onclick: doing(() => save("files/refused.xlsx", { refused: answer.refused }, "headwater-refused.xlsx")) }, word("refused_sheet"))),
    ];
  }

  work.append(
    el(
      "form",
      { class: "card", onsubmit: doing(look) },
      el(
        "div",
        { class: "fields" },
        field(word("field_kind"), kind),
        business().branches.length ? field(word("field_branch"), branch) : null,
        hostField,
        numberField,
        ...about,
        engineField,
        field(word("field_file"), chosen, "long"),
      ),
      el("div", { class: "actions" }, el("button", { type: "submit", class: "strong", id: "file-look" }, word("look_first"))),
      el("p", { class: "quiet" }, word("file_told")),
    ),
    shown,
  );
  fit();
}
