// The desk: what rings, what tracking knows of it, and the one or two taps that say the rest.
// All text reaches the page as text; what is recorded goes through the queue, with ids made here.

import { Queue, post } from "/desk/queue.js";
import { WORDS } from "/desk/words.js";

const LOOK_SECONDS = 3;
const SETUP_MINUTES = 10;
const MARKS_DAYS = 3;
const MOST_SAID = 30;
const SUBJECTS = [["new", "N"], ["existing", "E"], ["spam", "S"], ["wrong_number", "W"]];
const LANGUAGE = "headwater.language"; // a plain word, as the other pages of this host keep it
const SETTLED = ["existing", "spam", "wrong_number"];

const at = (id) => document.getElementById(id);
const page = {
  language: navigator.language.startsWith("ko") ? "ko" : "en",
  setup: stored("headwater.desk.setup", null),
  calls: [],
  leads: [],
  trackingKnown: true,
  reached: true,
  signedIn: true,
  allowed: true,
  setupAt: 0,
  ahead: 0, // milliseconds that the server's clock is ahead of this one
  rang: "",
  chosen: null, // "call:<id>" or "lead:<id>" that a person picked
  shown: null, // what is on the card
  second: -1, // which button's second row is open
  differs: false,
  message: "",
  keys: stored("headwater.desk.keys", true),
  branch: stored("headwater.desk.branch", ""),
};
if (stored(LANGUAGE, "") in WORDS) page.language = stored(LANGUAGE, "");
let marks = {};
let said = [];
let queue = null;
let last = "";

// ---- small things -------------------------------------------------------------------------------------------------

function stored(name, otherwise) {
  try {
    const found = localStorage.getItem(name);
    return found === null ? otherwise : name === LANGUAGE ? found : JSON.parse(found);
  } catch {
    return otherwise;
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, name === LANGUAGE ? value : JSON.stringify(value));
  } catch {
    // a browser that keeps nothing: the page works until it is closed
  }
}

const t = (word) => WORDS[page.language][word] ?? word;
const named = (names) => (names ? names[page.language] : "");
const channel = (slug) => named(page.setup.channels[slug]) || slug;
const stage = (slug) => named(page.setup.stages.find((one) => one.slug === slug)?.name) || slug;
const way = (slug) => named(page.setup.ways.find((one) => one.slug === slug)?.name) || slug;

function make(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("aria-")) made.setAttribute(name, String(value));
    else if (value === false) continue;
    else if (name === "press") made.addEventListener("click", value);
    else if (name === "key") made.dataset.key = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function button(label, key, press, { hint = "", pressed, expanded, className, current } = {}) {
  const hints = hint && page.keys ? make("kbd", { "aria-hidden": "true" }, hint) : null;
  return make(
    "button",
    {
      type: "button",
      key,
      press,
      class: className,
      "aria-pressed": pressed,
      "aria-expanded": expanded,
      "aria-current": current,
      "aria-keyshortcuts": hint && page.keys ? hint : undefined,
    },
    make("span", {}, label),
    hints,
  );
}

// Works without https too, where a browser has no randomUUID.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return "desk-" + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const serverNow = () => new Date(Date.now() + page.ahead);

