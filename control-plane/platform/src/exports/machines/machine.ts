import { type Clock, delay, KerfError } from "@kerf/kernel";
import type { MachineNames, Slot } from "./machine-names.ts";
import { slots } from "./machine-names.ts";
import type { MachineRelease } from "./machine-release.ts";
import * as scripts from "./remote-scripts.ts";
import type { Ssh, SshAnswer, SshHost, SshRun } from "./ssh.ts";

/** How long what takes long may take, milliseconds. Stopping: longer than systemd gives it. */
export const bounds = {
  send: 900_000,
  migration: 960_000,
  ready: 120_000,
  stop: 90_000,
} as const;
/** How often a copy that starts is asked, milliseconds. */
const lookMs = 500;
/** A copy that was started again so often comes to nothing. */
const mostRestarts = 3;
/** The first with LoadCredential=. */
const leastSystemd = 247;
/** Releases that are kept for going back. */
const keptReleases = 5;

/** What of a program is on a machine. */
export interface MachineState {
  /** The slot that serves. */
  readonly current: Slot | undefined;
  readonly releases: Readonly<Record<Slot, string | undefined>>;
  /** The copy in that slot runs, as systemd has it. */
  readonly isActive: boolean;
  /** That have served, the oldest first. */
  readonly history: readonly string[];
}

/** One machine that is deployed to, held by this deploy alone. */
export class Machine {
  readonly host: SshHost;
  readonly #ssh: Ssh;
  readonly #release: (() => void) | undefined;

  private constructor(host: SshHost, ssh: Ssh, release?: () => void) {
    this.host = host;
    this.#ssh = ssh;
    this.#release = release;
  }

  /** Looks whether a machine can take an app, and holds it. Throws `unavailable`, `invalid_configuration` or `conflict`. */
  static async take(ssh: Ssh, host: SshHost, app: string): Promise<Machine> {
    const root = (await Machine.look(ssh, host)).host;
    const release = await ssh.hold(root, scripts.lock, [app]);
    if (release === undefined) throw locked(host, app);
    return new Machine(root, ssh, release);
  }

  /** Looks whether a machine can take an app, for somebody who only asks: changes nothing there, and holds nothing. */
  static async look(ssh: Ssh, host: SshHost): Promise<Machine> {
    const { out } = await ssh.run(host, scripts.look);
    const [id, system = "", version = "", state = "", ...missing] = out.trimEnd().split("\n");
    assertFit(host, { system, state, version, missing });
    const root = id === "0" ? host : { ...host, sudo: true };
    if (root.sudo === true) assertRoot(host, await ssh.run(root, "true"));
    return new Machine(root, ssh);
  }

  /** Lets others deploy to it. */
  free(): void {
    this.#release?.();
  }

  async state({ program, runtime }: MachineNames): Promise<MachineState> {
    const said = await this.#do(scripts.state, [program, runtime]);
    const [current, a, b, active, ...history] = said.split("\n");
    return {
      current: slots.find((slot) => slot === current),
      releases: { a: a || undefined, b: b || undefined },
      isActive: active === "active",
      history: history.filter((line) => line !== ""),
    };
  }

