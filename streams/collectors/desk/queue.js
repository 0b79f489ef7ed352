// What was tapped and is not confirmed yet: kept in the browser, sent with the ids it was made with.
// Sending twice does no harm, so that two tabs may share one queue and an answer may get lost.

const LOT = 50;
const SLOWEST_SECONDS = 30;

export class Queue {
  constructor(site, changed) {
    this.site = site;
    this.open = false; // until it is known that whoever is signed in speaks for this site
    this.key = `headwater.desk.${site}.queue`;
    this.changed = changed; // (outcome) => void, with what became of a lot
    this.sending = false;
    this.seconds = 2;
    this.timer = 0;
    this.unkept = null;
  }

  waiting() {
    if (this.unkept) return this.unkept;
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) || "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  }

  add(events) {
    this.#keep([...this.waiting(), ...events.map((event) => ({ event, tried: false }))]);
    this.flush();
  }

  // An event that was never sent -> taken out of the queue; false when it may have been heard.
  drop(id) {
    const kept = this.waiting();
    if (!kept.some((one) => one.event.event_id === id && !one.tried)) return false;
    this.#keep(kept.filter((one) => one.event.event_id !== id));
    return true;
  }

  holds(id) {
    return this.waiting().some((one) => one.event.event_id === id);
  }

  async flush() {
    clearTimeout(this.timer);
    if (!this.open || this.sending || this.waiting().length === 0) return;
    this.sending = true;
    const lot = this.waiting().slice(0, LOT).map((one) => one.event);
    const ids = new Set(lot.map((event) => event.event_id));
    this.#keep(this.waiting().map((one) => (ids.has(one.event.event_id) ? { ...one, tried: true } : one)));
    const outcome = await post(this.site, lot);
    this.sending = false;
    if (outcome.settled) {
      this.#keep(this.waiting().filter((one) => !ids.has(one.event.event_id)));
      this.seconds = 2;
    } else {
      this.seconds = Math.min(SLOWEST_SECONDS, outcome.retry || this.seconds * 1.6);
    }
    this.changed(outcome);
    if (this.waiting().length && outcome.status !== 401 && outcome.status !== 403) {
      this.timer = setTimeout(() => this.flush(), outcome.settled ? 0 : this.seconds * 1000);
    }
  }

  #keep(entries) {
    this.unkept = null;
    try {
      localStorage.setItem(this.key, JSON.stringify(entries));
    } catch {
      this.unkept = entries; // a browser that keeps nothing: they wait as long as the page is open
    }
  }
}

// Events -> whether they are settled (recorded, or refused for good), and what became of them.
export async function post(site, events) {
  let answer;
  try {
    answer = await fetch("/desk/api/events", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Headwater": "1" },
      body: JSON.stringify({ site, events }),
    });
    const told = await answer.json();
    const settled = answer.status === 202 || [400, 413, 415].includes(answer.status);
    const rejected = answer.status === 202 ? told.rejected : events.map(({ event_id }) => ({ event_id, problems: [] }));
    return {
      settled,
      status: answer.status,
      rejected: settled ? rejected : [],
      retry: Number(answer.headers.get("Retry-After")) || 0,
    };
  } catch {
    return { settled: false, status: answer ? answer.status : 0, rejected: [], retry: 0 };
  }
}
