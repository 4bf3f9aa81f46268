import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, mergeFields, problemOf, sendAnswer, type Shaping } from "@kerf/call/http";
import { type Clock, KerfError, newTrace, toKerfError } from "@kerf/kernel";
import { sessionRoutes } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import type { Cookie } from "./cookie.ts";
import type { CookieKeys } from "./cookie-keys.ts";
import { csrfToken } from "./csrf.ts";
import type { PendingLogin, Provider } from "./provider.ts";
import { returnTo } from "./return-to.ts";
import { open, seal } from "./sealed.ts";
import type { Sessions } from "./session.ts";

/** How long a user may take to sign in at the provider, milliseconds: 10 minutes. */
const loginMs = 600_000;

/** What the login's cookie says. */
interface LoginState extends PendingLogin {
  readonly origin: string;
  readonly returnTo: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly until: number;
}

/** The routes of sessions: `/auth/login`, `/auth/callback`, `/auth/logout` and `/auth/session`. */
export class SessionRoutes {
  readonly #sessions: Sessions;
  readonly #login: Cookie;
  readonly #provider: Provider;
  readonly #keys: () => CookieKeys | Promise<CookieKeys>;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(
    sessions: Sessions,
    login: Cookie,
    options: {
      provider: Provider;
      keys: () => CookieKeys | Promise<CookieKeys>;
      clock: Clock;
      log: Logger;
    },
  ) {
    this.#sessions = sessions;
    this.#login = login;
    this.#provider = options.provider;
    this.#keys = options.keys;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Says whether the request was for one of the routes. */
  answer(request: IncomingMessage, response: ServerResponse, shaping: Shaping): boolean {
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    if (!path.startsWith("/auth/")) return false;
    void this.#respond(path, request, response, shaping); // Never rejects: whatever fails is answered and logged.
    return true;
  }

  async #respond(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
    shaping: Shaping,
  ): Promise<void> {
    const headers = { ...shaping.fields(request) };
    let answer: Answer;
    try {
      // Whoever tries states and cookies must not be able to try many.
      const shaped = { route: undefined, foreign: sessionRoutes, identity: undefined };
      const verdict = shaping.admit(request, shaped);
      mergeFields(headers, verdict?.headers ?? {});
      if (verdict?.refusal !== undefined) throw verdict.refusal;
      answer = await this.#run(path, request, response);
    } catch (thrown) {
      answer = this.#problem(thrown, path);
    }
    mergeFields(headers, answer.headers);
    sendAnswer(request, response, { ...answer, headers }, this.#clock);
  }

  #run(path: string, request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    switch (path) {
      case "/auth/login":
        checkMethod(request, path);
        return this.#begin(request, response);
      case "/auth/callback":
        checkMethod(request, path);
        return this.#finish(request, response);
      case "/auth/session":
        checkMethod(request, path);
        return this.#describe(request, response);
      case "/auth/logout":
        checkMethod(request, path);
        return this.#end(request, response);
      default:
        throw new KerfError("not_found", "Nothing answers at this path.");
    }
  }

  async #begin(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const origin = this.#sessions.origin(request);
    const to = returnTo(urlOf(request, origin).searchParams.get("returnTo"), origin);
    const { url, pending } = await this.#provider.begin(`${origin}/auth/callback`);
    const state: LoginState = {
      ...pending,
      origin,
      returnTo: to,
      until: this.#clock.wall() + loginMs,
    };
    const keys = await this.#keys();
    const sealed = await seal(state, keys.of("login")[0] as Uint8Array);
    this.#login.set(response, sealed as string, loginMs);
    return seeOther(url.href);
  }

  async #finish(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const [value, ...others] = this.#login.read(request);
    const keys = await this.#keys();
    const opened =
      value === undefined || others.length > 0 ? undefined : await open(value, keys.of("login"));
    const login = opened?.value as LoginState | undefined;
    // One try for each login, however it ends.
    this.#login.clear(response);
    if (login === undefined || this.#clock.wall() >= login.until) {
      throw new KerfError("unauthenticated", {
        message: "No login of this browser is under way.",
        why: "It was begun elsewhere, more than 10 minutes ago, or is over already.",
        fix: "Sign in again: /auth/login",
      });
    }
    const grant = await this.#provider.finish(urlOf(request, login.origin), login);
    await this.#sessions.begin(grant, response);
    return seeOther(login.returnTo);
  }

  async #describe(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    if (!this.#sessions.brings(request)) return json({ signedIn: false });
    const { state, proven } = await this.#sessions.current(request, response);
    const keys = await this.#keys();
    return json({
      signedIn: true,
      ...proven.principal,
      endsAt: new Date(this.#sessions.endOf(state)).toISOString(),
      csrfToken: csrfToken(state.id, keys.of("csrf")[0] as Uint8Array),
    });
  }

  async #end(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    if (this.#sessions.brings(request)) {
      const { state } = await this.#sessions.current(request, response);
      response.removeHeader("set-cookie");
      if (state.refreshToken !== undefined) await this.#provider.revoke(state.refreshToken);
    }
    this.#sessions.end(response);
    // A form's answer is a page to go to, a script's is none.
    return request.headers.accept?.includes("text/html") === true
      ? seeOther("/")
      : { status: 204, headers: {} };
  }

  #problem(thrown: unknown, path: string): Answer {
    const { traceId } = newTrace();
    const { problem, headers } = problemOf(thrown, { traceId, allow: methodsOf(path) });
    const level = problem.status >= 500 ? "warn" : "info";
    const { code } = toKerfError(thrown);
    this.#log[level]("request", { route: path, status: problem.status, code, error: thrown });
    return {
      status: problem.status,
      headers: { "content-type": "application/problem+json", "x-trace-id": traceId, ...headers },
      body: JSON.stringify(problem),
    };
  }
}

function methodsOf(path: string): readonly string[] {
  return path === "/auth/logout" ? ["POST"] : ["GET"];
}

function checkMethod({ method = "" }: IncomingMessage, path: string): void {
  const methods = methodsOf(path);
  if (methods.includes(method)) return;
  throw new KerfError("method_not_allowed", {
    message: `This path does not take ${method}.`,
    fix: `Use ${methods.join(", ")}.`,
  });
}

/** The request's own URL; its path was seen to begin with `/auth/`, so that it names no other host. */
function urlOf(request: IncomingMessage, origin: string): URL {
  return new URL(request.url ?? "/", origin);
}

function seeOther(location: string): Answer {
  return { status: 303, headers: { location } };
}

function json(body: object): Answer {
  return {
    status: 200,
    headers: { "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify(body),
  };
}
