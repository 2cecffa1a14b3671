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
  if (navigator.serviceWorker) keep().catch(() => {}); // refused, as in a private window: it works online

  // In a room, somebody presents, and the page watches: it is at the edge, which has a socket for it.
  const room = new URLSearchParams(location.search).get("room") ?? "";
  if (/^[a-z0-9-]{1,64}$/.test(room)) {
    document.documentElement.dataset.room = room;
    slotrace.WebSocket = class extends WebSocket {
      constructor(address, protocols) {
        super(new URL("/room/" + room + "/stream", address), protocols);
      }
    };
    return;
  }

  // In the server's place, a worker runs Live: web/local says what is sent to and fro. It comes when a view needs it.
  const waiting = new Map(); // who waits for an answer, by number
  let server = null, asked = 0;
  slotrace.fetch = (path, options) => new Promise((resolve, reject) => {
    if (!server) return reject(new Error("it is not there"));
    waiting.set(++asked, { resolve, reject });
    server.postMessage([asked, options.method, path, options.body ?? ""]);
  });
  slotrace.WebSocket = class {
    constructor() {
      const start = () => {
        if (/^#explore(\?|$)/.test(location.hash)) return;
        removeEventListener("hashchange", start);
        server = new Worker("lab.js", { name: "live" });
        server.onmessage = ({ data }) => {
          if (typeof data === "string") return this.end(data.replace(/\.$/, ""));
          if (data instanceof ArrayBuffer) return this.onmessage({ data });
          const [number, status, text] = data;
          waiting.get(number).resolve({ status, text: () => text });
          waiting.delete(number);
        };
        server.onerror = () => this.end("it could not be started");
      };
      addEventListener("hashchange", start);
      setTimeout(start); // when whoever made this has said who listens
    }
    send(reply) {
      server?.postMessage(reply);
    }
    close() {
      server?.terminate();
      server = null;
      for (const { reject } of waiting.values()) reject();
      waiting.clear();
    }
    end(reason) {
      this.close();
      this.onclose?.({ code: 4010, reason });
    }
  };
})();
