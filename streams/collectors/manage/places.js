// Links, codes and numbers: what stands where, for what, from when to when, and pointing it elsewhere.

import {
  ask,
  branchChoices,
  branchName,
  business,
  channelChoices,
  channelName,
  doing,
  el,
  field,
  linkLine,
  mayChange,
  nameOf,
  notice,
  word,
} from "/manage/page.js";

export async function places(work) {
  const holder = el("div");
  work.append(holder);
  const draw = async () => {
    const said = await ask("places");
    holder.replaceChildren(...sections(said, draw));
  };
  await draw();
}

function sections({ codes, numbers }, draw) {
  const printable = business().public_url.startsWith("https://");
  const parts = [];
  if (!printable) parts.push(el("p", { class: "quiet" }, word("no_public_url")));
  parts.push(
    el(
      "div",
      { class: "actions" },
      el("a", { class: "button", href: "/manage/api/links.xlsx", download: "" }, word("links_sheet")),
      printable && codes.length ? el("a", { class: "button", href: `/manage/api/codes.pdf?language=${document.documentElement.lang}`, download: "" }, word("print_sheet")) : null,
    ),
    el("h2", {}, word("codes_head", { count: codes.length })),
    ...codes.map((code) => codeCard(code, numbers, printable, draw)),
  );
  if (!codes.length) parts.push(el("p", { class: "told" }, word("no_codes_yet")));
  if (mayChange()) parts.push(newCode(draw));
  parts.push(el("h2", {}, word("numbers_head", { count: numbers.length })), ...numbers.map((number) => numberCard(number, draw)));
  if (!numbers.length) parts.push(el("p", { class: "told" }, word("no_numbers_yet")));
  if (mayChange()) parts.push(newNumber(draw, {}));
  return parts;
}

function codeCard(code, numbers, printable, draw) {
  const own = numbers.filter((one) => one.channel && one.channel === code.channel && one.placement === code.placement && one.branch === code.branch);
  return el(
    "section",
    { class: code.disabled ? "card off" : "card", "data-code": code.id },
    el(
      "div",
      { class: "place" },
      printable ? el("img", { src: `/manage/api/codes/${code.id}.svg`, alt: word("qr_of", { name: nameOf(code.name, code.id) }), loading: "lazy" }) : el("div", {}),
      el(
        "div",
        {},
        el("h3", {}, nameOf(code.name, code.id), code.disabled ? el("span", { class: "wrong" }, ` ${word("switched_off")}`) : null),
        el("p", { class: "quiet" }, standsFor(code), code.expires_on ? ` · ${word("expires", { day: code.expires_on })}` : ""),
        linkLine(code.link, word("utm_link")),
        linkLine(code.short_link.startsWith("http") ? code.short_link : location.origin + code.short_link, word("short_link")),
        el("p", { class: "quiet" }, `${word("own_number")} ${own.length ? own.map((one) => local(one.id)).join(", ") : word("no_own_number")}`),
        printable
          ? el(
              "div",
              { class: "actions" },
              el("a", { class: "button small", href: `/manage/api/codes/${code.id}.png`, download: "" }, word("qr_png")),
              el("a", { class: "button small", href: `/manage/api/codes/${code.id}.svg`, download: "" }, word("qr_svg")),
            )
          : null,
      ),
    ),
    history("qr_code", code, draw),
    mayChange() ? el("details", {}, el("summary", {}, word("change_code")), targetForm(code, draw), assignForm("qr_code", code, draw)) : null,
    mayChange() && !own.length && code.channel
      ? el("details", {}, el("summary", {}, word("give_number")), numberForm(draw, { channel: code.channel, placement: code.placement, branch: code.branch, name: nameOf(code.name) }))
      : null,
  );
}

function numberCard(number, draw) {
  return el(
    "section",
    { class: "card", "data-number": number.id },
    el("h3", {}, local(number.id), nameOf(number.name) ? el("span", { class: "quiet" }, ` ${nameOf(number.name)}`) : null),
    el("p", { class: "quiet" }, number.pool ? word("in_pool") : number.fallback ? word("is_fallback") : standsFor(number)),
    history("tracking_number", number, draw),
    mayChange() ? el("details", {}, el("summary", {}, word("change_number")), assignForm("tracking_number", number, draw)) : null,
  );
}

function standsFor(one) {
  if (!one.channel) return word("stands_for_nothing");
  return [channelName(one.channel), one.placement, one.campaign, one.branch ? branchName(one.branch) : "", days(one)].filter(Boolean).join(" · ");
}

const days = (one) => (one.from || one.to ? `${one.from || ""} ~ ${one.to || ""}` : "");

function history(kind, one, draw) {
  if (!one.assignments.length) return null;
  return el(
    "details",
    {},
    el("summary", {}, word("history", { count: one.assignments.length })),
    el(
      "ul",
      {},
      one.assignments.map((each) =>
        el(
          "li",
          {},
          `${days(each) || word("always")} · ${each.pool ? word("in_pool") : each.fallback ? word("is_fallback") : channelName(each.channel || "")} ${each.placement || ""} `,
          mayChange() ? removeButton(kind, one, each, draw) : null,
        ),
      ),
    ),
  );
}