function clockOf(instant) {
  const zone = page.setup.time_zone;
  const at = new Date(instant);
  const day = (one) => one.toLocaleDateString("en-CA", { timeZone: zone });
  const time = at.toLocaleTimeString("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
  if (day(at) === day(serverNow())) return time;
  return `${at.toLocaleDateString(page.language, { timeZone: zone, month: "numeric", day: "numeric" })} ${time}`;
}

function lasted(seconds) {
  return seconds < 60 ? `${seconds}${t("seconds")}` : `${Math.round(seconds / 60)}${t("minutes")}`;
}

function pathOf(url) {
  try {
    const { host, pathname } = new URL(url);
    return decodeURI(pathname) === "/" ? host : decodeURI(pathname);
  } catch {
    return url;
  }
}

// ---- what there is ------------------------------------------------------------------------------------------------

const callKey = (call) => `call:${call.call_id}`;
const callOf = (key) => page.calls.find((call) => callKey(call) === key);
const mark = (key) => marks[key] || {};
const subjectOf = (call) => mark(callKey(call)).subject?.value || call.subject;

function leadOf(key) {
  if (!key.startsWith("lead:")) return null;
  const id = key.slice(5);
  const own = mark(key);
  const known = page.leads.find((lead) => lead.lead_id === id);
  if (!known && !own.via) return null;
  return {
    lead_id: id,
    via: known?.via || own.via,
    at: known?.inquiry_at || own.at,
    stage: own.stage?.value || known?.stage || "",
    service: own.stage?.service || known?.service || "",
    channel: known && !["", "direct", "unassigned"].includes(known.channel) ? known.channel : "",
    branch: known?.branch || "",
  };
}

function stageNow(key) {
  const call = callOf(key);
  const known = mark(key).stage?.value || (call ? call.stage : leadOf(key)?.stage) || "";
  return known || (call && subjectOf(call) === "new" ? page.setup.stages[0].slug : "");
}

// Whether nobody knows yet where they heard of the business, and asking would tell.
function asksSource(key) {
  if (mark(key).source) return false;
  const call = callOf(key);
  if (!call) return !leadOf(key)?.channel;
  return !call.source && call.told.length === 0 && !SETTLED.includes(subjectOf(call));
}

function isDone(key) {
  const call = callOf(key);
  return (call ? Boolean(subjectOf(call)) : true) && !asksSource(key);
}

function choose() {
  const under = page.calls.find((call) => call.state !== "ended");
  const ringing = page.calls.find((call) => call.state === "ringing");
  if (ringing && ringing.call_id !== page.rang) {
    page.rang = ringing.call_id; // a new call comes up by itself, unless somebody is in the middle of another
    if (page.chosen && isDone(page.chosen)) page.chosen = null;
  }
  const chosen = page.chosen && (callOf(page.chosen) || leadOf(page.chosen)) ? page.chosen : null;
  const before = page.shown;
  page.shown = chosen || (under && callKey(under)) || (page.calls[0] && callKey(page.calls[0])) || null;
  if (page.shown !== before) Object.assign(page, { second: -1, differs: false, message: "" });
}

// ---- what is said -------------------------------------------------------------------------------------------------

const branchOf = (key) => callOf(key)?.branch || leadOf(key)?.branch || page.branch;

function event(type, key, fields) {
  const made = { type, event_id: newId(), occurred_at: serverNow().toISOString() };
  const branch = branchOf(key);
  if (branch && page.setup.branches.some((one) => one.id === branch)) made.branch = branch;
  return Object.assign(made, fields);
}

// Whom an event without a call_id is about: the lead where one is known, else the call's own reference.
function about(key) {
  const call = callOf(key);
  if (!call) return { lead_id: key.slice(5) };
  return call.lead_id ? { lead_id: call.lead_id } : { session_id: call.reference };
}

// status_changed of a call has no call_id: person_identified says that its reference is the call.
function joined(key) {
  const call = callOf(key);
  return call && !call.lead_id
    ? [event("person_identified", key, { call_id: call.call_id, session_id: call.reference })]
    : [];
}

function say(key, kind, value, label, events) {
  takeBack(mark(key)[kind]?.ids || []);
  marks[key] = { ...mark(key), touched: Date.now(), [kind]: { ...value, ids: events.map((one) => one.event_id) } };
  if (events.length) {
    said.unshift({ at: serverNow().toISOString(), key, kind, label, ids: events.map((one) => one.event_id) });
    said = said.slice(0, MOST_SAID);
  }
  keepSaid();
  if (events.length) queue.add(events);
  at("spoken").textContent = `${label}: ${t(queue.waiting().length && !page.reached ? "queued" : "saved")}`;
  page.message = "";
  render();
}

function takeBack(ids) {
  const heard = ids.filter((id) => !queue.drop(id));
  if (heard.length) queue.add(heard.map((id) => event("event_withdrawn", "", { withdraws: id })));
  for (const one of said) if (one.ids.some((id) => ids.includes(id))) one.undone = true;
}

function undo(one) {
  takeBack(one.ids);
  const own = mark(one.key);
  if (own[one.kind]?.ids.join() === one.ids.join()) {
    marks[one.key] = { ...own, [one.kind]: undefined };
    if (one.kind === "opened") delete marks[one.key];
  }
  one.undone = true;
  keepSaid();
  at("spoken").textContent = `${one.label}: ${t("undone")}`;
  render();
}

function keepSaid() {
  const oldest = Date.now() - MARKS_DAYS * 86_400_000;
  marks = Object.fromEntries(Object.entries(marks).filter(([, one]) => one.touched > oldest));
  said = said.filter((one) => new Date(one.at).getTime() > oldest);
  keep(`headwater.desk.${page.setup.site}.marks`, marks);
  keep(`headwater.desk.${page.setup.site}.said`, said);
}

function tag(key, subject) {
  const call = callOf(key);
  if (!call || subjectOf(call) === subject) return;
  const events = [event("call_tagged", key, { call_id: call.call_id, subject })];
  if (subject === "new" && !stageNow(key)) {
    const first = page.setup.stages[0].slug;
    events.push(...joined(key), event("status_changed", key, { ...about(key), stage: first, via: "phone" }));
  }
  say(key, "subject", { value: subject }, `${nameOf(key)} · ${t(subject)}`, events);
}

function tellSource(key, choice) {
  const call = callOf(key);
  const fields = call ? { call_id: call.call_id } : { lead_id: key.slice(5) };
  if (call?.lead_id) fields.lead_id = call.lead_id;
  Object.assign(fields, choice.answer ? { answer: choice.answer } : { channel: choice.channel });
  page.second = -1;
  page.differs = false;
  const label = `${nameOf(key)} · ${t("source")}: ${named(choice.label)}`;
  say(key, "source", { value: choice.channel, label: choice.label }, label, [event("source_told", key, fields)]);
}

function notKnown(key) {
  page.second = -1;
  const label = { ko: WORDS.ko.unknown, en: WORDS.en.unknown };
  say(key, "source", { value: "", label }, `${nameOf(key)} · ${t("unknown")}`, []);
}

function setStage(key, slug, service) {
  const via = callOf(key) ? "phone" : leadOf(key)?.via;
  const fields = { ...about(key), stage: slug };
  if (service) fields.service = service;
  if (via && (via === "phone" || page.setup.ways.some((one) => one.slug === via))) fields.via = via;
  const before = mark(key).stage;
  if (before && before.value !== slug) marks[key].stage = undefined; // a step on, not a correction
  const label = `${nameOf(key)} · ${stage(slug)}${service ? ` · ${service}` : ""}`;
  say(key, "stage", { value: slug, service }, label, [...joined(key), event("status_changed", key, fields)]);
}

function newInquiry(via) {
  const key = `lead:${newId()}`;
  marks[key] = { touched: Date.now(), at: serverNow().toISOString(), via };
  page.chosen = key;
  const fields = { lead_id: key.slice(5), stage: page.setup.stages[0].slug, via };
  const label = `${t("inquiry_by")} · ${way(via)}`;
  choose();
  const events = [event("status_changed", key, fields)];
  say(key, "opened", {}, label, events);
  at("now").scrollIntoView({ block: "nearest" });
}

// A code may wait for the network; a telephone number is sent at once or not at all.
async function refer(key, text) {
  const call = callOf(key);
  const lead = call ? call.lead_id || call.reference : key.slice(5);
  const events = [event("referral_code", key, { lead_id: lead, said: text })];
  if (call && !call.lead_id) events.push(event("person_identified", key, { call_id: call.call_id, lead_id: lead }));
  const outcome = await post(page.setup.site, events);
  const label = `${nameOf(key)} · ${t("referral")}`;
  const value = { value: "referral", label: { ko: WORDS.ko.referral, en: WORDS.en.referral } };
  heardFrom(outcome);
  const refused = outcome.rejected.find((one) => one.event_id === events[0].event_id);
  if (refused) {
    page.message = WORDS[page.language][refused.problems[0]?.found] || t("code_refused");
    const others = events.slice(1).map((one) => one.event_id);
    takeBack(others);
  } else if (outcome.settled) {
    say(key, "source", value, label, []);
    marks[key].source.ids = events.map((one) => one.event_id);
    said.unshift({ at: serverNow().toISOString(), key, kind: "source", label, ids: marks[key].source.ids });
    keepSaid();
  } else if (text.replace(/[^0-9]/g, "").length >= 8 && !/[a-z]/i.test(text)) {
    page.message = t("phone_not_kept");
  } else {
    say(key, "source", value, label, events);
  }
  render(true);
}

// ---- what is shown ------------------------------------------------------------------------------------------------

function nameOf(key) {
  const call = callOf(key);
  if (call) return clockOf(call.started_at); // kept in this browser, so without digits of the caller
  const lead = leadOf(key);
  return lead ? `${way(lead.via)} ${shortOf(lead.lead_id)}` : "";
}

const shortOf = (id) => id.slice(-5).toUpperCase();

function render(always = false) {
  if (!page.setup) return renderNothing();
  choose();
  const state = JSON.stringify([page, marks, said, queue.waiting().length]);
  if (state === last && !always) return;
  last = state;
  document.documentElement.lang = page.language;
  document.title = `${named(page.setup.name)} · ${t("desk")}`;
  const focused = document.activeElement?.dataset?.key;
  const typed = document.querySelector("#referral")?.value;
  at("head").replaceChildren(...head());
  at("notices").replaceChildren(...notices());
  at("now").replaceChildren(...card());
  at("now").className = callOf(page.shown || "")?.state === "ringing" ? "ringing" : "";
  at("inquiry").replaceChildren(...inquiryButtons());
  at("calls").replaceChildren(...callList());
  at("leads").replaceChildren(...leadList());
  at("said").replaceChildren(...saidList());
  at("foot").replaceChildren(...foot());
  if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  const field = document.querySelector("#referral");
  if (field && typed && page.message !== "") field.value = typed;
  else if (field && typed && focused === "referral") field.value = typed;
}

function renderNothing() {
  const word = page.allowed ? "unreachable" : "not_allowed";
  const link = page.allowed ? "" : make("a", { class: "link", href: "/sign-in?to=/desk" }, t("sign_in"));
  at("notices").replaceChildren(make("p", { class: "notice" }, t(word), link));
}

function head() {
  const waiting = queue.waiting().length;
  const cut = !page.reached;
  const text = cut ? t("cut") : waiting ? t("sending") : t("connected");
  const branches = page.setup.branches;
  const list = make("select", { key: "branch", "aria-label": t("branch") });
  list.append(make("option", { value: "" }, `${t("branch")}…`));
  for (const one of branches) {
    list.append(make("option", { value: one.id, selected: one.id === page.branch }, named(one.name)));
  }
  list.addEventListener("change", () => {
    page.branch = list.value;
    keep("headwater.desk.branch", page.branch);
  });
  return [
    make("h1", {}, named(page.setup.name), " ", make("small", {}, page.setup.label || t("desk"))),
    make(
      "span",
      { id: "connection", class: `pill${cut ? " cut" : waiting ? " waits" : ""}`, "data-waiting": waiting },
      waiting ? `${text} · ${waiting}${t("waiting")}` : text,
    ),
    branches.length ? list : null,
    button(t("other"), "language", () => {
      page.language = page.language === "ko" ? "en" : "ko";
      keep(LANGUAGE, page.language);
      render();
    }, { className: "plain" }),
    button(t("sign_out"), "sign-out", signOut, { className: "plain" }),
  ].filter(Boolean);
}

function notices() {
  const shown = [];
  if (!page.allowed) shown.push(make("p", { class: "notice" }, t("not_allowed")));
  else if (!page.signedIn) {
    const link = make("a", { class: "link", href: "/sign-in?to=/desk" }, t("sign_in"));
    shown.push(make("p", { class: "notice" }, t("signed_out"), link));
  } else if (!page.reached) shown.push(make("p", { class: "notice" }, t("unreachable")));
  else if (!page.trackingKnown) shown.push(make("p", { class: "notice", id: "away" }, t("tracking_away")));
  const other = page.calls.find((call) => call.state === "ringing" && callKey(call) !== page.shown);
  if (other) {
    const show = button(t("show"), "show-ringing", () => pick(callKey(other)));
    shown.push(make("p", { class: "notice" }, t("another_rings"), show));
  }
  return shown;
}

function card() {
  const key = page.shown;
  if (!key) {
    return [make("h2", { id: "now-title" }, t("no_call")), make("p", { class: "quiet" }, t("no_call_hint"))];
  }
  const call = callOf(key);
  return call ? callCard(key, call) : leadCard(key, leadOf(key));
}

function callCard(key, call) {
  const state = t(call.state === "ended" ? "last_call" : call.state);
  const caller = call.last_four ? `${t("ends_in")} ${call.last_four}` : t("hidden");
  const subject = subjectOf(call);
  const parts = [
    make(
      "h2",
      { id: "now-title" },
      state,
      make("small", {}, `${clockOf(call.started_at)} · ${caller}`),
      make("small", {}, call.outcome ? outcomeOf(call) : ""),
    ),
    known(key, call),
    make("h3", {}, t("which_call")),
    make(
      "div",
      { class: "row", id: "subjects" },
      ...SUBJECTS.map(([one, hint]) =>
        button(t(one), `subject-${one}`, () => tag(key, one), { hint, pressed: subject === one }),
      ),
    ),
    ...sourceQuestion(key),
  ];
  if (!["spam", "wrong_number"].includes(subject)) parts.push(...statusQuestion(key, call.service));
  if (isDone(key)) parts.push(make("p", { class: "done", id: "done" }, `✓ ${t("done")}`));
  return parts;
}

function leadCard(key, lead) {
  const title = `${t("inquiry_by")} · ${way(lead.via)}`;
  return [
    make("h2", { id: "now-title" }, title, make("small", {}, `${clockOf(lead.at)} · ${shortOf(lead.lead_id)}`)),
    lead.channel ? make("dl", {}, ...fact(t("source"), channel(lead.channel))) : null,
    ...sourceQuestion(key),
    ...statusQuestion(key, lead.service),
    isDone(key) ? make("p", { class: "done", id: "done" }, `✓ ${t("done")}`) : null,
  ].filter(Boolean);
}

function outcomeOf(call) {
  const talked = call.outcome === "answered" ? ` ${lasted(call.talk_seconds)}` : "";
  return t(call.outcome) + talked;
}

function fact(name, value, small = "") {
  return [make("div", {}, make("dt", {}, name), make("dd", {}, value, small ? make("small", {}, small) : null))];
}

function known(key, call) {
  const facts = [];
  const source = call.source;
  if (source) {
    const how = [t(`by_${source.by}`), source.probable ? t("probable") : "", source.campaign, source.keyword];
    facts.push(...fact(t("source"), channel(source.channel), how.filter(Boolean).join(" · ")));
  } else if (mark(key).source) {
    facts.push(...fact(t("source"), named(mark(key).source.label), t("by_told")));
  } else if (call.told.length) {
    facts.push(...fact(t("source"), call.told.map(channel).join(", "), t("by_told")));
  } else {
    facts.push(...fact(t("source"), t("not_known")));
  }
  if (call.landing_page) facts.push(...fact(t("landing"), pathOf(call.landing_page)));
  if (call.returning !== null) facts.push(...fact(t("visits"), t(call.returning ? "returning" : "first")));
  const now = stageNow(key);
  facts.push(...fact(t("stage"), now ? stage(now) : t("not_known"), mark(key).stage?.service || call.service));
  facts.push(...fact(t("line"), named(call.line.name) || call.line.number, call.line.name ? call.line.number : ""));
  return make("dl", { id: "known" }, ...facts);
}

function sourceQuestion(key) {
  const own = mark(key).source;
  const asks = asksSource(key);
  const call = callOf(key);
  if (call && SETTLED.includes(subjectOf(call)) && !own) return [];
  if (!asks && !own && !page.differs) {
    return [make("p", {}, button(t("differs"), "differs", () => {
      page.differs = true;
      render();
    }, { className: "plain" }))];
  }
  const menu = page.setup.menu;
  const open = menu[page.second]?.which || [];
  const chosen = own?.label ? named(own.label) : null;
  const first = menu.map((item, place) =>
    button(named(item.label), `source-${place}`, () => press(key, place), {
      hint: open.length || place > 8 ? "" : String(place + 1),
      pressed: item.which.length ? undefined : chosen === named(item.label),
      expanded: item.which.length ? page.second === place : undefined,
    }),
  );
  const none = button(t("unknown"), "source-unknown", () => notKnown(key), {
    hint: open.length ? "" : "0",
    pressed: own?.value === "" && !own.ids.length,
  });
  const parts = [make("h3", {}, t("where")), make("div", { class: "row", id: "sources" }, ...first, none)];
  if (open.length) {
    const second = open.map((choice, place) =>
      button(named(choice.label), `which-${place}`, () => tellSource(key, choice), {
        hint: place > 8 ? "" : String(place + 1),
      }),
    );
    const back = button(t("back"), "which-back", () => closeSecond(), { hint: "Esc" });
    parts.push(make("h3", {}, t("which")), make("div", { class: "row second", id: "which" }, ...second, back));
  }
  parts.push(...referralForm(key));
  return parts;
}

function referralForm(key) {
  const form = make(
    "form",
    { id: "referral-form" },
    make("label", { class: "unseen", for: "referral" }, t("referral")),
    make("input", {
      id: "referral",
      key: "referral",
      autocomplete: "off",
      maxlength: 128,
      placeholder: t("referral_hint"),
    }),
    make("button", { type: "submit", key: "referral-enter" }, t("enter")),
    make("p", { class: "wrong", role: "alert" }, page.message),
  );
  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const text = form.querySelector("input").value.trim();
    if (text) refer(key, text);
  });
  return [make("h3", {}, t("referral")), form];
}

