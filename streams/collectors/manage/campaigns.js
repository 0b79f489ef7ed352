// Campaigns: budget, period, goal, and what was spent.

import { ask, branchChoices, business, channelChoices, channelName, choices, doing, el, field, mayChange, notice, word, won } from "/manage/page.js";

const METRICS = ["satisfaction", "reach", "reviews", "open_slots"];

export async function campaigns(work) {
  const holder = el("div");
  work.append(holder);
  const metricName = (name) => (word(`metric_${name}`) === `metric_${name}` ? name : word(`metric_${name}`));

  function form(one, draw) {
    const metrics = [...new Set([...business().stages, ...METRICS, ...(one.goal_metric ? [one.goal_metric] : [])])];
    const inputs = {
      name: el("input", { value: one.name ?? "", maxlength: 128, required: true }),
      channel: el("select", {}, channelChoices(one.channel, word("all_channels"))),
      branch: el("select", {}, branchChoices(one.branch, word("all_branches"))),
      budget: el("input", { inputmode: "numeric", value: one.budget === null || one.budget === undefined ? "" : won(one.budget) }),
      starts_on: el("input", { type: "date", value: one.starts_on ?? "" }),
      ends_on: el("input", { type: "date", value: one.ends_on ?? "" }),
      goal_metric: el("select", {}, choices(metrics.map((metric) => [metric, metricName(metric)]), one.goal_metric, word("no_goal"))),
      goal_count: el("input", { inputmode: "numeric", value: one.goal_count ?? "" }),
      utm_campaign: el("input", { value: (one.utm_campaign ?? []).join(", ") }),
    };
    const whole = (text) => (text.replace(/[\s,원₩]/g, "") === "" ? null : Number(text.replace(/[\s,원₩]/g, "")));
    return el(
      "form",
      {
        onsubmit: doing(async () => {
          const said = { name: inputs.name.value.trim() };
          for (const name of ["channel", "branch", "starts_on", "ends_on", "goal_metric"]) if (inputs[name].value) said[name] = inputs[name].value;
          for (const name of ["budget", "goal_count"]) {
            const number = whole(inputs[name].value);
            if (number !== null && !Number.isSafeInteger(number)) {
              inputs[name].setAttribute("aria-invalid", "true");
              notice(word("fix_won"), true);
              return;
            }
            if (number !== null) said[name] = number;
          }
          said.utm_campaign = inputs.utm_campaign.value.split(",").map((text) => text.trim()).filter(Boolean);
          if (one.id) Object.assign(said, { id: one.id, was: one.was });
          await ask("campaigns", said);
          await draw();
          notice(word("saved"));
        }),
      },
      el(
        "div",
        { class: "fields" },
        Object.entries(inputs)
          .filter(([name]) => name !== "branch" || business().branches.length)
          .map(([name, input]) => field(word(`field_${name === "name" ? "title" : name}`), input)),
      ),
      el("p", { class: "quiet" }, word("utm_campaign_told")),
      el("div", { class: "actions" }, el("button", { type: "submit", class: "strong" }, word("save"))),
    );
  }

  async function draw() {
    const { campaigns: listed } = await ask("campaigns");
    holder.replaceChildren(
      listed.length ? "" : el("p", { class: "told" }, word("no_campaigns_yet")),
      ...listed.map((one) => {
        const goal = one.goal_metric ? `${metricName(one.goal_metric)} ${one.goal_count ?? ""}` : word("no_goal");
        const spent = one.spent === null ? "–" : won(one.spent);
        return el(
          "section",
          { class: "card", "data-campaign": one.id },
          el("h3", {}, one.name),
          el(
            "p",
            { class: "quiet" },
            [
              one.channel ? channelName(one.channel) : word("all_channels"),
              one.starts_on || one.ends_on ? `${one.starts_on ?? ""} ~ ${one.ends_on ?? ""}` : word("always"),
              word("budget_told", { budget: one.budget === null ? "–" : won(one.budget), spent }),
              word("goal_told", { goal }),
            ].join(" · "),
          ),
          mayChange() ? el("details", {}, el("summary", {}, word("change")), form(one, draw)) : null,
        );
      }),
      mayChange() ? el("details", { class: "card", open: listed.length === 0 }, el("summary", {}, word("new_campaign")), form({}, draw)) : "",
    );
  }
  await draw();
}