  /** Brings a release there, unless it is there; says how many bytes of code had to be sent. */
  async send({ beside, layers, names, release }: MachineRelease): Promise<number> {
    const there = new Set((await this.#do(scripts.layers, [names.app])).split("\n"));
    let sent = 0;
    for (const { bytes, name } of layers) {
      if (there.has(name)) continue;
      await this.#do(scripts.takeLayer, [names.app, name], { input: bytes, boundMs: bounds.send });
      sent += bytes.length;
    }
    const parts = [names.app, names.program, release, ...layers.map((layer) => layer.name)];
    await this.#do(scripts.takeRelease, parts, { input: beside, boundMs: bounds.send });
    return sent;
  }

  /** Bytes of code that would have to be sent. */
  async missing({ layers, names }: MachineRelease): Promise<number> {
    const there = new Set((await this.#do(scripts.layers, [names.app])).split("\n"));
    return layers.reduce((sum, { bytes, name }) => sum + (there.has(name) ? 0 : bytes.length), 0);
  }

  /** Ends a program, when it has finished what it had begun, and takes away all that is there of it. */
  async forget({ app, program, runtime }: MachineNames): Promise<void> {
    await this.#do(scripts.forget, [app, program, runtime], { boundMs: 2 * bounds.stop });
  }

  /** Puts a release that is there into a slot, whose copy is ended before. */
  async place(names: MachineNames, release: string, slot: Slot): Promise<void> {
    await this.#do(scripts.place, [names.program, release, slot, names.copy(slot)], {
      boundMs: bounds.stop,
    });
  }

  /** Migrates what the release in a slot has; the owner's and the administrator's passwords leave the machine with the end of that, however it ends. */
  async migrate(
    { migrationSecrets, names, release, secrets }: MachineRelease,
    slot: Slot,
  ): Promise<void> {
    const only = migrationSecrets.filter((name) => !secrets.includes(name));
    try {
      await this.#start(names.migrationIn(slot), bounds.migration);
    } finally {
      const files = only.map((name) => `${names.program}/${release}/secrets/${name}`);
      await this.#do(scripts.remove, files);
    }
  }

  /** Starts the copy in a slot and waits until it is ready. Throws `start_failed` with the end of its journal. */
  async start(names: MachineNames, slot: Slot, clock: Clock): Promise<void> {
    const copy = names.copy(slot);
    await this.#start(copy, bounds.ready);
    const until = clock.now() + bounds.ready;
    for (;;) {
      const said = await this.#do(scripts.probe, [names.program, slot, copy]);
      if (/^ready$/m.test(said)) return;
      const restarts = Number(/^NRestarts=(\d+)$/m.exec(said)?.[1] ?? 0);
      const state = /^ActiveState=(.*)$/m.exec(said)?.[1] ?? "unknown";
      const ended = state === "failed" || state === "inactive" || restarts >= mostRestarts;
      if (!ended && clock.now() < until) {
        await delay(clock, lookMs);
        continue;
      }
      const lines = await this.#do(scripts.journal, [copy]);
      throw new KerfError("start_failed", {
        message: `${copy} did not become ready on ${this.host.host}: it is ${state}.`,
        why: lines.trim() || `It did not say that it is ready within ${bounds.ready / 1_000} s.`,
        fix: `Its journal: journalctl -u ${copy}`,
      });
    }
  }

  /** From here on the copy in a slot is the one that serves. */
  async flip(names: MachineNames, release: string, slot: Slot): Promise<void> {
    await this.#do(scripts.flip, [names.program, slot, release, names.copy(slot)]);
  }

  /** Ends the copy in a slot that serves no more, when it has finished what it had begun. */
  async retire(names: MachineNames, slot: Slot): Promise<void> {
    await this.#do(scripts.retire, [names.copy(slot)], { boundMs: bounds.stop });
  }

  /** Takes a copy back that does not serve. */
  async stop(names: MachineNames, slot: Slot): Promise<void> {
    await this.#do(scripts.stop, [names.copy(slot)], { boundMs: bounds.stop });
  }

  /** Keeps what there is to go back to, and takes the rest away. */
  async prune(names: MachineNames): Promise<void> {
    await this.#do(scripts.prune, [names.app, names.program, String(keptReleases)]);
  }

  async #start(unit: string, boundMs: number): Promise<void> {
    const answer = await this.#ssh.run(this.host, scripts.start, [unit], { boundMs });
    if (answer.code === 0) return;
    throw new KerfError(unit.includes("-migrate@") ? "migration_failed" : "start_failed", {
      message: `${unit} failed on ${this.host.host}.`,
      why: `${answer.out}\n${answer.error}`.trim(),
      fix: `Its journal: journalctl -u ${unit}`,
    });
  }

  async #do(script: string, args: readonly string[], options?: SshRun): Promise<string> {
    const answer = await this.#ssh.run(this.host, script, args, options);
    if (answer.code === 0) return answer.out;
    throw new KerfError("unavailable", {
      message: `A step failed on ${this.host.host}.`,
      why: `${answer.error}\n${answer.out}`.trim() || `It ended with ${answer.code}.`,
      fix: "Mend what it says, then deploy again: what is there already is not sent again.",
    });
  }
}

function assertFit(
  { host }: SshHost,
  {
    missing,
    state,
    system,
    version,
  }: { system: string; version: string; state: string; missing: readonly string[] },
): void {
  const wanted = `Linux ${process.arch === "x64" ? "x86_64" : "aarch64"}`;
  if (system !== wanted) {
    throw new KerfError("invalid_configuration", {
      message: `${host} is another kind of machine: ${system || "unknown"}.`,
      why: `What is built here, Node included, is for ${wanted}.`,
      fix: `Deploy from a machine that is ${system || "like it"}, or to one that is ${wanted}.`,
    });
  }
  // `degraded`: some other unit failed, which is none of ours.
  if (missing.length > 0 || ["", "offline", "unknown"].includes(state)) {
    throw new KerfError("invalid_configuration", {
      message: `systemd does not run ${host}, or something is missing there.`,
      why: missing.join(", ") || `systemctl is-system-running says ${state || "nothing"}.`,
      fix: "Deploy to a machine that systemd runs, with GNU tar and util-linux; into containers with kerf export compose.",
    });
  }
  const number = Number(/^systemd (\d+)/.exec(version)?.[1] ?? 0);
  if (number >= leastSystemd) return;
  throw new KerfError("invalid_configuration", {
    message: `The systemd of ${host} is too old: ${version}.`,
    why: `Programs get their secrets as credentials, which ${leastSystemd} has first.`,
    fix: "Take a newer system: Debian 11, Ubuntu 22.04, RHEL 9 or later.",
  });
}

function assertRoot({ host, user }: SshHost, { code, error }: SshAnswer): void {
  if (code === 0) return;
  throw new KerfError("invalid_configuration", {
    message: `${user ?? "The user"} may not become root on ${host} without a password.`,
    why: error.trim(),
    fix: `Log in as root, --target ssh://root@${host}, or allow it in sudoers: ${user ?? "USER"} ALL=(root) NOPASSWD: ALL`,
  });
}

function locked({ host }: SshHost, app: string): KerfError {
  return new KerfError("conflict", {
    message: `Somebody else is deploying to ${host}.`,
    why: `${app}/.lock is held there, for as long as the other deploy has its connection.`,
    fix: "Wait until it is done, then try again.",
  });
}
