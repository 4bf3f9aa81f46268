import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, problemOf, sendAnswer } from "@kerf/call/http";
import { type Clock, KerfError, newTrace } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { TokenStore } from "../tokens/token-store.ts";
import { BuiltPages } from "./built-pages.ts";
import { sessionMs, type SessionStore } from "./session-store.ts";
import { checkSite, cookieName, cookieOf, sessionOf } from "./signed-in.ts";
import { waitingPage } from "./waiting-page.ts";

/** Longest body that signing in takes, bytes. */
const longestBody = 1_024;

/** What the pages are served from. */
export interface PagesOptions {
  readonly port: () => number;
  readonly sessions: SessionStore;
  readonly tokens: Pick<TokenStore, "named">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Everything at the control API's address that is not the API: the dashboard's files, and signing in to it. */
export function servePages(
  options: PagesOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { clock } = options;
  const built = new BuiltPages(options);
  return (request, response) => {
    const path = request.url?.split("?", 1)[0] ?? "/";
    const answer = path === "/session" ? session(request, options) : file(request, path, built);
    void answer
      .catch((thrown: unknown) => refusal(thrown))
      .then((found) => sendAnswer(request, response, found, clock));
  };
}

async function file(request: IncomingMessage, path: string, built: BuiltPages): Promise<Answer> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    throw new KerfError("not_found", {
      message: `There is nothing at ${request.method} ${path.slice(0, 200)}.`,
      fix: "The control API is below /api/, the dashboard's pages are read with GET.",
    });
  }
  const state = await built.state();
  if (state.kind !== "built") return waitingPage(state);
  return built.answer(path, request.headers["if-none-match"]);
}

/** Signs in (POST with a code), says who is signed in (GET), signs out (DELETE). */
async function session(request: IncomingMessage, options: PagesOptions): Promise<Answer> {
  const { sessions, tokens } = options;
  const port = options.port();
  const name = cookieName(port);
  // No `Secure`: it is served over the loopback interface, without TLS.
  const kept = "Path=/; HttpOnly; SameSite=Strict";
  if (request.method === "POST") {
    checkSite(request);
    const { cookie, key, ...told } = await sessions.begin(await codeIn(request));
    return json(
      { key, ...told },
      { "set-cookie": `${name}=${cookie}; Max-Age=${sessionMs / 1_000}; ${kept}` },
    );
  }
  const found = sessionOf(request, port, sessions, tokens);
  if (request.method === "GET") return json(found);
  if (request.method !== "DELETE") {
    throw new KerfError("not_found", {
      message: `There is nothing at ${request.method} /session.`,
      fix: "Sign in with POST, out with DELETE.",
    });
  }
  await sessions.end(cookieOf(request, port) ?? "");
  return json({}, { "set-cookie": `${name}=; Max-Age=0; ${kept}` });
}

async function codeIn(request: IncomingMessage): Promise<string> {
  const wrong = (): KerfError =>
    new KerfError("invalid_input", {
      message: "Signing in takes a JSON document with a code.",
      fix: "Open the link that kerf dashboard prints.",
    });
  let body = "";
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > longestBody) throw wrong();
  }
  try {
    const { code } = JSON.parse(body) as { code?: unknown };
    if (typeof code === "string" && code !== "") return code;
  } catch {
    // Told below.
  }
  throw wrong();
}

function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status: 200,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(value),
  };
}

function refusal(thrown: unknown): Answer {
  const { problem, headers } = problemOf(thrown, { traceId: newTrace().traceId });
  return {
    status: problem.status,
    headers: { "content-type": "application/problem+json", ...headers },
    body: JSON.stringify(problem),
  };
}