function statusQuestion(key, serviceKnown) {
  const now = stageNow(key);
  const service = mark(key).stage?.service || serviceKnown;
  const stages = page.setup.stages.map((one) =>
    button(named(one.name), `stage-${one.slug}`, () => setStage(key, one.slug, service), {
      pressed: now === one.slug,
    }),
  );
  const services = page.setup.services.map((one) =>
    button(one, `service-${one}`, () => setStage(key, now || page.setup.stages[0].slug, one), {
      pressed: service === one,
    }),
  );
  return [
    make("h3", {}, t("status")),
    make("div", { class: "row small", id: "stages" }, ...stages),
    services.length ? make("div", { class: "row small", id: "services", "aria-label": t("service") }, ...services) : null,
  ].filter(Boolean);
}

function press(key, place) {
  const item = page.setup.menu[place];
  if (!item) return;
  if (!item.which.length) return tellSource(key, item);
  page.second = page.second === place ? -1 : place;
  render();
  if (page.second >= 0) document.querySelector('[data-key="which-0"]')?.focus();
}

function closeSecond() {
  const place = page.second;
  page.second = -1;
  render();
  document.querySelector(`[data-key="source-${place}"]`)?.focus();
}

function pick(key) {
  page.chosen = key;
  render();
  at("now").scrollIntoView({ block: "nearest" });
}

