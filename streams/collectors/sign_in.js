// The sign-in page: the key is sent once, and nothing of it stays in the page.

const WORDS = {
  ko: {
    title: "로그인",
    label: "받은 키",
    submit: "들어가기",
    hint: "키는 담당자에게 받으세요. 12시간 뒤에 다시 묻습니다.",
    other: "English",
    wrong: "쓸 수 없는 키입니다. 빠진 글자가 없는지 확인하세요.",
    often: "여러 번 틀렸습니다. 잠시 뒤에 다시 해 보세요.",
    away: "서버에 닿지 않습니다. 인터넷 연결을 확인하세요.",
  },
  en: {
    title: "Sign in",
    label: "Your key",
    submit: "Sign in",
    hint: "Whoever runs the system gives you the key. You are asked again after 12 hours.",
    other: "한국어",
    wrong: "This key cannot be used. Check that no character is missing.",
    often: "Too many wrong keys. Try again in a moment.",
    away: "The server cannot be reached. Check the connection.",
  },
};
const OUR_PAGES = ["/desk", "/manage"];

const at = (id) => document.getElementById(id);

function kept() {
  try {
    const found = localStorage.getItem("headwater.language");
    return found in WORDS ? found : null;
  } catch {
    return null;
  }
}

let language = kept() || (navigator.language.startsWith("ko") ? "ko" : "en");
let message = "";

function show() {
  const words = WORDS[language];
  document.documentElement.lang = language;
  document.title = `${words.title} · headwater`;
  for (const id of ["title", "label", "submit", "hint"]) at(id).textContent = words[id];
  at("other-language").textContent = words.other;
  at("message").textContent = message ? words[message] : "";
}

function wanted() {
  const to = new URLSearchParams(location.search).get("to");
  return OUR_PAGES.includes(to) ? to : "";
}

async function signIn(event) {
  event.preventDefault();
  at("submit").disabled = true;
  message = "";
  try {
    const answer = await fetch("/sign-in/api/in", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Headwater": "1" },
      body: JSON.stringify({ key: at("key").value }),
    });
    if (answer.ok) {
      const person = await answer.json();
      location.replace(wanted() || person.to);
      return;
    }
    message = answer.status === 401 || answer.status === 400 ? "wrong" : answer.status === 429 ? "often" : "away";
  } catch {
    message = "away";
  }
  at("submit").disabled = false;
  show();
  at("key").select();
}

at("form").addEventListener("submit", signIn);
at("other-language").addEventListener("click", () => {
  language = language === "ko" ? "en" : "ko";
  try {
    localStorage.setItem("headwater.language", language);
  } catch {
    // a browser that keeps nothing
  }
  show();
});
show();
at("key").focus();
