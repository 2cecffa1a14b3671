// Serves the edge on this machine, on the runtime that serves it elsewhere, as wrangler.toml says:
//
//   node run.mjs WRANGLER_TOML [PORT [--until-eof]]
//
// What is kept is kept in memory. It ends with SIGINT or SIGTERM or, if told so, at the end of its input.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Miniflare } from "miniflare";
import { parse } from "smol-toml";

const [file, port = "8787", until] = process.argv.slice(2);
const config = parse(readFileSync(file, "utf8"));
const here = (path) => resolve(dirname(file), path);

const main = here(config.main), folder = dirname(main);
const others = readdirSync(folder).filter((name) => /\.(m?js|wasm)$/.test(name)).map((name) => join(folder, name));
const modules = [main, ...others.filter((path) => path !== main)].map((path) => ({ type: path.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path }));
const sqlite = new Set((config.migrations ?? []).flatMap((m) => m.new_sqlite_classes ?? []));

const secrets = Object.fromEntries(["PRESENTER_TOKEN", "UPLOAD_TOKEN"].filter((name) => process.env[name]).map((name) => [name, process.env[name]]));

const edge = new Miniflare({
  name: config.name,
  host: "127.0.0.1",
  port: Number(port),
  modulesRoot: folder,
  modules,
  compatibilityDate: config.compatibility_date,
  cf: false, // asks nobody where this machine stands
  assets: {
    workerName: config.name,
    directory: here(config.assets.directory),
    binding: config.assets.binding,
    routerConfig: { has_user_worker: true },
    assetConfig: { html_handling: config.assets.html_handling, not_found_handling: config.assets.not_found_handling },
  },
  kvNamespaces: (config.kv_namespaces ?? []).map((n) => n.binding),
  r2Buckets: (config.r2_buckets ?? []).map((b) => b.binding),
  bindings: { ...config.vars, ...secrets },
  durableObjects: Object.fromEntries((config.durable_objects?.bindings ?? []).map((o) => [o.name, { className: o.class_name, useSQLite: sqlite.has(o.class_name) }])),
});

let ending;
const end = () => (ending ??= edge.dispose().then(() => process.exit(0)));
process.on("SIGINT", end);
process.on("SIGTERM", end);
if (until === "--until-eof") process.stdin.on("end", end).resume();

try {
  const address = await edge.ready;
  console.log("slotrace's edge serves " + address.origin);
} catch (error) {
  if (!ending) throw error;
}
