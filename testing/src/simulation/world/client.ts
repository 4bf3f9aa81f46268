import { DeclaredError, delay } from "@kerf/kernel";
import { SimulatedProcess } from "../process.ts";
import { accounts, type Change, services, type Transfer } from "./bank.ts";
import { type OutgoingCommand, sendCommand } from "./caller.ts";
import type { World } from "./world.ts";

/** Commands of one client. */
const commands = 6;
/** Longest pause between two, milliseconds. */
const longestPauseMs = 2_000;

/** Somebody outside who sends commands, each under one key until it is answered, and sometimes again after that. Never dies. */
export class Client {
  readonly #world: World;
  readonly #process: SimulatedProcess;
  #done = false;

  constructor(world: World, name: string) {
    this.#world = world;
    this.#process = new SimulatedProcess(world.scheduler, name, world.wallStart);
  }

  get done(): boolean {
    return this.#done;
  }

  start(): void {
    void this.#work();
  }

  async #work(): Promise<void> {
    const { scheduler } = this.#world;
    for (let n = 1; n <= commands; n += 1) {
      await delay(this.#process.clock, scheduler.latency(1, longestPauseMs));
      const command = this.#draw(`${this.#process.name}:${n}`);
      // Impatient people press twice.
      const twice = scheduler.chance(0.15);
      const answers = await Promise.all([
        this.#until(command),
        ...(twice ? [this.#until(command)] : []),
      ]);
      if (scheduler.chance(0.2)) answers.push(await this.#until(command));
      for (const answer of answers) this.#world.properties.answered(command, answer);
      if (command.operation === "transfer" && scheduler.chance(0.3))
        await this.#withdraw(command, answers[0]);
    }
    this.#done = true;
  }

  /** Asks for the end of a saga that it has started. */
  async #withdraw({ service, key }: OutgoingCommand, answer = ""): Promise<void> {
    const { scheduler, properties } = this.#world;
    await delay(this.#process.clock, scheduler.latency(1, longestPauseMs));
    const input = { saga: JSON.parse(answer) as string };
    const command = { service, operation: "withdraw", input, key: `${key}:withdraw` };
    properties.answered(command, await this.#until(command));
  }

  #draw(key: string): OutgoingCommand {
    const { scheduler } = this.#world;
    const service = scheduler.pick(services);
    if (scheduler.chance(0.5)) {
      const input: Change = {
        account: scheduler.pick(accounts),
        amount: scheduler.integer(-60, 60),
      };
      return { service, operation: "change", input, key };
    }
    const place = () => ({ service: scheduler.pick(services), account: scheduler.pick(accounts) });
    const input: Transfer = {
      from: place(),
      to: place(),
      amount: scheduler.integer(1, 70),
      restMs: scheduler.pick([0, 0, 500, 4_000]),
      // What is waited for always comes: the longest is longer than the run.
      waitMs: scheduler.pick([0, 500, 600_000]),
      noted: scheduler.chance(0.6),
    };
    return { service, operation: "transfer", input, key };
  }

  /** JSON of what it was answered in the end. */
  async #until(command: OutgoingCommand): Promise<string> {
    for (;;) {
      try {
        return JSON.stringify(await sendCommand(this.#world, this.#process, command));
      } catch (error) {
        if (error instanceof DeclaredError) return `declined ${error.code}`;
        await delay(this.#process.clock, 300);
      }
    }
  }
}