function inquiryButtons() {
  const ways = page.setup.ways.map((one, place) =>
    button(named(one.name), `way-${one.slug}`, () => newInquiry(one.slug), { hint: place ? "" : "I" }),
  );
  return [
    make("h2", { id: "inquiry-title" }, t("new_inquiry")),
    make("div", { class: "row", id: "ways" }, ...ways),
  ];
}

function callList() {
  const rows = page.calls.map((call) => {
    const key = callKey(call);
    const subject = subjectOf(call);
    const known = call.source?.channel || call.told[0];
    const source = mark(key).source ? named(mark(key).source.label) : known ? channel(known) : "";
    const state = [call.state === "ended" ? "" : t(call.state), subject ? t(subject) : "", isDone(key) ? "✓" : ""];
    const caller = call.last_four ? `${t("ends_in")} ${call.last_four}` : "";
    const what = [caller, source, named(call.line.name) || call.line.number];
    const row = button("", `pick-${key}`, () => pick(key), { current: key === page.shown });
    row.replaceChildren(
      make("span", {}, clockOf(call.started_at)),
      make("span", {}, what.filter(Boolean).join(" · ")),
      make("span", { class: "state" }, state.filter(Boolean).join(" ")),
    );
    return make("li", {}, row);
  });
  return rows.length ? [make("h2", { id: "calls-title" }, t("last_calls")), make("ul", {}, ...rows)] : [];
}

