// What every section of the page uses: elements whose text is only ever text, the API, and the language.

import { WORDS } from "/manage/words.js";

const LANGUAGE = "headwater.language";
const state = {
  language: localStorage.getItem(LANGUAGE) || (navigator.language.startsWith("ko") ? "ko" : "en"),
  business: null,
};

export const language = () => state.language;
export const business = () => state.business;
export const mayChange = () => state.business?.role === "owner";

export function otherLanguage() {
  state.language = state.language === "ko" ? "en" : "ko";
  localStorage.setItem(LANGUAGE, state.language);
}

export function word(name, values = {}) {
  const text = WORDS[state.language][name] ?? name;
  return text.replace(/\{(\w+)\}/g, (all, key) => values[key] ?? "");
}

// A tag, its properties and its children -> an element. Texts become text nodes, whatever they hold.
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (name === "value") made.value = value;
    else if (name === "checked") made.checked = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const won = (amount) => new Intl.NumberFormat("ko-KR").format(amount);

export function nameOf(names, fallback = "") {
  return names?.[state.language] || names?.ko || names?.en || fallback;
}

export const labelOf = (label) => (typeof label === "string" ? label : nameOf(label));

export function channelName(slug) {
  const found = state.business.channels.find((one) => one.id === slug);
  return found ? nameOf(found.name, slug) : slug;
}

export function branchName(id) {
  const found = state.business.branches.find((one) => one.id === id);
  return found ? nameOf(found.name, id) : id;
}

export function choices(list, chosen, empty) {
  const options = list.map(([value, text]) => el("option", { value, selected: value === chosen }, text));
  if (empty !== undefined) options.unshift(el("option", { value: "", selected: !chosen }, empty));
  return options;
}

export const channelChoices = (chosen, empty) =>
  choices(
    state.business.channels.map((one) => [one.id, nameOf(one.name, one.id)]),
    chosen,
    empty,
  );

export const branchChoices = (chosen, empty) =>
  choices(
    state.business.branches.map((one) => [one.id, nameOf(one.name, one.id)]),
    chosen,
    empty,
  );

export function field(text, input, more = "") {
  return el("label", { class: more }, text, input);
}

export function notice(text, wrong = false) {
  const place = document.getElementById("notice");
  place.className = wrong ? "wrong" : "";
  place.replaceChildren(...(text ? [el("span", {}, text)] : []));
}

export class Refused extends Error {
  constructor(status, answer) {
    super(`HTTP ${status}`);
    this.status = status;
    this.answer = answer;
    this.problems = answer?.rejected?.[0]?.problems ?? [];
  }
}

// A path and what to send -> the answer; 401 leads to the sign-in page.
export async function ask(path, body, more = {}) {
  const sent = body === undefined ? {} : { method: "POST", headers: { "X-Headwater": "1" }, body };
  if (body !== undefined && !(body instanceof Blob)) {
    sent.headers["Content-Type"] = "application/json";
    sent.body = JSON.stringify(body);
  } else if (body !== undefined) {
    sent.headers["Content-Type"] = "application/octet-stream";
  }
  const answer = await fetch(`/manage/api/${path}`, sent);
  if (answer.status === 401) {
    location.assign("/sign-in?to=/manage");
    throw new Refused(401, null);
  }
  if (answer.ok && more.blob) return answer.blob();
  const said = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, said);
  return said;
}

export async function learn() {
  state.business = await ask("overview");
  return state.business;
}

export async function save(path, body, name) {
  const address = URL.createObjectURL(await ask(path, body, { blob: true }));
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

const PLAIN = Object.entries({
  "found:nothing": "found_nothing",
  "found:a formula": "found_formula",
  "found:a clock": "found_ahead",
  "fix:at most 24 h after now": "fix_ahead",
  "fix:whole won": "fix_won",
  "fix:a date like": "fix_day",
  "fix:a date and time like": "fix_instant",
  "fix:a month like": "fix_month",
  "fix:a phone number like": "fix_phone",
  "fix:a time like": "fix_time",
  "fix:a whole number": "fix_whole",
  "fix:seconds (85)": "fix_seconds",
  "fix:hours, like": "fix_hours",
  "fix:as many cells": "fix_cells",
  "fix:a channel slug": "fix_channel",
  "fix:a branch slug": "fix_branch",
  "fix:an address that begins with https://": "fix_https",
  "fix:an address like": "fix_https",
  "fix:one of": "fix_one_of",
  "fix:what it costs a month": "fix_won",
  "fix:where it leads": "fix_where",
  "fix:each place once": "fix_once",
  "fix:words only": "fix_words",
});

// English words of a refusal -> the person's language where the page knows them, else as they are.
function said(which, text) {
  const known = PLAIN.find(([begin]) => `${which}:${text}`.startsWith(begin));
  return known && state.language === "ko" ? word(known[1]) : text;
}

export function problemText(problem) {
  if (problem.code && WORDS[state.language][`refused_${problem.code}`]) {
    return word(`refused_${problem.code}`, problem.values);
  }
  return word("refused_plain", {
    field: word(`field_${problem.field}`) === `field_${problem.field}` ? problem.field : word(`field_${problem.field}`),
    found: said("found", problem.found),
    fix: said("fix", problem.fix),
  });
}

export function refusalText(refusal) {
  const column = refusal.column || "";
  return word("refused_line", {
    line: refusal.line,
    column: word(`field_${column}`) === `field_${column}` ? column : word(`field_${column}`),
    found: said("found", refusal.found),
    fix: said("fix", refusal.fix),
  });
}

export function tellFailure(error) {
  if (!(error instanceof Refused)) {
    notice(word("away"), true);
    if (!(error instanceof TypeError)) throw error;
    return;
  }
  if (error.status === 401) return;
  if (error.status === 403) notice(word("not_allowed"), true);
  else if (error.status === 429) notice(word("too_often"), true);
  else if (error.status === 503) notice(word("log_away"), true);
  else notice(error.problems.map(problemText).join(" ") || word("went_wrong", { status: error.status }), true);
}

// Work of a button: the button rests meanwhile, failures are told.
export function doing(work) {
  return async (event) => {
    event?.preventDefault?.();
    const button = event?.submitter ?? event?.currentTarget;
    if (button instanceof HTMLButtonElement) button.disabled = true;
    notice("");
    try {
      await work(event);
    } catch (error) {
      tellFailure(error);
    } finally {
      if (button instanceof HTMLButtonElement) button.disabled = false;
    }
  };
}

export function linkLine(text, label) {
  if (!text) return null;
  const button = el("button", { type: "button", class: "small" }, word("copy"));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = word("copied");
    } catch {
      getSelection().selectAllChildren(shown);
    }
  });
  const shown = el("code", {}, text);
  return el("div", { class: "link" }, el("span", { class: "quiet" }, label), shown, button);
}

export const problemList = (refused) =>
  refused.length ? el("ul", { class: "wrong" }, refused.map((one) => el("li", {}, refusalText(one)))) : null;
