/* hw.js of headwater: tells the site's own collector of visits, clicks and forms. Nothing is loaded, no third
 * party is asked, no link and no address is changed. Until hw.consent(true) it keeps one session id in
 * sessionStorage and nothing that lasts. How to use it: docs/web.md. */
(function () {
  "use strict";

  const IDLE = 30 * 60 * 1000; // a pause that ends a session, as in the collector's rulings
  const MOST_QUEUED = 200;
  const MOST_IN_A_BATCH = 50;
  const MOST_CHARACTERS = 20000; // of a batch: browsers send at most 64 kB while a page closes
  const LONGEST_RETRY = 5 * 60 * 1000;
  const OLDEST = 7 * 24 * 60 * 60 * 1000; // what waited longer is not sent any more
  const SHOWN = 30 * 60 * 1000; // how long a number belongs to a visitor after the last answer

  const script = document.currentScript || document.querySelector("script[data-key^='hwb_']");
  const asked = Array.isArray(window.hw) ? window.hw : [];
  if (!script || !window.crypto || (window.hw && !Array.isArray(window.hw))) return;
  const settings = script.dataset;
  const collector = new URL(".", script.src).href;

  if (settings.dnt === "respect" && (navigator.doNotTrack === "1" || navigator.globalPrivacyControl === true)) {
    const nothing = function () {};
    window.hw = {
      push: nothing, consent: nothing, page: nothing, contact: nothing, engaged: nothing, inquiry: nothing,
      assign: nothing, visitor: function () { return null; },
    };
    return;
  }

  // ---- what is kept in the browser ---------------------------------------------------------------------

  /* Storage may be full, forbidden or absent: then the page's own memory has to do. */
  function read(store, name) {
    try { return window[store].getItem(name); } catch (error) { return null; }
  }
  function write(store, name, text) {
    try { window[store].setItem(name, text); } catch (error) { /* kept in memory all the same */ }
  }
  function remove(store, name) {
    try { window[store].removeItem(name); } catch (error) { /* never was there */ }
  }
  function names(prefix) {
    try {
      return Object.keys(window.localStorage).filter(function (name) { return name.startsWith(prefix); });
    } catch (error) { return []; }
  }
  function parsed(text) {
    try { return JSON.parse(text); } catch (error) { return null; }
  }
  function random() {
    const bytes = window.crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, function (byte) { return (byte + 256).toString(16).slice(1); }).join("");
  }

  let visitor = read("localStorage", "hw.consent") === "yes" ? read("localStorage", "hw.visitor") : null;
  let session = parsed(read(visitor ? "localStorage" : "sessionStorage", "hw.session"));

  function keepSession() {
    write(visitor ? "localStorage" : "sessionStorage", "hw.session", JSON.stringify(session));
  }

  /* A session is counted under the visitor only if it began with consent: one visit stays one visit. */
  function newSession(campaign) {
    session = { id: "s-" + random(), at: Date.now(), campaign: campaign, by: visitor ? "visitor_id" : "session_id" };
  }

  function consent(given) {
    if (given && !visitor) {
      visitor = read("localStorage", "hw.visitor") || "v-" + random();
      write("localStorage", "hw.visitor", visitor);
      write("localStorage", "hw.consent", "yes");
      remove("sessionStorage", "hw.session");
      queue.forEach(function (text, id) { write("localStorage", "hw.queue." + id, text); });
      if (session && Date.now() - session.at <= IDLE) {
        keepSession();
        say("person_identified", { visitor_id: visitor, session_id: session.id });
      }
      askForNumber();
    } else if (!given) {
      names("hw.").forEach(function (name) { remove("localStorage", name); });
      const before = visitor;
      visitor = null;
      giveNumbersBack();
      if (before && session) {
        newSession(session.campaign); // under another id, which nothing joins to the visitor
        keepSession();
      }
    }
  }

  // ---- saying it -----------------------------------------------------------------------------------------

  const queue = new Map(); // event_id -> JSON, in order; with consent a copy of each lies in localStorage
  let inFlight = new Set();
  const beaconed = new Set(); // on the way since the page went out of sight
  let failures = 0;
  let timer = null;

  function say(type, fields) {
    const who = {};
    const hit = type === "visit_seen" || type === "page_viewed";
    if (!session) newSession("");
    if (visitor && (!hit || session.by === "visitor_id")) who.visitor_id = visitor;
    else who.session_id = session.id;
    const event = Object.assign(
      { event_id: "w-" + random(), type: type, site: settings.site, occurred_at: new Date().toISOString() },
      settings.branch ? { branch: settings.branch } : {}, who, fields
    );
    Object.keys(event).forEach(function (name) {
      if (event[name] === undefined || event[name] === "") delete event[name];
    });
    const text = JSON.stringify(event);
    queue.set(event.event_id, text);
    if (visitor) write("localStorage", "hw.queue." + event.event_id, text);
    while (queue.size > MOST_QUEUED) forget(queue.keys().next().value);
    soon(20);
  }

  function forget(id) {
    queue.delete(id);
    remove("localStorage", "hw.queue." + id);
  }

  function soon(milliseconds) {
    if (timer === null && queue.size) {
      timer = setTimeout(function () { timer = null; send(); }, milliseconds);
    }
  }

  /* The oldest events of one browser: a request speaks for one visitor, or for one session. */
  function batch(but) {
    const ids = [], texts = [];
    let who = null, characters = 0;
    queue.forEach(function (text, id) {
      const event = parsed(text);
      if (!event || Date.now() - Date.parse(event.occurred_at) > OLDEST) return forget(id);
      const whose = event.visitor_id || event.session_id;
      if (but.has(id) || (who && whose !== who) || ids.length >= MOST_IN_A_BATCH) return;
      if (ids.length && characters + text.length > MOST_CHARACTERS) return;
      who = whose;
      characters += text.length;
      ids.push(id);
      texts.push(text);
    });
    return { ids: ids, body: "[" + texts.join(",") + "]" };
  }

  function address(path) {
    return collector + path + "?key=" + encodeURIComponent(settings.key);
  }

  /* text/plain is what a page may send elsewhere without asking first. */
  function post(path, body) {
    return fetch(address(path), {
      method: "POST", body: body, keepalive: true, credentials: "omit", headers: { "Content-Type": "text/plain" },
    });
  }

  function send() {
    if (inFlight.size || !queue.size) return;
    const now = batch(inFlight);
    if (!now.ids.length) return;
    inFlight = new Set(now.ids);
    post("v1/events", now.body).then(
      function (answer) {
        // Whatever is refused for good would be refused again: only "later" is asked again.
        settled(answer.ok || (answer.status < 500 && answer.status !== 408 && answer.status !== 429));
      },
      function () { settled(false); }
    );
  }

  function settled(done) {
    if (done) inFlight.forEach(forget);
    inFlight = new Set();
    failures = done ? 0 : failures + 1;
    const pause = Math.min(1000 * Math.pow(2, failures), LONGEST_RETRY);
    soon(done ? 0 : pause * (0.75 + Math.random() / 2));
  }

  function again() {
    clearTimeout(timer);
    timer = null;
    failures = 0;
    send();
  }

  /* The page may be gone in a moment. A beacon is not answered: with consent the events stay queued until a
   * later page hears that they are known, and the same event_id is never counted twice. */
  function leave() {
    videos.forEach(tellWatched);
    const sent = new Set(beaconed);
    if ("keepalive" in Request.prototype) inFlight.forEach(function (id) { sent.add(id); });
    for (let now = batch(sent); now.ids.length && navigator.sendBeacon; now = batch(sent)) {
      if (!navigator.sendBeacon(address("v1/events"), new Blob([now.body], { type: "text/plain" }))) return;
      now.ids.forEach(function (id) { sent.add(id); beaconed.add(id); });
    }
  }

  // ---- visits and pages ----------------------------------------------------------------------------------

  const CAMPAIGN = [
    "utm_source", "utm_medium", "utm_campaign", "gclid", "gbraid", "wbraid", "msclkid", "fbclid", "ttclid",
    "n_click_id", "hw_scan", "scan_id",
  ];
  const APPS = [
    ["kakaotalk", /KAKAOTALK/i], ["naver", /NAVER\(inapp/i], ["daum", /DaumApps/], ["instagram", /Instagram/],
    ["facebook", /FBAN|FBAV|FB_IAB/], ["line", /\bLine\//], ["band", /\bBAND\//],
    ["tiktok", /BytedanceWebview|musical_ly|trill_/],
  ];

  function campaignOf(url) {
    const found = new URL(url).searchParams;
    return CAMPAIGN.filter(function (name) { return found.get(name); })
      .map(function (name) { return name + "=" + found.get(name); }).join("&");
  }

  /* Cut between two parameters, never changed. */
  function short(url) {
    const whole = url.split("#")[0];
    return whole.length <= 4096 ? whole : whole.slice(0, whole.slice(0, 4097).search(/[?&][^?&]*$/));
  }

  function app() {
    const known = APPS.find(function (one) { return one[1].test(navigator.userAgent); });
    return known ? known[0] : "";
  }

  /* The address as it was opened: a site may have shortened it before this script came. */
  function opened() {
    const entry = performance.getEntriesByType && performance.getEntriesByType("navigation")[0];
    return entry && /^https?:/.test(entry.name) ? entry.name : location.href;
  }

  function page(landing) {
    const url = landing ? opened() : location.href;
    const campaign = campaignOf(url);
    const running = session && Date.now() - session.at <= IDLE && (session.by === "session_id" || visitor);
    const began = !running || (campaign && campaign !== session.campaign);
    if (!running) newSession(campaign);
    session.at = Date.now();
    if (began) session.campaign = campaign;
    keepSession();
    if (!began) return say("page_viewed", { url: short(url) });
    const found = new URL(url).searchParams;
    const referrer = landing ? document.referrer : "";
    say("visit_seen", {
      url: short(url),
      referrer: short(referrer),
      in_app: landing && !referrer ? app() : "",
      scan_id: found.get("hw_scan") || found.get("scan_id") || "",
    });
  }

  let here = "";

  function place() {
    return location.pathname + location.search + (/^#[!/]/.test(location.hash) ? location.hash : "");
  }

  /* A single-page site moved. A replaced address is a page only if its path is another one. */
  function moved(replaced) {
    const before = here;
    here = place();
    if (before === here || (replaced && before.split(/[?#]/)[0] === location.pathname)) return;
    page(false);
  }

  // ---- clicks --------------------------------------------------------------------------------------------

  const CONTACTS = [
    ["naver_booking", /^https?:\/\/([a-z0-9-]+\.)*booking\.naver\.com(\/|$)/],
    ["naver_booking", /^https?:\/\/([a-z0-9-]+\.)*(place|map)\.naver\.com\/.*booking/],
    ["naver_talk", /^https?:\/\/([a-z0-9-]+\.)*talk\.naver\.com(\/|$)/],
    ["kakao", /^https?:\/\/(pf|open|plus|plus-talk|talk-plus)\.kakao\.com(\/|$)/],
    ["kakao", /^kakao(talk|plus|open|link):/],
    ["map", /^https?:\/\/([a-z0-9-]+\.)*(map|place)\.naver\.com(\/|$)/],
    ["map", /^https?:\/\/([a-z0-9-]+\.)*map\.kakao\.com(\/|$)|^https?:\/\/kko\.(to|kakao\.com)\//],
    ["map", /^https?:\/\/(www\.)?google\.[a-z.]+\/maps|^https?:\/\/maps\.(google\.[a-z.]+|app\.goo\.gl|apple\.com)(\/|$)/],
    ["map", /^https?:\/\/goo\.gl\/maps\/|^https?:\/\/(www\.)?tmap\.life(\/|$)/],
    ["map", /^(geo|nmap|kakaomap|daummaps|tmap):/],
  ];
  const FILES = /\.(pdf|hwpx?|docx?|xlsx?|pptx?|csv|zip|7z|egg|alz|apk|epub|mp3|ics|vcf)$/i;

  function contact(kind, target) {
    say("contact_clicked", { kind: kind, target: target });
    again(); // the page may be on its way out
  }

  function decoded(text) {
    let readable = text;
    try { readable = decodeURIComponent(text); } catch (error) { /* another charset: as it is */ }
    return readable.replace(/[\u0000-\u001f\u007f]/g, " ").trim();
  }

  function clicked(event) {
    const from = event.composedPath ? event.composedPath()[0] : event.target;
    const element = from && from.nodeType === 3 ? from.parentElement : from;
    if (!element || !element.closest || (event.type === "auxclick" && event.button !== 1)) return;
    const link = element.closest("a[href], area[href]");
    const href = link ? link.href : "";
    const plain = href.split(/[?#]/)[0];
    const named = element.closest("[data-hw-contact]");
    if (named) return contact(named.dataset.hwContact, named.dataset.hwTarget || plain.replace(/^tel:/i, ""));
    if (!link) return;
    if (/^tel:/i.test(href)) return contact("tel", decoded(plain.slice(4)));
    const known = CONTACTS.find(function (one) { return one[1].test(href); });
    if (known) return contact(known[0], plain.slice(0, 4096));
    if (/^https?:/.test(href) && (link.hasAttribute("download") || FILES.test(link.pathname))) {
      say("content_engaged", { content: decoded(link.pathname).slice(-512), kind: "download" });
      again();
    }
  }

  // ---- videos --------------------------------------------------------------------------------------------

  const videos = new Map(); // element -> how far it was watched: seconds that ran, a seek is none

  function playing(event) {
    const video = event.target;
    if (!(video instanceof HTMLMediaElement) || (video.autoplay && video.muted && video.loop)) return;
    const known = videos.get(video) || { watched: 0, told: 0, at: video.currentTime };
    const step = video.currentTime - known.at;
    if (event.type === "timeupdate" && step > 0 && step < 2 * Math.max(1, video.playbackRate)) known.watched += step;
    known.at = video.currentTime;
    videos.set(video, known);
    if (event.type === "pause" || event.type === "ended") tellWatched(known, video);
  }

  function tellWatched(known, video) {
    if (known.watched - known.told < 1) return;
    known.told = known.watched;
    const source = /^https?:/.test(video.currentSrc) ? new URL(video.currentSrc).pathname : location.pathname;
    engaged(video.dataset.hwContent || decoded(source), {
      watched_seconds: Math.round(known.watched * 10) / 10,
      length_seconds: isFinite(video.duration) ? Math.round(video.duration * 10) / 10 : undefined,
    });
  }

  function engaged(content, fields) {
    say("content_engaged", Object.assign({ kind: "video" }, fields, { content: String(content).slice(-512) }));
  }

  // ---- experiments ---------------------------------------------------------------------------------------

  /* The variant that this visitor is shown: said once a session, however many pages show it. */
  function assign(experiment, variant) {
    const name = String(experiment).slice(0, 128), shown = String(variant).slice(0, 128);
    const said = session.assigned || {};
    if (said[name] === shown) return;
    session.assigned = Object.assign({}, said, { [name]: shown });
    keepSession();
    say("experiment_assigned", { experiment: name, variant: shown });
  }

  // ---- forms ---------------------------------------------------------------------------------------------

  function values(form, selector) {
    return Array.from(form.querySelectorAll(selector))
      .map(function (field) { return (field.value || "").trim(); }).filter(Boolean);
  }

  /* One field, or three: 010 - 1234 - 5678. */
  function phoneOf(form) {
    const marked = values(form, "[data-hw='phone']");
    const found = marked.length ? marked : values(form, "input[type='tel'], input[autocomplete~='tel']");
    const whole = found.find(function (text) { return text.replace(/\D/g, "").length >= 9; });
    return whole || found.join("-");
  }

  function submitted(event) {
    const form = event.target;
    if (!form.matches || !form.matches("form[data-hw-form]")) return;
    form.querySelectorAll("input[data-hw='visitor']").forEach(function (field) { field.value = visitor || ""; });
    const service = form.querySelector("[data-hw='service']");
    inquiry({
      form: form.dataset.hwForm || form.id,
      phone: phoneOf(form),
      email: values(form, "[data-hw='email'], input[type='email']")[0],
      service: service ? service.value : form.dataset.hwService,
    });
  }

  /* The phone and e-mail are claims: the collector hashes them and joins nobody by them until the business's own
   * systems say the same. They go apart from the inquiry, which a mistyped number must not cost. */
  function inquiry(said) {
    const claims = {};
    if (/^\+?[0-9 ().-]{9,20}$/.test(said.phone || "")) claims.phone = said.phone;
    if (/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(said.email || "")) claims.email = said.email;
    if (claims.phone || claims.email) {
      if (visitor) say("person_identified", Object.assign({ session_id: session && session.id }, claims));
      else say("content_engaged", Object.assign({ kind: "goal", content: said.form || "form" }, claims));
    }
    say("status_changed", {
      stage: "inquiry", via: said.via || "web_form", service: said.service ? said.service.slice(0, 128) : "",
    });
    again();
  }

  // ---- numbers of the pool -------------------------------------------------------------------------------

  let number = null; // {number, display} as the collector gave it
  let heardAt = 0;
  let heartbeat = null;
  let asking = false;
  const originals = new Map(); // element -> its own text and link

  function showNumber() {
    if (!number) return;
    document.querySelectorAll("[data-hw-number]").forEach(function (element) {
      if (!originals.has(element)) originals.set(element, { text: element.textContent, href: element.getAttribute("href") });
      if (!element.children.length && element.textContent !== number.display) element.textContent = number.display;
      const href = "tel:" + number.number;
      if (element.matches("a[href^='tel:']") && element.getAttribute("href") !== href) element.setAttribute("href", href);
    });
  }

  function giveNumbersBack() {
    clearTimeout(heartbeat);
    heartbeat = null;
    number = null;
    originals.forEach(function (own, element) {
      if (!element.children.length) element.textContent = own.text;
      if (own.href !== null) element.setAttribute("href", own.href);
    });
    originals.clear();
  }

  /* The first time it asks for a number; every later one says that the visitor still sees it. */
  function askForNumber() {
    if (settings.numbers === undefined || !visitor || asking || document.visibilityState !== "visible") return;
    if (!document.querySelector("[data-hw-number]")) return;
    clearTimeout(heartbeat);
    asking = true;
    const own = { site: settings.site, visitor_id: visitor, url: short(location.href) };
    if (settings.numbers) own.pool = settings.numbers;
    post("v1/number", JSON.stringify(own))
      .then(function (answer) { return answer.ok ? answer.json() : Promise.reject(answer.status); })
      .then(
        function (given) {
          asking = false;
          if (!visitor) return;
          if (!given.number) giveNumbersBack();
          else number = { number: given.number, display: given.display || given.number };
          heardAt = Date.now();
          showNumber();
          heartbeat = setTimeout(askForNumber, 1000 * (given.heartbeat_seconds || 300));
        },
        function () {
          asking = false;
          if (number && Date.now() - heardAt > SHOWN) giveNumbersBack(); // it may be another visitor's by now
          heartbeat = setTimeout(askForNumber, 60000);
        }
      );
  }

  // ---- beginning -----------------------------------------------------------------------------------------

  /* Nothing that goes wrong in here may be felt by the page. */
  function safely(work) {
    return function () {
      try { return work.apply(null, arguments); } catch (error) { return undefined; }
    };
  }

  function run(command) {
    const call = window.hw[command[0]];
    if (call) call.apply(null, Array.prototype.slice.call(command, 1));
  }

  function begin() {
    if (visitor) {
      names("hw.queue.").forEach(function (name) {
        queue.set(name.slice("hw.queue.".length), read("localStorage", name) || "");
      });
    }
    window.hw = {
      push: safely(run),
      consent: safely(consent),
      page: safely(function () { page(false); }),
      contact: safely(contact),
      engaged: safely(engaged),
      inquiry: safely(function (said) { inquiry(said || {}); }),
      assign: safely(assign),
      visitor: function () { return visitor; },
    };
    const agreed = function (command) { return Boolean(command) && command[0] === "consent"; };
    asked.filter(agreed).forEach(safely(run));
    here = place();
    page(true);
    asked.filter(function (command) { return !agreed(command); }).forEach(safely(run));
    askForNumber();

    ["pushState", "replaceState"].forEach(function (name) {
      const own = history[name];
      history[name] = function () {
        const result = own.apply(this, arguments);
        safely(moved)(name === "replaceState");
        return result;
      };
    });
    const on = function (target, events, work) {
      events.forEach(function (name) { target.addEventListener(name, safely(work), true); });
    };
    on(window, ["popstate", "hashchange"], function () { moved(false); });
    on(document, ["click", "auxclick"], clicked);
    on(document, ["submit"], submitted);
    on(document, ["play", "timeupdate", "seeking", "pause", "ended"], playing);
    on(window, ["pagehide"], leave);
    on(window, ["online"], again);
    on(window, ["storage"], function (event) { // what was answered in another tab
      if (event.key === "hw.consent" || event.key === null) consent(read("localStorage", "hw.consent") === "yes");
    });
    on(window, ["pageshow"], function (event) { if (event.persisted) page(false); });
    on(document, ["visibilitychange"], function () {
      if (document.visibilityState === "hidden") return leave();
      beaconed.clear();
      again();
      askForNumber();
    });
    if (settings.numbers !== undefined) {
      new MutationObserver(safely(function () {
        if (number) showNumber();
        else if (heartbeat === null) askForNumber();
      })).observe(document.documentElement, { childList: true, subtree: true });
    }
  }

  if (document.prerendering) document.addEventListener("prerenderingchange", safely(begin), { once: true });
  else safely(begin)();
})();