function leadList() {
  const ids = new Set(page.leads.map((lead) => lead.lead_id));
  const own = Object.keys(marks).filter((key) => key.startsWith("lead:") && !ids.has(key.slice(5)));
  const keys = [...own.filter((key) => marks[key].via), ...page.leads.map((lead) => `lead:${lead.lead_id}`)];
  const rows = keys.map((key) => {
    const lead = leadOf(key);
    const source = named(mark(key).source?.label) || (lead.channel ? channel(lead.channel) : "");
    const what = [clockOf(lead.at), way(lead.via), shortOf(lead.lead_id), source, lead.service];
    const row = button("", `pick-${key}`, () => pick(key), { current: key === page.shown });
    row.replaceChildren(
      make("span", {}, what.filter(Boolean).join(" · ")),
      make("small", { class: "quiet" }, lead.stage ? ` ${stage(lead.stage)}` : ""),
    );
    return make("li", {}, row);
  });
  return rows.length ? [make("h2", { id: "leads-title" }, t("made_here")), make("ul", {}, ...rows)] : [];
}

function saidList() {
  const rows = said.slice(0, 8).map((one, place) => {
    const waits = one.ids.some((id) => queue.holds(id));
    const state = one.undone ? "undone" : one.refused ? "refused" : waits ? "queued" : "saved";
    const back = button(t("undo"), `undo-${one.ids[0]}`, () => undo(one), {
      className: "plain",
      hint: place === said.findIndex((each) => !each.undone) ? "U" : "",
    });
    return make(
      "li",
      { class: `item ${one.undone ? "undone" : ""}` },
      make("span", {}, one.label),
      make("small", { class: state }, t(state)),
      one.undone || one.refused ? null : back,
    );
  });
  return [
    make("h2", { id: "said-title" }, t("said")),
    rows.length ? make("ul", {}, ...rows) : make("p", { class: "quiet" }, t("nothing_said")),
  ];
}

