import { rootContext } from "@kerf/call";
import { delay, KerfError } from "@kerf/kernel";
import { make } from "./calling.ts";
import { Program } from "./program.ts";
import type { World } from "./world.ts";

/** What a client does, and how often beside the others. */
export const doings = ["count", "take", "send", "look", "order", "watch", "hang"] as const;
export type Doing = (typeof doings)[number];

/** How long calls may take, milliseconds. */
const deadlines = [100, 500, 2_000, 5_000];
const calmDeadlineMs = 5_000;
/** Longest time until an impatient client leaves, milliseconds. */
const patienceMs = 1_000;
/** In calm times it leaves before an attempt is given up, milliseconds: what hangs would count against the service otherwise. */
const calmPatienceMs = 40;
/** Most items of a stream. */
const mostItems = 200;

/** Somebody who calls: one program with many calls at once. */
export class Client {
  readonly program: Program;
  readonly #world: World;
  #number = 0;
  #underWay = 0;

  constructor(world: World, name: string) {
    this.#world = world;
    this.program = new Program(world, name, world.placement.signed);
  }

  /** Calls that have not ended. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Calls now and then until simulated time is `until()`, `everyMs` apart on average. */
  keepCalling(until: () => number, everyMs: number, calm: boolean): void {
    const { scheduler } = this.#world;
    const next = (): void => {
      if (scheduler.now >= until()) return;
      // More at once than a place drawn narrow takes: that opens circuits, as it should.
      const burst = !calm && scheduler.chance(0.05) ? 10 : 1;
      for (let n = 0; n < burst; n++) void this.#doSomething(calm);
      scheduler.plan(
        scheduler.random.next() * 2 * everyMs,
        `${this.program.process.name} calls`,
        () => this.program.process.deliver(next),
      );
    };
    next();
  }

  async #doSomething(calm: boolean): Promise<void> {
    const { scheduler } = this.#world;
    const doing = scheduler.pick(doings);
    const leavesMs =
      doing === "hang" || scheduler.chance(0.1)
        ? scheduler.latency(1, calm ? calmPatienceMs : patienceMs)
        : undefined;
    // What goes wrong under faults is looked at by the properties.
    await this.do(doing, {
      deadlineMs: calm ? calmDeadlineMs : scheduler.pick(deadlines),
      leavesMs,
    }).catch(() => undefined);
  }

  /** One call; rejects with KerfError. */
  async do(
    doing: Doing,
    {
      deadlineMs,
      leavesMs,
    }: { readonly deadlineMs: number; readonly leavesMs?: number | undefined },
  ): Promise<void> {
    const { wheel, process } = this.program;
    const { clock } = process;
    const id = `${process.name}:${++this.#number}`;
    const context = rootContext({ clock, wheel, caller: "operator", deadlineMs });
    this.#underWay++;
    const leave =
      leavesMs === undefined
        ? undefined
        : clock.after(leavesMs, () => {
            this.#world.properties.left(id);
            context.cancel(new KerfError("cancelled", "The client has left."));
          });
    try {
      if (doing === "watch") await this.#watch(id, context, deadlineMs);
      else {
        const service = serviceOf[doing];
        await make(
          this.#world,
          this.program,
          { service, operation: doing, id },
          context,
          deadlineMs,
          (call, options) => {
            const errand = { id, call };
            const { stock, mail, shop } = this.program.clients;
            if (doing === "send") return mail(context).send(errand, options);
            if (doing === "look" || doing === "order") return shop(context)[doing](errand, options);
            return stock(context)[doing](errand, options);
          },
        );
      }
    } finally {
      leave?.cancel();
      context.release();
      this.#underWay--;
    }
  }

  /** Reads a stream, slowly now and then, and leaves before its end now and then. */
  async #watch(
    id: string,
    context: ReturnType<typeof rootContext>,
    deadlineMs: number,
  ): Promise<void> {
    const { scheduler, properties } = this.#world;
    const { clock } = this.program.process;
    const to = scheduler.integer(1, mostItems);
    const stopAt = scheduler.chance(0.2) ? scheduler.integer(1, to) : to + 1;
    const about = { service: "stock" as const, operation: "watch", id };
    await make(this.#world, this.program, about, context, deadlineMs, async (call, options) => {
      const from = scheduler.chance(0.3) ? scheduler.integer(1, to) : 0;
      const after = from > 0 ? { after: String(from) } : {};
      const items = this.program.clients
        .stock(context)
        .watch({ id, call, to }, { ...options, ...after });
      let last = from;
      for await (const { n } of items) {
        properties.item(id, last, n);
        last = n;
        if (n === stopAt) return;
        if (scheduler.chance(0.02)) await delay(clock, scheduler.latency(1, 300), context.signal);
      }
      properties.streamEnded(id, last, to);
    });
  }
}

const serviceOf = {
  count: "stock",
  take: "stock",
  hang: "stock",
  send: "mail",
  look: "shop",
  order: "shop",
} as const;
