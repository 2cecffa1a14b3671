// Keeps the page for when there is no network, where a host of mere files serves it. Before this stands, written by folder.go:
// version, a hash of all files, and files, what each must hash to. Nothing else is ever kept, and what is asked for under /api
// passes by.
const prefix = "slotrace of " + registration.scope + ": "; // other pages of this host have caches of their own
const address = (file) => new URL(file, registration.scope).href;
const kept = new Set(Object.keys(files).map(address));

// All of one version or nothing, also while the host is being given the next.
addEventListener("install", (event) => event.waitUntil((async () => {
  const cache = await caches.open(prefix + version);
  await cache.addAll(Object.entries(files).map(([file, integrity]) => new Request(file, { cache: "reload", integrity })));
})()));

addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith(prefix) && name !== prefix + version) await caches.delete(name);
  await clients.claim();
})()));

// site.js asks for it where nothing of the version before is in use yet.
addEventListener("message", (event) => {
  if (event.data === "take over") skipWaiting();
});

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  url.search = url.hash = "";
  const asked = url.href === address("index.html") ? address("./") : url.href;
  if (event.request.method !== "GET" || !kept.has(asked)) return;
  event.respondWith((async () => await (await caches.open(prefix + version)).match(asked) ?? fetch(event.request))());
});
