// Keeps the desk's own files, so that the page opens without a network. It keeps nothing that anybody recorded.

const KEPT = "desk";
const FILES = ["/desk", "/desk/desk.js", "/desk/words.js", "/desk/queue.js", "/desk/desk.css"];

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(KEPT)
      .then((kept) => kept.addAll(FILES))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin || !FILES.includes(url.pathname)) return;
  event.respondWith(
    fetch(event.request)
      .then(async (answer) => {
        if (answer.ok) await (await caches.open(KEPT)).put(url.pathname, answer.clone());
        return answer;
      })
      .catch(() => caches.match(url.pathname)),
  );
});
