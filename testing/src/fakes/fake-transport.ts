import {
  type Incoming,
  Inbound,
  type PrincipalVerifier,
  readEvents,
  type Request,
  type Transport,
} from "@kerf/call";
import { CallContext, type Clock, KerfError, type Principal, type TimerWheel } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Fake } from "./fake.ts";
import { fakeService, type Report } from "./fake-service.ts";
import { meet } from "./fault.ts";

/** What a fake is connected with. */
export interface FakeTransportOptions {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly principals: PrincipalVerifier;
  readonly report: Report;
}

/** What the two sides disagree about; the service that called turns it into an error of its own, so the test is told directly. */
const disagreements: readonly string[] = ["invalid_input", "invalid_output"];

/** The way to a fake: what a connection to a real instance would be, with faults on demand. */
export class FakeTransport implements Transport {
  readonly usable = true;
  readonly #fake: Fake;
  readonly #options: FakeTransportOptions;
  readonly #inbound: Inbound;

  constructor(fake: Fake, options: FakeTransportOptions) {
    this.#fake = fake;
    this.#options = options;
    this.#inbound = new Inbound({
      services: [fakeService(fake, options.report)],
      clock: options.clock,
      wheel: options.wheel,
      log: options.log,
      checked: true,
      mayCall: () => true,
      principals: options.principals,
    });
  }

  get inFlight(): number {
    return this.#inbound.inFlight;
  }

  async call(request: Request): Promise<unknown> {
    const incoming = await this.#arrive(request);
    try {
      return json(await this.#inbound.call(incoming));
    } catch (thrown) {
      throw this.#sent(thrown);
    } finally {
      incoming.context.release();
    }
  }

  async *stream(request: Request): AsyncGenerator<unknown> {
    const incoming = await this.#arrive(request);
    try {
      for await (const item of this.#inbound.stream(incoming)) yield json(item);
    } catch (thrown) {
      throw this.#sent(thrown);
    } finally {
      incoming.context.release();
    }
  }

  async probe(): Promise<void> {}

  onUnusable(): void {}

  close(): void {}

  /** What the other side would have made of the bytes, unless something goes wrong on the way. */
  async #arrive(request: Request): Promise<Incoming> {
    const { clock, wheel } = this.#options;
    const { context } = request;
    const input = json(request.input);
    const { caller, idempotencyKey } = context;
    // Reading the log is the platform's own business, no call of the code under test.
    const fault =
      request.operation === readEvents
        ? undefined
        : this.#fake.received(request.operation, {
            input,
            caller,
            idempotencyKey,
            principal: this.#principal(context),
          });
    if (fault !== undefined) await meet(fault, context, clock);
    return {
      service: request.service,
      operation: request.operation,
      input,
      after: request.after,
      context: new CallContext({
        clock,
        wheel,
        deadline: context.deadline,
        trace: context.trace,
        caller,
        principalToken: context.principalToken,
        idempotencyKey,
        parent: context,
      }),
    };
  }

  #principal({ principalToken }: CallContext): Principal | undefined {
    return principalToken === undefined
      ? undefined
      : this.#options.principals.verify(principalToken);
  }

  #sent(thrown: unknown): unknown {
    if (!(thrown instanceof KerfError)) return thrown;
    const error = KerfError.fromShape(json(thrown.toShape()) as ReturnType<KerfError["toShape"]>);
    if (disagreements.includes(error.code)) this.#options.report(error);
    return error;
  }
}

/** There and back through the codec, so that nobody shares objects. */
function json(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}
