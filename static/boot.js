"use strict";
// Starts the page's program, page.wasm. What it shares with that program is globalThis.slotrace.
(() => {
  const shared = (globalThis.slotrace = { ready: false, frames: 0 });

  // How the server is reached. Where there is none, site.js puts others in their place.
  shared.fetch = (path, options) => fetch(path, options);
  shared.WebSocket = WebSocket;
  const parsed = new Promise((done) => addEventListener("DOMContentLoaded", done)); // and all scripts have run


  // The colours that were chosen last time, before anything is drawn.
  try {
    const theme = localStorage.getItem("theme");
    if (theme) document.documentElement.dataset.theme = theme;
  } catch { /* storage is refused: the system's colours will do */ }

  // The view that the address names, before the program that shows it has come.
  const view = /^#(explore|review|recordings)(\?|$)/.exec(location.hash)?.[1];
  if (view) for (const e of document.querySelectorAll("#controls, #live, #verdict, #" + view)) e.hidden = e.id !== view;

  // Carries out a drawing; web/picture/commands.go says what the numbers mean.
  shared.paint = (c, f, n, styles, texts, face) => {
    const text = (i) => texts[f[i]] + (f[i + 1] < 0 ? "" : f[i + 1]) + texts[f[i + 2]];
    for (let i = 0; i < n;) {
      switch (f[i]) {
        case 0: c.fillStyle = c.strokeStyle = styles[f[i + 1]]; i += 2; break;
        case 1: c.fillRect(f[i + 1], f[i + 2], f[i + 3], f[i + 4]); i += 5; break;
        case 2: c.beginPath(); c.roundRect(f[i + 1], f[i + 2], f[i + 3], f[i + 4], f[i + 5]); c.fill(); i += 6; break;
        case 3: c.beginPath(); c.roundRect(f[i + 1], f[i + 2], f[i + 3], f[i + 4], f[i + 5]); c.lineWidth = 1.5; c.stroke(); i += 6; break;
        case 4: c.beginPath(); c.moveTo(f[i + 1], f[i + 2]); c.lineTo(f[i + 3], f[i + 4]); c.lineWidth = f[i + 5]; c.stroke(); i += 6; break;
        case 5: for (let y = f[i + 2], w = f[i + 4]; y < f[i + 3]; y += 2 * w) c.fillRect(f[i + 1] - w / 2, y, w, Math.min(w, f[i + 3] - y)); i += 5; break;
        case 6: c.textAlign = "center"; c.fillText(text(i + 1), f[i + 4], f[i + 5]); i += 6; break;
        case 7: c.textAlign = "left"; c.fillText(text(i + 1), f[i + 4], f[i + 5]); i += 6; break;
        case 8: c.font = "700 " + f[i + 1] + "px " + face; i += 2; break;
        case 9: for (const s of styles) if (s.setTransform) s.setTransform(new DOMMatrix([1, 0, 0, 1, f[i + 1], 0])); i += 2; break;
        default: throw new Error("drawing: no command " + f[i]);
      }
    }
  };

  const say = (text) => {
    const banner = document.getElementById("banner");
    banner.textContent = text;
    banner.hidden = false;
  };
  (async () => {
    if (typeof WebAssembly !== "object") throw new Error("This browser has no WebAssembly, which the page is made of.");
    const answer = await fetch("page.wasm");
    if (!answer.ok) throw new Error(answer.status === 503 ? (await answer.text()).trim() : "The page's program could not be fetched: " + answer.status + " " + answer.statusText);
    if (typeof Go !== "function") throw new Error("The page's loader, wasm_exec.js, did not come.");
    const go = new Go();
    // Some hosts do not know the type, and then it cannot be compiled while it comes.
    const typed = /^application\/wasm$/i.test(answer.headers.get("Content-Type"));
    const { instance } = typed ? await WebAssembly.instantiateStreaming(answer, go.importObject) : await WebAssembly.instantiate(await answer.arrayBuffer(), go.importObject);
    await parsed;
    await go.run(instance);
    shared.ready = false;
    throw new Error("The page's program ended. Reload the page; the console says more.");
  })().catch((error) => say(error.message));
})();
