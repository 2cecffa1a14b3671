// Rooms, where one presents what others watch. What a room does, the program says (server/room; ROOM.md there says how one
// talks to it); here are its sockets, its clock, and where it is kept while it is not in memory.
import { DurableObject } from "cloudflare:workers";
import "./wasm_exec.js";
import program from "./app.wasm";

const protocol = "slotrace.v1";
const largest = 128 << 10; // bytes in a message of a presenter
const reply = 64; // and of a viewer
const restsFor = 2000; // ms that a room is at rest before it is kept
const forgotten = 7 * 86400e3; // ms after which a room that nobody was in is deleted

// rooms answers what is asked of /room/: a browser gets the page, a websocket the room.
export async function rooms(request, url, env) {
  const [, name, end] = /^\/room\/([a-z0-9-]{1,64})(?:\/(stream|present))?$/.exec(url.pathname) ?? [];
  if (!name) return refuse(404, "a room is at /room/NAME, NAME being 1 to 64 of a-z, 0-9 and -");
  if (request.method !== "GET") return refuse(405, "only GET", { Allow: "GET" });
  if (!end) return new Response(null, { status: 302, headers: { Location: "/?room=" + name, "Cache-Control": "no-store" } });

  if (request.headers.get("Upgrade")?.toLowerCase() !== "websocket") return refuse(426, "this is a websocket of the subprotocol " + protocol, { Upgrade: "websocket" });
  if (!(request.headers.get("Sec-WebSocket-Protocol") ?? "").split(",").some((p) => p.trim() === protocol)) {
    return refuse(400, "this is a websocket of the subprotocol " + protocol + "; ask for it in Sec-WebSocket-Protocol");
  }
  const origin = request.headers.get("Origin");
  if (origin !== null && origin !== url.origin) return refuse(403, "refused: a page from elsewhere may not do this");
  if (end === "present") {
    // Without a token nobody presents, rather than everybody.
    if (!env.PRESENTER_TOKEN) return refuse(503, "nobody can present here until this deployment has a secret PRESENTER_TOKEN");
    const [, token] = /^Bearer (.+)$/.exec(request.headers.get("Authorization") ?? "") ?? [];
    if (!token || !(await same(token, env.PRESENTER_TOKEN))) return refuse(401, "only who has this deployment's PRESENTER_TOKEN may present", { "WWW-Authenticate": "Bearer" });
  }
  return env.ROOM.get(env.ROOM.idFromName(name)).fetch(request);
}

