"use strict";
// Recordings and replays: carries out what their program (tape.wasm, in a worker that comes when it is needed) says, and tells it what
// is done on the page. While a recording is open it stands in the server's place, so that Live shows the replay. web/tape says what the
// lines and the lists of orders mean.
(() => {
  const byID = (id) => document.getElementById(id);
  const page = document.documentElement, shelf = byID("shelf"), bar = byID("tape"), note = byID("recordings-note"), file = byID("recording-file");
  const Server = slotrace.WebSocket, ask = slotrace.fetch;
  let worker = null, patch = null, waiting = []; // waiting for the worker to be there
  let socket = null; // the page's, real or ours
  let replaying = /^#replay(\?|$)/.test(location.hash), opened = false, moving = false, answered = true;

  // The program.
  const tell = (what) => waiting ? (start(), waiting.push(what)) : worker.postMessage(what);
  const start = () => {
    if (worker) return;
    patch = { shelf: slotrace.patched(shelf), bar: slotrace.patched(bar) };
    say("Loading what plays recordings …");
    try {
      worker = new Worker("lab.js", { name: "tape" });
    } catch {
      return say("Recordings need a web worker, which this browser does not give.", true);
    }
    worker.onerror = () => say("The program of recordings could not be started; the other views work.", true);
    worker.onmessage = ({ data }) => {
      if (typeof data === "string") return say(data, true);
      if (waiting) {
        const lines = waiting;
        waiting = null;
        say("");
        let keeps = false;
        try {
          keeps = !!indexedDB;
        } catch { /* a private window */ }
        worker.postMessage([keeps]);
        measure();
        for (const line of lines) tell(line);
      }
      answered = true;
      for (const [kind, what, more] of data) orders[kind](what, more);
    };
  };
  const say = (text, bad) => {
    note.textContent = text;
    note.hidden = !text;
    note.classList.toggle("mild", !bad);
    if (bad && replaying) close();
  };
  const apply = (part) => (bytes) => {
    const wrong = patch[part](bytes);
    if (wrong) return say("The program of recordings and the page do not understand each other (" + wrong + "). Reload the page.", true);
    const field = shelf.querySelector("[data-focus]");
    if (part === "shelf" && field && field !== focused) {
      field.focus();
      field.select();
    }
    focused = field;
    measure();
  };
  let focused = null;
  const questions = new Map(); // about slots, by number
  let questioned = 0;
  const orders = {
    shelf: apply("shelf"),
    bar: apply("bar"),
    message: (data) => socket?.ours && socket.onmessage?.({ data }),
    opened: () => {
      opened = true;
      mode(true);
      if (socket?.ours) tell("watch");
      else connect();
    },
    closed: () => close(),
    moving: (what) => {
      moving = what === "yes";
      byID("narration").setAttribute("aria-live", moving ? "off" : "assertive"); // nobody could listen to every step
      if (moving) requestAnimationFrame(frame);
    },
    go: (what) => { location.hash = what; },
    place: (what) => {
      if (what.startsWith("replay") && !location.hash.startsWith("#replay")) return; // somebody has gone elsewhere meanwhile
      const other = location.hash !== "#" + what;
      history.replaceState(null, "", "#" + what);
      if (other && !what.startsWith("replay")) dispatchEvent(new HashChangeEvent("hashchange"));
    },
    copy: (what) => {
      const address = new URL(what, location.href).href;
      if (navigator.clipboard) navigator.clipboard.writeText(address).catch(() => slotrace.copyByHand(address));
      else slotrace.copyByHand(address);
    },
    choose: () => file.click(),
    answer: (what) => {
      const [, number, text] = /^(\d+) (.*)$/s.exec(what);
      questions.get(+number)?.({ status: 200, text: () => text });
      questions.delete(+number);
    },
    save: (name, blob) => slotrace.save(name, blob),
    failed: (text) => say("It could not be saved: " + text, true),
  };

  // Who is asked: the server, or while a recording is open, us.
  const mode = (on) => {
    replaying = on;
    page.toggleAttribute("data-replay", on);
    bar.hidden = !on;
    byID("verdict").setAttribute("aria-live", on ? "off" : "polite");
  };
  const connect = () => {
    socket?.real?.close();
    slotrace.connect?.(); // else the page has not come to that yet
  };
  const close = () => {
    const was = replaying;
    opened = moving = false;
    mode(false);
    byID("narration").setAttribute("aria-live", "assertive");
    if (was && socket?.ours) connect();
  };
  slotrace.WebSocket = class {
    constructor(...args) {
      socket = this;
      if (replaying) {
        this.ours = true;
        if (opened) setTimeout(() => tell("watch")); // when whoever made this has said who listens
        return;
      }
      const real = (this.real = new Server(...args));
      real.onmessage = (e) => {
        if (socket !== this) return;
        look(e.data);
        this.onmessage?.(e);
      };
      real.onclose = (e) => socket === this && this.onclose?.(e);
    }
    set binaryType(type) {
      if (this.real) this.real.binaryType = type;
    }
    send(reply) {
      if (this.real) return this.real.send(reply);
      tell("ack " + new DataView(reply.buffer, reply.byteOffset).getUint32(2, true));
    }
    close(...why) {
      this.real?.close(...why);
    }
  };
  slotrace.fetch = (path, options) => {
    if (!replaying || !path.startsWith("/api/runs")) return ask(path, options);
    const [, slot, side] = /\/slots\/(\d+)\?side=(\d)/.exec(path) ?? [];
    if (slot === undefined) return Promise.resolve({ status: 404, text: () => '{"error":"it is a replay"}' });
    return new Promise((resolve) => {
      questions.set(++questioned, resolve);
      tell("slot " + questioned + " " + side + " " + slot);
    });
  };

  // Time goes on with the screen's frames.
  const frame = () => {
    if (!moving) return;
    requestAnimationFrame(frame);
    if (!answered) return; // it has not come to the one before
    answered = false;
    tell("tick");
  };

  // The view and the replay are what the address says.
  const goThere = () => {
    if (/^#replay(\?|$)/.test(location.hash) && !opened) mode(true);
    if (worker || /^#(replay|recordings)(\?|$)/.test(location.hash)) tell("address " + location.hash);
  };
  addEventListener("hashchange", goThere);
  if (replaying) mode(true);
  addEventListener("DOMContentLoaded", goThere);

  // What is pressed and written.
  for (const root of [shelf, bar]) {
    root.addEventListener("click", (e) => {
      const t = e.target.closest("[data-tape]");
      if (t && !/^(INPUT|SELECT)$/.test(t.tagName)) tell(t.dataset.tape);
    });
    root.addEventListener("change", (e) => {
      if (e.target.dataset.tape) tell(e.target.dataset.tape + " " + e.target.value);
    });
    root.addEventListener("keydown", (e) => {
      if (e.key === "Escape" && root === shelf) tell("spare");
    });
  }
  file.addEventListener("change", () => {
    if (file.files[0]) open(file.files[0]);
    file.value = "";
  });
  const open = (f) => tell([f]);
  const holds = (e) => e.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (e) => {
    if (!holds(e)) return;
    e.preventDefault();
    e.dataTransfer.dropEffect = "copy";
    page.toggleAttribute("data-drop", true);
  });
  addEventListener("dragleave", (e) => e.relatedTarget || page.toggleAttribute("data-drop", false));
  addEventListener("drop", (e) => {
    page.toggleAttribute("data-drop", false);
    if (!holds(e)) return;
    e.preventDefault();
    if (e.dataTransfer.files[0]) open(e.dataTransfer.files[0]);
  });

  // Keys of a replay, before the page's own. What somebody is at keeps its keys.
  const keys = {
    " ": "play", ".": "step", ArrowRight: "step", PageDown: "step", ArrowLeft: "back", Backspace: "back", PageUp: "back",
    n: "next", N: "previous", e: "explain", E: "explain", Home: "first", End: "last",
    "+": "zoom in", "=": "zoom in", "-": "zoom out", _: "zoom out", 0: "zoom all", Escape: "leave",
  };
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.altKey || e.metaKey || !e.target.closest || e.target.closest("dialog") || document.querySelector("dialog[open]")) return;
    if (e.key === "R" && page.dataset.view === "Live" && !/^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) {
      e.preventDefault();
      return byID("record").click();
    }
    const line = keys[e.key];
    if (!opened || !line || page.dataset.view !== "Live") return;
    const tag = e.target.tagName;
    if (/^(INPUT|TEXTAREA|SELECT|CANVAS)$/.test(tag) || e.key === " " && /^(BUTTON|A|SUMMARY)$/.test(tag)) return;
    if (e.key.length > 1 && /^(OL|DIV)$/.test(tag) && !bar.contains(e.target) && e.key !== "Backspace" && e.key !== "Escape") return; // it scrolls
    if (e.key === "Escape" && document.querySelector("#cell:not([hidden]), #cell-right:not([hidden])")) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    if (line === "play" && e.repeat) return;
    tell(line);
  }, true);

  // Dragging along the timelines, and their zoom: by wheel, and by two fingers.
  const strip = (e) => e.target.closest?.("[data-scrub]");
  const part = (box, x) => {
    const r = box.getBoundingClientRect();
    return (x - r.left) / r.width;
  };
  const down = new Map();
  let held = null, next = null, apart = 0;
  const later = (line) => { // at most one a frame
    if (next === null) requestAnimationFrame(() => {
      if (next !== null) tell(next);
      next = null;
    });
    next = line;
  };
  const spread = () => {
    const [a, b] = [...down.values()];
    return Math.abs(a - b);
  };
  bar.addEventListener("pointerdown", (e) => {
    const box = strip(e);
    if (!box || e.button > 0) return;
    e.preventDefault();
    box.focus({ preventScroll: true });
    held = box;
    box.setPointerCapture(e.pointerId);
    down.set(e.pointerId, e.clientX);
    if (down.size === 1) later("scrub " + box.dataset.scrub + " " + part(box, e.clientX));
    else apart = spread();
  });
  bar.addEventListener("pointermove", (e) => {
    if (!down.has(e.pointerId)) return;
    down.set(e.pointerId, e.clientX);
    if (down.size === 1) return later("scrub " + held.dataset.scrub + " " + part(held, e.clientX));
    const now = spread(), [a, b] = [...down.values()];
    if (now > 8 && apart > 8) tell("pinch " + (held.dataset.scrub === "line" ? part(held, (a + b) / 2) : 0.5) + " " + apart / now);
    apart = now;
  });
  const up = (e) => {
    if (!down.delete(e.pointerId) || down.size) return;
    if (next !== null) tell(next);
    next = null;
    held = null;
    tell("release");
  };
  bar.addEventListener("pointerup", up);
  bar.addEventListener("pointercancel", up);
  bar.addEventListener("wheel", (e) => {
    const box = strip(e);
    if (!box) return;
    e.preventDefault();
    if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) return tell("pan " + e.deltaX / box.clientWidth);
    tell("wheel " + (box.dataset.scrub === "line" ? part(box, e.clientX) : 0.5) + " " + Math.exp(Math.max(-1, Math.min(1, e.deltaY / 240))));
  }, { passive: false });

  // How large the timelines are.
  const sizes = new Map();
  const measure = () => {
    for (const name of ["map", "line"]) {
      const box = byID("tape-" + name);
      if (!box || box === sizes.get(name)) continue;
      sizes.set(name, box);
      new ResizeObserver(() => box.clientWidth && tell("size " + name + " " + box.clientWidth + " " + box.clientHeight)).observe(box);
    }
  };

  // Recording the run that Live shows: its state comes over the stream (engine/event/WIRE.md, tag 1).
  const button = byID("record");
  let run = 0, state = 0, recording = 0, controls = false;
  const look = (data) => {
    const v = new DataView(data);
    if (v.getUint8(1) === 1) { // hello
      controls = v.getUint8(4 + v.getUint16(2, true)) === 1;
      recording = state = 0;
    } else if (v.byteLength > 12 && v.getUint8(6) === 1) {
      const end = 12 + v.getUint32(8, true), failure = 43;
      run = v.getUint32(12, true);
      state = v.getUint8(16);
      const after = failure + 2 + v.getUint16(failure, true);
      recording = after < end ? v.getUint8(after) : -1; // a server of before recordings does not say
    }
    button.hidden = recording < 0;
    button.disabled = !controls || !(state === 1 || state === 2);
    button.setAttribute("aria-pressed", recording === 1);
  };
  button.addEventListener("click", async () => {
    if (button.disabled) return;
    const on = recording !== 1;
    button.disabled = true;
    const answer = await ask("/api/runs/" + run, { method: "PATCH", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify({ record: on }) }).catch(() => null);
    button.disabled = false;
    const text = answer && await answer.text();
    if (!answer || answer.status >= 400) return told(answer ? JSON.parse(text).error : "the server is not there", true);
    told(on ? "Recording …" : "It is recorded: press 5, or see Recordings.");
    if (!on && worker) tell("list");
  });
  const toast = byID("recorded");
  const told = (text, bad) => {
    toast.textContent = text;
    toast.hidden = !text;
    toast.classList.toggle("bad", !!bad);
  };
  for (const kind of ["pointerdown", "hashchange"]) addEventListener(kind, () => (toast.hidden = true));
})();
