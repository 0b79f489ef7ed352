// The manage page: one section at a time, named in the address after #.

import { people } from "/manage/people.js";
import { audit } from "/manage/audit.js";
import { campaigns } from "/manage/campaigns.js";
import { files } from "/manage/files.js";
import { menu } from "/manage/menu.js";
import { ask, business, el, language, learn, nameOf, notice, otherLanguage, tellFailure, word } from "/manage/page.js";
import { places } from "/manage/places.js";
import { spend } from "/manage/spend.js";

const SECTIONS = { audit, spend, places, menu, campaigns, files, people };
const at = (id) => document.getElementById(id);

function wanted() {
  const name = location.hash.slice(1);
  return name in SECTIONS && (name !== "people" || business().role === "owner") ? name : "audit";
}

async function show(focus) {
  const name = wanted();
  document.documentElement.lang = language();
  document.title = `${word(`section_${name}`)} · headwater`;
  at("skip").textContent = word("skip");
  at("business").textContent = nameOf(business().name, business().site);
  at("role").textContent = word(`role_${business().role}`);
  at("other-language").textContent = word("other_language");
  at("sign-out").textContent = word("sign_out");
  at("sections").setAttribute("aria-label", word("sections"));
  at("sections").replaceChildren(
    ...Object.keys(SECTIONS)
      .filter((one) => one !== "people" || business().role === "owner")
      .map((one) => el("a", { href: `#${one}`, "aria-current": one === name ? "page" : null }, word(`section_${one}`))),
  );
  at("sections").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  const work = at("work");
  work.dataset.section = "";
  work.replaceChildren(el("h1", {}, word(`section_${name}`)), el("p", { class: "told" }, word(`told_${name}`)));
  try {
    await SECTIONS[name](work);
    work.dataset.section = name;
  } catch (error) {
    tellFailure(error);
  }
  if (focus) work.focus();
}

at("skip").addEventListener("click", (event) => {
  event.preventDefault();
  at("work").focus();
});
at("other-language").addEventListener("click", () => {
  otherLanguage();
  show(false);
});
at("sign-out").addEventListener("click", async () => {
  await fetch("/sign-in/api/out", { method: "POST", headers: { "X-Headwater": "1" } }).catch(() => null);
  location.assign("/sign-in?to=/manage");
});
addEventListener("hashchange", () => {
  notice("");
  show(true);
});
try {
  await learn();
  await show(false);
} catch (error) {
  tellFailure(error);
}
