// The desk's buttons in their order; one of them may ask which, with choices of its own.

import { ask, business, channelChoices, doing, el, field, labelOf, language, learn, mayChange, notice, word } from "/manage/page.js";

export async function menu(work) {
  const items = structuredClone(business().menu);
  const holder = el("div");

  function buttons(list, at, again) {
    const move = (by) => {
      const to = at + by;
      if (to < 0 || to >= list.length) return;
      [list[at], list[to]] = [list[to], list[at]];
      again();
    };
    const remove = () => {
      list.splice(at, 1);
      again();
    };
    const button = (sign, name, work) => el("button", { type: "button", class: "small", "aria-label": name, onclick: work }, sign);
    return el("span", { class: "orders" }, button("↑", word("up"), () => move(-1)), button("↓", word("down"), () => move(1)), button("×", word("remove_line"), remove));
  }

  function row(list, at, again) {
    const item = list[at];
    const label = el("input", { value: labelOf(item.label), maxlength: 60, disabled: !mayChange(), "aria-label": word("field_label") });
    label.addEventListener("change", () => {
      const text = label.value.trim();
      if (typeof item.label === "string") item.label = text;
      else item.label[language()] = text;
    });
    const parts = [label];
    if (item.which) parts.push(el("span", { class: "quiet" }, word("asks_which")));
    else {
      const channel = el("select", { disabled: !mayChange(), "aria-label": word("field_channel") }, channelChoices(item.channel, item.channel ? undefined : word("choose")));
      if (item.channel && !business().channels.some((one) => one.id === item.channel)) channel.prepend(el("option", { value: item.channel, selected: true }, item.channel));
      channel.addEventListener("change", () => (item.channel = channel.value));
      parts.push(channel);
    }
    if (mayChange()) parts.push(buttons(list, at, again));
    return el("li", {}, el("div", { class: "choice" }, parts), item.which ? listOf(item.which) : null);
  }

  function listOf(list) {
    const shown = el("ol", { class: "choices" });
    const again = () => {
      const add = el("button", { type: "button", class: "small", onclick: () => (list.push({ label: "", channel: "" }), again()) }, word("add_line"));
      shown.replaceChildren(...list.map((_, at) => row(list, at, again)), ...(mayChange() && list !== items ? [el("li", { class: "add" }, add)] : []));
    };
    again();
    shown.again = again;
    return shown;
  }

  const top = listOf(items);
  holder.append(top);
  const label = el("input", { maxlength: 60 });
  const channel = el("select", {}, channelChoices("", word("choose")));
  const add = () => {
    if (!label.value.trim() || !channel.value) return;
    items.push({ label: label.value.trim(), channel: channel.value });
    label.value = "";
    top.again();
  };
  const addWhich = () => {
    items.push({ label: { ko: "인터넷", en: "The internet" }, which: [{ label: "", channel: "" }] });
    top.again();
  };
  const keep = doing(async () => {
    await ask("menu", { menu: items, ...(business().was ? { was: business().was } : {}) });
    await learn();
    notice(word("saved"));
  });
  work.append(
    el(
      "div",
      { class: "card" },
      items.length ? null : el("p", { class: "told" }, word("no_menu_yet")),
      holder,
      mayChange()
        ? el(
            "div",
            { class: "fields" },
            field(word("field_label"), label),
            field(word("field_channel"), channel),
            el("button", { type: "button", onclick: add }, word("add_line")),
            el("button", { type: "button", onclick: addWhich }, word("add_which")),
          )
        : null,
      mayChange() ? el("div", { class: "actions" }, el("button", { type: "button", class: "strong", onclick: keep }, word("save"))) : null,
    ),
  );
}
