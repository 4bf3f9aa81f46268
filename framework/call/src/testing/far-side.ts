import { KerfError } from "@kerf/kernel";
import type { Address, PlacedInstance } from "../placement.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { Request, Transport } from "../transport.ts";

/** One call that arrived at a far instance; the test answers it. */
export interface Arrived {
  readonly address: Address;
  readonly request: Request;
  /** The deadline of the attempt when it arrived, milliseconds left. */
  readonly leftMs: number;
  answer(value: unknown): void;
  fail(error: KerfError): void;
}

/** Instances at the far side of a network that keeps every call until the test says what becomes of it. */
export class FarSide implements Discovery {
  readonly arrived: Arrived[] = [];
  readonly transports = new Map<Address, FarTransport[]>();
  /** Answers every call by itself when set. */
  behaviour: ((arrived: Arrived) => void) | undefined;
  #instances: readonly PlacedInstance[];
  readonly #listeners = new Set<() => void>();

  constructor(...addresses: Address[]) {
    this.#instances = placed(addresses);
  }

  readonly connect = (address: Address): Transport => {
    const made = new FarTransport(address, this);
    this.transports.set(address, [...(this.transports.get(address) ?? []), made]);
    return made;
  };

  /** The newest transport to `address`. */
  transport(address: Address): FarTransport {
    const made = this.transports.get(address)?.at(-1);
    if (made === undefined) throw new Error(`Nobody connected to ${address}.`);
    return made;
  }

  place(...addresses: Address[]): void {
    this.#instances = placed(addresses);
    for (const listener of this.#listeners) listener();
  }

  /** Whether the services of the far side record their commands. */
  records = false;

  recordsCommands(): boolean {
    return this.records;
  }

  instancesOf(): readonly PlacedInstance[] {
    return this.#instances;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function placed(addresses: readonly Address[]): readonly PlacedInstance[] {
  return addresses.map((address) => ({ id: address, address, state: "ready" }));
}

/** A way to one instance of the far side. */
export class FarTransport implements Transport {
  readonly #address: Address;
  readonly #side: FarSide;
  readonly #listeners: ((reason: KerfError) => void)[] = [];
  inFlight = 0;
  usable = true;
  closed = false;

  constructor(address: Address, side: FarSide) {
    this.#address = address;
    this.#side = side;
  }

  call(request: Request): Promise<unknown> {
    this.inFlight++;
    return new Promise((resolve, reject) => {
      const { context } = request;
      let takeBack = (): void => {};
      const over = (): void => {
        this.inFlight--;
        takeBack();
      };
      takeBack = context.onCancel((reason) => {
        over();
        reject(reason);
      });
      const arrived: Arrived = {
        address: this.#address,
        request,
        leftMs: context.remainingMs,
        answer: (value) => {
          over();
          resolve(value);
        },
        fail: (error) => {
          over();
          reject(error);
        },
      };
      this.#side.arrived.push(arrived);
      this.#side.behaviour?.(arrived);
    });
  }

  async *stream(request: Request): AsyncGenerator<unknown> {
    const items = await this.call(request);
    for (const item of items as Iterable<unknown>) {
      if (item instanceof KerfError) throw item;
      yield item;
    }
  }

  /** How often it was asked for a sign of life. */
  probes = 0;
  /** What a probe comes to; a sign of life when there is none. */
  dead: KerfError | undefined;

  async probe(): Promise<void> {
    this.probes++;
    if (this.dead !== undefined) throw this.dead;
  }

  onUnusable(listener: (reason: KerfError) => void): void {
    this.#listeners.push(listener);
  }

  /** It breaks, or the other side drains; calls under way may go on. */
  break(reason: KerfError): void {
    this.usable = false;
    for (const listener of this.#listeners.splice(0)) listener(reason);
  }

  close(): void {
    this.closed = true;
    this.usable = false;
  }
}
