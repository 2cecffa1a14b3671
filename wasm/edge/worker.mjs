// The worker: hands what is asked for to whoever has it. Files that there are, the platform sends by itself, without a
// worker; go.mjs starts an instance of Go for each request it gets, which takes some milliseconds of the processor's time.
import go from "./go.mjs";
import { rooms } from "./room.mjs";
export { Room } from "./room.mjs";

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url), { pathname } = url;
    if (pathname === "/healthz" || /^\/(api|r)\//.test(pathname)) return api(request, pathname, env, ctx);
    if (/^\/room\/./.test(pathname)) return rooms(request, url, env);
    return env.ASSETS.fetch(request);
  },
};

async function api(request, pathname, env, ctx) {
  // Go takes no such address: its HTTP server has refused it before a handler is asked.
  if (/%(?![0-9a-f]{2})/i.test(pathname)) return refusal(400, "the address has a % that no two hexadecimal digits follow; %25 would do");
  try {
    const answer = await go.fetch(request, env, ctx);
    if (request.method !== "HEAD") return answer;
    // Its instance ends with its body, which nobody reads: it is empty, whatever length the headers tell.
    answer.body?.cancel().catch(() => {});
    return new Response(null, answer);
  } catch (error) {
    console.error(error);
    return refusal(500, "the program failed: it may succeed when asked again");
  }
}

function refusal(status, error) {
  return Response.json({ error }, { status, headers: { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" } });
}
