"use strict";
// For where a host of mere files serves the page, and there is no server of ours: folder.go puts it into the page behind boot.js.
(() => {
  // Visited once, the page opens offline, too. From our own server it does not: that may be replaced by another at the same
  // address, and what was kept would be the old one's page.
  const keep = async () => {
    const { waiting } = await navigator.serviceWorker.register("offline.js");
    if (!waiting) return;
    // Another version has come since the last visit: it takes over, before anything is done with the one before it.
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
    waiting.postMessage("take over");
  };
  slotrace.WebSocket = class { // nobody is at its other end
    send() {}
    close() {}
  };
  if (navigator.serviceWorker) keep().catch(() => {}); // refused, as in a private window: it works online
})();