function foot() {
  const box = make("input", { type: "checkbox", key: "keys", checked: page.keys });
  box.addEventListener("change", () => {
    page.keys = box.checked;
    keep("headwater.desk.keys", page.keys);
    render();
  });
  return [
    make("label", { class: "keys" }, box, `${t("keys")}: ${t("keys_hint")}`),
    make("span", {}, t("privacy")),
  ];
}

// ---- keys ---------------------------------------------------------------------------------------------------------

function pressed(down) {
  if (!page.keys || !page.setup || down.ctrlKey || down.metaKey || down.altKey) return;
  if (["INPUT", "SELECT", "TEXTAREA"].includes(down.target.tagName)) return;
  const key = page.shown;
  const subject = SUBJECTS.find(([, letter]) => down.code === `Key${letter}`);
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(down.code)?.[1];
  if (subject && callOf(key)) tag(key, subject[0]);
  else if (down.code === "KeyI") document.querySelector('[data-key^="way-"]')?.focus();
  else if (down.code === "KeyU") {
    const one = said.find((each) => !each.undone && !each.refused);
    if (one) undo(one);
  } else if (down.code === "Escape" && page.second >= 0) closeSecond();
  else if (down.code === "ArrowDown" || down.code === "ArrowUp") {
    const keys = page.calls.map(callKey);
    const next = keys.indexOf(key) + (down.code === "ArrowDown" ? 1 : -1);
    if (keys[next]) pick(keys[next]);
    document.querySelector(`[data-key="${CSS.escape(`pick-${page.shown}`)}"]`)?.focus();
  } else if (digit !== undefined && key) {
    const which = at("which");
    const wanted = which ? `which-${digit - 1}` : digit === "0" ? "source-unknown" : `source-${digit - 1}`;
    document.querySelector(`[data-key="${wanted}"]`)?.click();
  } else return;
  down.preventDefault();
}