function removeButton(kind, one, each, draw) {
  return el(
    "button",
    {
      type: "button",
      class: "small",
      onclick: doing(async (event) => {
        const button = event.currentTarget;
        if (button.dataset.sure !== "yes") {
          button.dataset.sure = "yes";
          button.textContent = word("remove_sure");
          return;
        }
        await ask("assignments", { kind, id: one.id, was: one.was, remove: each.id });
        await draw();
        notice(word("saved"));
      }),
    },
    word("remove"),
  );
}

function targetForm(code, draw) {
  const destination = el("input", { type: "url", value: code.destination ?? "" });
  const expires = el("input", { type: "date", value: code.expires_on ?? "" });
  const off = el("input", { type: "checkbox", checked: code.disabled });
  return el(
    "form",
    {
      onsubmit: doing(async () => {
        await ask("codes", { id: code.id, was: code.was, destination: destination.value.trim(), expires_on: expires.value, disabled: off.checked });
        await draw();
        notice(word("saved"));
      }),
    },
    el("div", { class: "fields" }, field(word("field_destination"), destination, "long"), field(word("field_expires_on"), expires), el("label", {}, off, ` ${word("switch_off")}`)),
    el("div", { class: "actions" }, el("button", { type: "submit" }, word("save"))),
  );
}

function standInputs(one) {
  return {
    channel: el("select", {}, channelChoices(one.channel, word("choose"))),
    placement: el("input", { value: one.placement ?? "", maxlength: 120 }),
    campaign: el("input", { value: one.campaign ?? "", maxlength: 128 }),
    branch: el("select", {}, branchChoices(one.branch, word("all_branches"))),
    from: el("input", { type: "date", value: business().today }),
    to: el("input", { type: "date", value: "" }),
  };
}

function standFields(inputs) {
  return Object.entries(inputs)
    .filter(([name]) => name !== "branch" || business().branches.length)
    .map(([name, input]) => field(word(`field_${name}`), input));
}

const values = (inputs) => Object.fromEntries(Object.entries(inputs).filter(([, input]) => input.value).map(([name, input]) => [name, input.value.trim()]));

function assignForm(kind, one, draw) {
  const inputs = standInputs(one);
  const ends = el("input", { type: "checkbox", checked: true });
  return el(
    "form",
    {
      onsubmit: doing(async () => {
        await ask("assignments", { kind, id: one.id, was: one.was, ...values(inputs), ends_previous: ends.checked });
        await draw();
        notice(word("saved"));
      }),
    },
    el("p", { class: "quiet" }, word("stands_from_told")),
    el("div", { class: "fields" }, standFields(inputs), el("label", {}, ends, ` ${word("ends_previous")}`)),
    el("div", { class: "actions" }, el("button", { type: "submit" }, word("save_stand"))),
  );
}

function newCode(draw) {
  const inputs = standInputs({});
  const name = el("input", { maxlength: 128 });
  const destination = el("input", { type: "url", placeholder: "https://" });
  return el(
    "details",
    { class: "card" },
    el("summary", {}, word("new_code")),
    el(
      "form",
      {
        onsubmit: doing(async () => {
          await ask("codes", { name: name.value.trim(), destination: destination.value.trim(), ...values(inputs) });
          await draw();
          notice(word("saved"));
        }),
      },
      el("div", { class: "fields" }, field(word("field_title"), name), field(word("field_destination"), destination, "long"), standFields(inputs)),
      el("div", { class: "actions" }, el("button", { type: "submit", class: "strong" }, word("make"))),
    ),
  );
}

function newNumber(draw, one) {
  return el("details", { class: "card" }, el("summary", {}, word("new_number")), numberForm(draw, one));
}

function numberForm(draw, one) {
  const inputs = standInputs(one);
  const number = el("input", { type: "tel", placeholder: "0507-1234-5678", name: "number" });
  const name = el("input", { maxlength: 128, value: one.name ?? "" });
  const pool = el("input", { type: "checkbox" });
  const fallback = el("input", { type: "checkbox" });
  return el(
    "form",
    {
      onsubmit: doing(async () => {
        await ask("numbers", { number: number.value.trim(), name: name.value.trim(), ...values(inputs), ...(pool.checked ? { pool: true } : {}), ...(fallback.checked ? { fallback: true } : {}) });
        await draw();
        notice(word("saved"));
      }),
    },
    el("div", { class: "fields" }, field(word("field_number"), number), field(word("field_title"), name), standFields(inputs), el("label", {}, pool, ` ${word("field_pool")}`), el("label", {}, fallback, ` ${word("field_fallback")}`)),
    el("div", { class: "actions" }, el("button", { type: "submit", class: "strong" }, word("make"))),
  );
}

function local(number) {
  if (/^\+821[5-8]\d{6}$/.test(number)) return `${number.slice(3, 7)}-${number.slice(7)}`;
  const digits = number.startsWith("+82") ? `0${number.slice(3)}` : number;
  if (!digits.startsWith("0")) return digits;
  const head = digits.startsWith("02") ? 2 : digits.startsWith("050") && digits.length === 12 ? 4 : 3;
  const rest = digits.slice(head);
  return rest.length > 6 ? `${digits.slice(0, head)}-${rest.slice(0, -4)}-${rest.slice(-4)}` : digits;
}
