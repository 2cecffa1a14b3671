"use strict";
// A worker of the page: starts its program, the explorer's lab.wasm or the one that it is named after: tape.wasm of recordings, and
// live.wasm, which stands in for a server. It says in words what went wrong with it.
importScripts("wasm_exec.js");
(async () => {
  const answer = await fetch((self.name || "lab") + ".wasm");
  if (!answer.ok) throw new Error(answer.status === 503 ? (await answer.text()).trim() : "The program could not be fetched: " + answer.status + " " + answer.statusText);
  const go = new Go();
  const typed = /^application\/wasm$/i.test(answer.headers.get("Content-Type")); // as in boot.js
  const { instance } = typed ? await WebAssembly.instantiateStreaming(answer, go.importObject) : await WebAssembly.instantiate(await answer.arrayBuffer(), go.importObject);
  await go.run(instance);
  throw new Error("The program ended; the console says more.");
})().catch((error) => postMessage(error.message));