// ---- the server ---------------------------------------------------------------------------------------------------

// Path -> its JSON, or null; what the answer says of the connection and the sign-in is remembered.
async function ask(path) {
  try {
    const answer = await fetch(path, { cache: "no-store" });
    page.reached = answer.status < 500;
    page.signedIn = answer.status !== 401;
    page.allowed = answer.status !== 403;
    if (!answer.ok) return null;
    const told = await answer.json();
    page.ahead = new Date(told.now).getTime() - Date.now();
    if (Math.abs(page.ahead) < 2000) page.ahead = 0;
    return told;
  } catch {
    page.reached = false;
    return null;
  }
}

function heardFrom(outcome) {
  if (outcome.status === 401) page.signedIn = false;
  if (outcome.status === 0 || outcome.status >= 500) page.reached = false;
  if (outcome.status === 202) Object.assign(page, { reached: true, signedIn: true });
  const refused = new Set(outcome.rejected.map((one) => one.event_id));
  for (const one of said) if (one.ids.some((id) => refused.has(id))) one.refused = true;
  if (refused.size) keepSaid();
}

function begin(setup) {
  page.setup = setup;
  marks = stored(`headwater.desk.${setup.site}.marks`, {});
  said = stored(`headwater.desk.${setup.site}.said`, []);
  if (!setup.branches.some((one) => one.id === page.branch)) page.branch = "";
  queue = new Queue(setup.site, (outcome) => {
    heardFrom(outcome);
    render();
  });
}

