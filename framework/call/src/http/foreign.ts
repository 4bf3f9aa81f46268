import type { IncomingMessage, ServerResponse } from "node:http";
import type { Principal, Trace } from "@kerf/kernel";
import type { Answer } from "./answer.ts";
import type { Route } from "./route-table.ts";

/** The port to what answers paths that are no contract's, or decides who answers. */
export interface ForeignRoutes {
  /**
   * The foreign route of a request, if it has one that goes before the contracts' routes.
   * @param path of the request target, not decoded
   * @param contract finds the contracts' route for a path and the request's method
   * @throws KerfError when the request is not let through: `maintenance`, `invalid_input`, `method_not_allowed`
   */
  match(
    request: IncomingMessage,
    path: string,
    contract: (path: string) => Route | undefined,
  ): ForeignRoute | undefined;
}

/** One foreign route. */
export interface ForeignRoute {
  /** As it is declared; what logs name. */
  readonly path: string;
  readonly access: "public" | "user";
  /** Undefined: all. */
  readonly methods?: readonly string[] | undefined;
  /** Answers the request, or leaves it to the services. @throws KerfError that the edge answers with */
  pass(request: ForeignRequest): Promise<Passed>;
}

/** A request for a foreign route. */
export interface ForeignRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly trace: Trace;
  /** Headers of every answer: by those it is found in logs, and what the settings say. They may grow until {@link admit} returns. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of a route for users. */
  readonly principal: Principal | undefined;
  /**
   * Counts the request against the limits of users and of all; to be asked before an upstream is. Services count it themselves.
   * @throws KerfError `rate_limited`
   */
  admit(): void;
  /** Notes which upstream answers, for the log. */
  upstream(name: string): void;
  /** What the services answer to a copy of it; undefined when none of their queries has its route. Never rejects. */
  services(): Promise<Answer | undefined>;
}

/** True when it is answered; else the services do, and `observe` is told what. */
export type Passed = true | { readonly observe?: ((answer: Answer) => void) | undefined };
