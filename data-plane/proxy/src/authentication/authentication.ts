import type { IncomingMessage, ServerResponse } from "node:http";
import type { PrincipalSigner } from "@kerf/call";
import type { Identity, Shaping } from "@kerf/call/http";
import type { Clock } from "@kerf/kernel";
import { type Method, type Proven, refused } from "./method.ts";

/** How long a signed principal is handed out again, milliseconds. */
const reuseMs = 60_000;
/** How long a signed principal is good for when it is handed out: longer than any call that sets no deadline, milliseconds. */
const lifeMs = 60_000;

interface Signed {
  readonly identity: Identity;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly reuseUntil: number;
}

/** Who a request is for: one method judges it, the one whose credentials it brings, and what it proves is signed for the services behind. */
export class Authentication {
  readonly methods: readonly Method[];
  readonly #signer: PrincipalSigner;
  readonly #clock: Clock;
  readonly #signed = new WeakMap<Proven, Signed>();

  constructor(methods: readonly Method[], options: { signer: PrincipalSigner; clock: Clock }) {
    this.methods = methods;
    this.#signer = options.signer;
    this.#clock = options.clock;
  }

  /**
   * Nobody for a request without credentials. Credentials that do not hold are refused wherever they are sent, public routes
   * included: their sender must not take an answer for everybody for an answer to itself. Two kinds in one request are
   * refused as well: whoever reads the one and whoever reads the other would disagree on who asked.
   * @throws KerfError `unauthenticated`, `forbidden` or `unavailable`
   */
  identify(
    request: IncomingMessage,
    needsUser: boolean,
    response: ServerResponse,
  ): Identity | Promise<Identity> {
    let judge: Method | undefined;
    for (const method of this.methods) {
      if (!method.brings(request)) continue;
      if (judge !== undefined) throw ambiguous(judge, method);
      judge = method;
    }
    if (judge === undefined) return this.#nobody(request, needsUser);
    const proven = judge.prove(request, response);
    // What is remembered is there at once.
    return proven instanceof Promise ? proven.then((one) => this.#sign(one)) : this.#sign(proven);
  }

  /** First segments of paths that methods answer themselves. */
  get paths(): readonly string[] {
    return this.methods.flatMap(({ paths = [] }) => paths);
  }

  /** Answers a request for a path of one of the methods, such as `/auth/login`; says whether it was one. */
  answer(request: IncomingMessage, response: ServerResponse, shaping: Shaping): boolean {
    return this.methods.some((method) => method.answer?.(request, response, shaping) === true);
  }

  #nobody(request: IncomingMessage, needsUser: boolean): Identity {
    if (request.headers.authorization !== undefined) {
      throw refused("The Authorization header holds nothing that is accepted here.", this.#fix());
    }
    if (needsUser) throw refused("This needs a user.", this.#fix());
    return {};
  }

  #sign(proven: Proven): Identity {
    const now = this.#clock.wall();
    const known = this.#signed.get(proven);
    if (known !== undefined && now < known.reuseUntil) return known.identity;
    const { ambient, credential, principal } = proven;
    const principalToken = this.#signer.sign(principal, lifeMs + reuseMs);
    const identity = { principal, principalToken, credential, ambient };
    this.#signed.set(proven, { identity, reuseUntil: now + reuseMs });
    return identity;
  }

  #fix(): string {
    return this.methods.length === 0
      ? "Nobody can sign in at this gateway: its authentication lists no methods."
      : this.methods.map(({ hint }) => hint).join(" Or: ");
  }
}

function ambiguous(one: Method, other: Method): Error {
  return refused(
    `The request brings two kinds of credentials (${one.name} and ${other.name}).`,
    "Send one of them, and leave the other out.",
  );
}
