"use strict";
// The explorer's worker: starts its program, lab.wasm, and says in words what went wrong with it.
importScripts("wasm_exec.js");
(async () => {
  const answer = await fetch("lab.wasm");
  if (!answer.ok) throw new Error(answer.status === 503 ? (await answer.text()).trim() : "The explorer's program could not be fetched: " + answer.status + " " + answer.statusText);
  const go = new Go();
  const typed = /^application\/wasm$/i.test(answer.headers.get("Content-Type")); // as in boot.js
  const { instance } = typed ? await WebAssembly.instantiateStreaming(answer, go.importObject) : await WebAssembly.instantiate(await answer.arrayBuffer(), go.importObject);
  await go.run(instance);
  throw new Error("The explorer's program ended; the console says more.");
})().catch((error) => postMessage(error.message));
