import { type Clock, KerfError, type Timer, toKerfError } from "@kerf/kernel";

/** A program that somebody has attached in place of the one that a service declares. */
export interface AttachedProgram {
  /** Who attached it, and has to say so again: an id that they chose. */
  readonly holder: string;
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[];
  /** Absolute path of the directory that it runs in. */
  readonly cwd: string;
}

/** How long a program stays attached after its holder was last heard of, milliseconds: a terminal that was closed says nothing. */
const holdMs = 10_000;

interface Held {
  readonly program: AttachedProgram;
  /** Resolves when it serves. */
  readonly attached: Promise<unknown>;
  timer: Timer | undefined;
}

/** What attaching works on. */
export interface AttachedProgramsOptions {
  readonly clock: Clock;
  /** Exchanges the copies of a unit: by then it is started with {@link AttachedPrograms.of}. */
  replace(unit: string): Promise<unknown>;
  /** Ends the copies of a unit and starts it anew, when there is nothing to exchange them with. */
  startAnew(unit: string): Promise<unknown>;
  /** Aborts when nothing is to be started any more. */
  readonly stopping: AbortSignal;
  /** What went wrong with nobody waiting for it. */
  problem(error: KerfError, unit: string): void;
}

/** The units that run a program of somebody's own instead of the declared one, each for as long as its holder says so. */
export class AttachedPrograms {
  readonly #options: AttachedProgramsOptions;
  readonly #held = new Map<string, Held>();

  constructor(options: AttachedProgramsOptions) {
    this.#options = options;
  }

  /** What the unit is to be started with; undefined for what its service declares. */
  of(unit: string): AttachedProgram | undefined {
    return this.#held.get(unit)?.program;
  }

  /**
   * Attaches a program, or holds on to it when it is attached already. Resolves when it serves; rejects with `conflict` when
   * somebody else's is attached, and with what is wrong with the program, in which case the declared one goes on.
   */
  async attach(unit: string, program: AttachedProgram): Promise<void> {
    const held = this.#held.get(unit);
    if (held !== undefined) {
      if (held.program.holder !== program.holder) throw taken(unit, held.program);
      await held.attached;
      this.#hold(unit, held);
      return;
    }
    const started = Promise.withResolvers<unknown>();
    const own: Held = { program, attached: started.promise, timer: undefined };
    this.#held.set(unit, own);
    started.resolve(this.#options.replace(unit));
    try {
      await own.attached;
    } catch (thrown) {
      // By now it may be somebody else's.
      if (this.#held.get(unit) === own) {
        this.#held.delete(unit);
        await this.#giveBack(unit);
      }
      throw thrown;
    }
    this.#hold(unit, own);
  }

  /** Goes on with one that a platform before us attached. */
  restore(unit: string, program: AttachedProgram): void {
    const held: Held = { program, attached: Promise.resolve(), timer: undefined };
    this.#held.set(unit, held);
    this.#hold(unit, held);
  }

  /** Ends it; resolves when the declared program serves again, or cannot. Does nothing for who holds none. */
  async detach(unit: string, holder: string): Promise<void> {
    const held = this.#held.get(unit);
    if (held?.program.holder !== holder) return;
    held.timer?.cancel();
    this.#held.delete(unit);
    await this.#giveBack(unit);
  }

  #hold(unit: string, held: Held): void {
    held.timer?.cancel();
    if (this.#held.get(unit) !== held) return;
    held.timer = this.#options.clock.after(holdMs, () => {
      void this.detach(unit, held.program.holder).catch((thrown: unknown) =>
        this.#options.problem(toKerfError(thrown), unit),
      );
    });
  }

  async #giveBack(unit: string): Promise<void> {
    const options = this.#options;
    if (options.stopping.aborted) return;
    try {
      await options.replace(unit);
    } catch {
      // It was reported. The declared program cannot be started, and the attached one has no place any more.
      if (!options.stopping.aborted) await options.startAnew(unit);
    }
  }
}

function taken(unit: string, { command, cwd }: AttachedProgram): KerfError {
  return new KerfError("conflict", {
    message: `A program is attached to ${unit} already: ${command.join(" ")}`,
    why: `It runs in ${cwd}. A terminal that was closed lets go after ${holdMs / 1_000} s.`,
    fix: "End the kerf sidecar that attached it.",
  });
}
