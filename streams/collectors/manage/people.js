// Who may sign in: keys by role, a new one shown once.

import { ask, choices, doing, el, field, linkLine, notice, word } from "/manage/page.js";

const ROLES = ["desk", "analyst", "owner"];

export async function people(work) {
  const list = el("tbody");
  const fresh = el("div", { "aria-live": "polite" });
  const role = el("select", { id: "key-role" }, choices(ROLES.map((one) => [one, word(`role_${one}`)]), "desk"));
  const label = el("input", { maxlength: 40, id: "key-label", placeholder: word("key_label_like") });

  async function draw() {
    const { keys } = await ask("keys");
    list.replaceChildren(
      ...keys.map((key) =>
        el(
          "tr",
          { class: key.ended_at ? "off" : "", "data-key": key.id },
          el("th", { scope: "row", "data-head": word("field_title") }, key.label || key.id),
          el("td", { "data-head": word("field_role") }, word(`role_${key.role}`)),
          el("td", { "data-head": word("made_on") }, key.created_at.slice(0, 10)),
          el(
            "td",
            { "data-head": "" },
            key.ended_at
              ? word("ended_on", { day: key.ended_at.slice(0, 10) })
              : key.own
                ? word("own_key")
                : el(
                    "button",
                    {
                      type: "button",
                      class: "small",
                      onclick: doing(async (event) => {
                        const button = event.currentTarget;
                        if (button.dataset.sure !== "yes") {
                          button.dataset.sure = "yes";
                          button.textContent = word("end_key_sure");
                          return;
                        }
                        await ask("keys/end", { id: key.id });
                        await draw();
                        notice(word("key_ended"));
                      }),
                    },
                    word("end_key"),
                  ),
          ),
        ),
      ),
    );
  }

  const make = doing(async () => {
    const made = await ask("keys", { role: role.value, label: label.value.trim() });
    label.value = "";
    await draw();
    fresh.replaceChildren(el("div", { class: "key" }, el("p", {}, word("key_once", { role: word(`role_${made.key.role}`) })), linkLine(made.text, word("key"))));
  });

  work.append(
    el(
      "form",
      { class: "card", onsubmit: make },
      el("h2", {}, word("new_key")),
      el("div", { class: "fields" }, field(word("field_role"), role), field(word("field_title"), label), el("button", { type: "submit", class: "strong", id: "key-make" }, word("make"))),
      el("p", { class: "quiet" }, word("key_label_told")),
      fresh,
    ),
    el(
      "div",
      { class: "card wide" },
      el("table", { class: "list" }, el("thead", {}, el("tr", {}, ["field_title", "field_role", "made_on"].map((one) => el("th", { scope: "col" }, word(one))), el("th", {}))), list),
    ),
  );
  await draw();
}
