import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { parseSpiffeId, type Snapshot, spiffeIdOf } from "@kerf/call";
import { KerfError } from "@kerf/kernel";

/** The unit that the certificate of a connection names, in this environment. Its authority was checked in the handshake. */
function unitOf(socket: TLSSocket, environment: string): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined || !socket.authorized) return undefined;
  const named = parseSpiffeId(spiffeIdOf(certificate) ?? "");
  return named?.environment === environment ? named.unit : undefined;
}

/** Whether a unit may send requests to an image: the gateways of the app may, and units with a service that uses it. */
export function maySend(snapshot: Snapshot | undefined, unit: string, image: string): boolean {
  if (snapshot === undefined) return false;
  const [, gateway] = /^gateway:(.+)$/.exec(unit) ?? [];
  if (gateway !== undefined) return Object.hasOwn(snapshot.gateways, gateway);
  return Object.values(snapshot.services).some(
    (service) => service.unit === unit && service.uses.includes(image),
  );
}

/** Lets in who may send requests to an image, and nobody else; whose a connection is, is read once. */
export class Peers {
  readonly #image: string;
  readonly #environment: string;
  readonly #snapshot: () => Snapshot | undefined;
  readonly #isProved: () => boolean;
  readonly #known = new WeakMap<object, string>();

  constructor(options: {
    image: string;
    environment: string;
    snapshot: () => Snapshot | undefined;
    /** False where programs talk in the clear: a network or a mesh decides who comes here, and nobody can show who he is. */
    isProved: () => boolean;
  }) {
    this.#image = options.image;
    this.#environment = options.environment;
    this.#snapshot = options.snapshot;
    this.#isProved = options.isProved;
  }

  /** @throws KerfError `forbidden` */
  assertMaySend({ socket }: Pick<IncomingMessage, "socket">): void {
    if (!this.#isProved()) return;
    let unit = this.#known.get(socket);
    if (unit === undefined) {
      unit = unitOf(socket as TLSSocket, this.#environment) ?? "";
      this.#known.set(socket, unit);
    }
    if (maySend(this.#snapshot(), unit, this.#image)) return;
    throw new KerfError("forbidden", {
      message: `${unit === "" ? "Whoever shows no certificate of this environment" : unit} may not send requests to ${this.#image}.`,
      why: "Gateways of the app may, and programs whose services name it in uses.",
      fix: "Send them to the gateway.",
    });
  }
}