async function look() {
  if (!document.hidden) {
    if (!(Date.now() - page.setupAt < SETUP_MINUTES * 60_000)) {
      const setup = await ask("/desk/api/setup");
      if (setup) {
        const { now, ...kept } = setup;
        keep("headwater.desk.setup", kept);
        if (!queue || page.setup.site !== kept.site) begin(kept);
        page.setup = kept;
        page.setupAt = Date.now();
        queue.open = true;
      }
    }
    const told = queue?.open ? await ask("/desk/api/calls") : null;
    if (told && told.site !== page.setup.site) {
      page.setupAt = 0; // somebody signed in for another site, in another tab
      queue.open = false;
    } else if (told) {
      page.calls = told.calls;
      page.leads = told.leads;
      page.trackingKnown = told.tracking_known;
      queue.flush();
    }
    render();
  }
  setTimeout(look, LOOK_SECONDS * 1000);
}

async function signOut() {
  try {
    await fetch("/sign-in/api/out", { method: "POST", headers: { "X-Headwater": "1" } });
    for (const name of ["marks", "said"]) localStorage.removeItem(`headwater.desk.${page.setup.site}.${name}`);
    location.assign("/sign-in?to=/desk");
  } catch {
    page.reached = false;
    render();
  }
}

async function start() {
  document.addEventListener("keydown", pressed);
  window.addEventListener("online", () => queue?.flush());
  window.addEventListener("offline", () => {
    page.reached = false;
    render();
  });
  if (navigator.serviceWorker) {
    navigator.serviceWorker.register("/desk/worker.js", { scope: "/desk" }).catch(() => {});
  }
  if (page.setup) begin(page.setup);
  const who = await ask("/sign-in/api/who").catch(() => null);
  if (!who && !page.signedIn && !(queue && queue.waiting().length)) {
    location.replace("/sign-in?to=/desk");
    return;
  }
  look();
}

start();
