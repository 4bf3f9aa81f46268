import type { IncomingMessage, ServerResponse } from "node:http";
import type { Discovery, Snapshot } from "@kerf/call";
import { type Answer, problemOf, sendAnswer } from "@kerf/call/http";
import { type Clock, KerfError, newTrace } from "@kerf/kernel";
import type { Reachability } from "./reachability.ts";

/** First path segment that every gateway keeps for itself. */
export const healthSegment = "health";

/** What `GET /health` answers. */
export interface Health {
  /** `starting` until the app has started once, `degraded` when a service is down, `draining` when this gateway is about to stop. */
  readonly status: "starting" | "ok" | "degraded" | "draining";
  readonly services: Readonly<Record<string, "up" | "down">>;
}

/** What the gateway knows of itself and of the services, without calling anybody. */
export interface HealthFacts {
  snapshot(): Snapshot | undefined;
  readonly discovery: Discovery;
  readonly reachability: Pick<Reachability, "mayReach">;
  /** Services that run in the gateway itself. */
  readonly own: readonly string[];
  draining(): boolean;
}

/** The health of the gateway. A service is up when an instance of it is ready and its connection, if any, holds; and when it sleeps, since a call wakes it. */
export function healthOf(facts: HealthFacts): Health {
  const services: Record<string, "up" | "down"> = {};
  for (const name of Object.keys(facts.snapshot()?.services ?? {}).toSorted()) {
    const instances = facts.discovery.instancesOf(name);
    const up =
      instances.some(({ address }) => facts.reachability.mayReach(address)) ||
      (instances.length === 0 && facts.discovery.sleeps?.(name) === true);
    services[name] = up ? "up" : "down";
  }
  for (const name of facts.own) services[name] = "up";
  return { status: statusOf(facts, services), services };
}

function statusOf(facts: HealthFacts, services: Health["services"]): Health["status"] {
  if (facts.draining()) return "draining";
  if (!Object.values(services).includes("down")) return "ok";
  return facts.snapshot()?.starting === true ? "starting" : "degraded";
}

/**
 * Answers `/health` (services, 200 while the gateway serves at all), `/health/ready` (whether to send it requests) and
 * `/health/live` (whether the process answers at all). Says whether the request was one of these.
 */
export function answerHealth(
  request: IncomingMessage,
  response: ServerResponse,
  facts: HealthFacts,
  clock: Clock,
): boolean {
  const { url = "" } = request;
  if (!url.startsWith("/health")) return false;
  const path = url.split("?", 1)[0];
  if (path !== "/health" && path !== "/health/live" && path !== "/health/ready") return false;
  sendAnswer(request, response, answerFor(path, request.method, facts), clock);
  return true;
}

function answerFor(path: string, method: string | undefined, facts: HealthFacts): Answer {
  const allow = "GET, HEAD, OPTIONS";
  if (method === "OPTIONS") return { status: 204, headers: { allow } };
  if (method !== "GET" && method !== "HEAD") {
    const { problem } = problemOf(
      new KerfError("method_not_allowed", `This path does not take ${method}.`),
      { traceId: newTrace().traceId },
    );
    return json(problem.status, problem, { "content-type": "application/problem+json", allow });
  }
  if (path === "/health/live") return json(200, { status: "ok" });
  const health = healthOf(facts);
  // A degraded gateway serves what it can; one whose app has never been up yet has nothing to serve.
  const status = health.status === "draining" || health.status === "starting" ? 503 : 200;
  return path === "/health"
    ? json(status, health)
    : json(status, { status: status === 200 ? "ready" : health.status });
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(body),
  };
}