// same compares in a time that tells nothing of the secret, its length included.
async function same(a, b) {
  const hash = (text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return crypto.subtle.timingSafeEqual(await hash(a), await hash(b));
}

function refuse(status, why, headers) {
  return new Response(why + "\n", { status, headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", ...headers } });
}

// Room is one room. It hibernates when it is at rest: then only its sockets are there, each with its number, and with where
// it was in the stream when the room was kept.
export class Room extends DurableObject {
  sockets = new Map(); // by number
  numbers = new Map(); // by socket
  last = 0;
  timer = null;
  at = 0; // when the timer is due
  happened = 0; // when something was
  busy = false; // what is kept is of the past

  constructor(ctx, env) {
    super(ctx, env);
    ctx.blockConcurrencyWhile(() => this.wake());
  }

  async wake() {
    const go = new Go();
    this.room = { // the program puts its functions here
      send: (number, message) => {
        try {
          this.sockets.get(number)?.send(message);
        } catch { /* it has closed, and will say so */ }
      },
      end: (number, code, reason) => {
        const socket = this.sockets.get(number);
        if (!socket) return;
        this.forget(socket);
        close(socket, code, reason);
      },
    };
    const imports = { ...go.importObject, workers: { ready() {} } }; // which who holds a room does not call
    const ended = go.run(await WebAssembly.instantiate(program, imports), { binding: {}, room: this.room });
    ended.finally(() => this.ctx.abort("the room's program has ended")); // everybody connects again

    const stored = await this.ctx.storage.get(["kept", "busy"]);
    const kept = stored.get("kept");
    this.busy = stored.get("busy") ?? false;
    const exact = kept && !this.busy;
    const viewers = [], lost = [], sockets = this.ctx.getWebSockets();
    let presenter = -1;
    for (const socket of sockets) {
      const { number, presents, stamp, sequence } = socket.deserializeAttachment();
      this.last = Math.max(this.last, number);
      if (!exact || stamp !== kept.stamp) {
        lost.push(socket);
        continue;
      }
      this.remember(socket, number);
      if (presents) presenter = number;
      else viewers.push(number, sequence);
    }
    if (kept) {
      const names = Array.from({ length: kept.pieces }, (_, i) => "piece" + i);
      const pieces = await this.ctx.storage.get(names); // in an order of its own
      const wrong = this.room.restore(names.map((name) => pieces.get(name) ?? new Uint8Array()), viewers, presenter, Date.now());
      if (wrong) {
        console.error("what was kept of the room does not fit: " + wrong);
        await this.ctx.storage.deleteAll();
        lost.push(...this.sockets.values());
        this.sockets.clear();
        this.numbers.clear();
      }
    }
    for (const socket of lost) close(socket, 1012, "the room has lost its place: connect again");
    if (sockets.length) console.log(`a room wakes with ${sockets.length} sockets, ${lost.length} of which it has to close`);
  }

  fetch(request) {
    const presents = new URL(request.url).pathname.endsWith("/present");
    const [theirs, ours] = Object.values(new WebSocketPair());
    const number = ++this.last;
    this.ctx.acceptWebSocket(ours);
    ours.serializeAttachment({ number, presents });
    this.remember(ours, number);
    this.then(this.room[presents ? "present" : "join"](number, Date.now()));
    return new Response(null, { status: 101, webSocket: theirs, headers: { "Sec-WebSocket-Protocol": protocol } });
  }

  webSocketMessage(socket, message) {
    const number = this.numbers.get(socket);
    if (number === undefined) return; // the room has ended it
    // More than is allowed is as good as the first byte of it, and costs less to pass on.
    const bytes = typeof message === "string" ? null : new Uint8Array(message, 0, Math.min(message.byteLength, largest + 1));
    this.then(this.room.message(number, bytes, Date.now()));
  }

  webSocketClose(socket, code) {
    close(socket, code); // what the platform asks for: the other half of the handshake
    this.left(socket);
  }

  webSocketError(socket) {
    this.left(socket);
  }

  left(socket) {
    const number = this.numbers.get(socket);
    if (number === undefined) return;
    this.forget(socket);
    this.then(this.room.leave(number, Date.now()));
  }

  remember(socket, number) {
    this.sockets.set(number, socket);
    this.numbers.set(socket, number);
  }

  forget(socket) {
    this.sockets.delete(this.numbers.get(socket));
    this.numbers.delete(socket);
  }

  // then is what follows everything that happens: in due milliseconds the room has something to do, or, below 0, has not.
  then(due) {
    this.happened = Date.now();
    if (!this.busy) {
      this.busy = true;
      this.ctx.storage.put("busy", true, { allowUnconfirmed: true }); // nobody's message waits for it
    }
    this.wakeIn(due < 0 ? restsFor : due);
  }

  // wakeIn sees to it that the timer is due then or before: to be early costs little.
  wakeIn(ms) {
    const at = Date.now() + ms;
    if (this.timer !== null) {
      if (this.at <= at) return;
      clearTimeout(this.timer);
    }
    this.at = at;
    this.timer = setTimeout(() => {
      this.timer = null;
      const now = Date.now(), due = this.room.tick(now), rests = now - this.happened;
      if (due >= 0) this.wakeIn(due);
      else if (rests < restsFor) this.wakeIn(restsFor - rests);
      else this.keep();
    }, ms);
  }

  // keep keeps the room, which is at rest: without a timer it can go from memory.
  keep() {
    const { storage } = this.ctx;
    const [pieces, viewers] = this.room.keep() ?? [];
    if (pieces) {
      const stamp = crypto.randomUUID(), sequences = new Map();
      for (let i = 0; i < viewers.length; i += 2) sequences.set(viewers[i], viewers[i + 1]);
      for (const [number, socket] of this.sockets) {
        socket.serializeAttachment({ number, presents: !sequences.has(number), stamp, sequence: sequences.get(number) });
      }
      const entries = { kept: { stamp, pieces: pieces.length } };
      pieces.forEach((piece, i) => (entries["piece" + i] = piece));
      storage.put(entries, { allowUnconfirmed: true });
      storage.setAlarm(Date.now() + forgotten, { allowUnconfirmed: true });
    }
    this.busy = false;
    storage.put("busy", false, { allowUnconfirmed: true }); // with what is above, in one write
  }

  async alarm() {
    if (this.sockets.size > 0) await this.ctx.storage.setAlarm(Date.now() + forgotten);
    else await this.ctx.storage.deleteAll();
  }
}

// close closes a socket with a code that may be sent; 1005 and 1006 only say that there was none.
function close(socket, code, reason) {
  try {
    socket.close(code === 1005 || code === 1006 || code === 1015 ? 1000 : code, reason);
  } catch { /* it has closed */ }
}
