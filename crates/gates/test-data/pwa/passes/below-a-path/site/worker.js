const STORE = "tides-1";
const FILES = ["./"];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(STORE).then((store) => store.addAll(FILES)));
});

addEventListener("fetch", (event) => {
  const answer = caches.match(event.request, { ignoreSearch: true });
  event.respondWith(answer.then((stored) => stored ?? fetch(event.request)));
});
