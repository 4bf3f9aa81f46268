import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KerfError, systemClock } from "@kerf/kernel";
import { type ExternalService, programOf } from "@kerf/service";
import type { Companion, CompanionParts, MakeCompanion } from "@kerf/service/companion";
import { CallsUnderWay } from "./calls-under-way.ts";
import { forwardTo } from "./forwarding.ts";
import { Outbound } from "./outbound.ts";
import { ProgramClient } from "./program-client.ts";
import { type Probe, ProgramProcess } from "./program-process.ts";

/** The companion of a unit with one external service: its program, the calls to it, and the calls that it makes. */
export const sidecar: MakeCompanion = (parts) => new Sidecar(parts);

/** See {@link sidecar}. */
class Sidecar implements Companion {
  readonly #parts: CompanionParts;
  readonly #service: ExternalService<any, any>;
  #process: ProgramProcess | undefined;
  #client: ProgramClient | undefined;
  #outbound: Outbound | undefined;
  #stopped: Promise<void> | undefined;

  constructor(parts: CompanionParts) {
    this.#parts = parts;
    this.#service = onlyExternal(parts);
  }

  async start(): Promise<void> {
    const { clock, directory, failed, log } = this.#parts;
    const service = this.#service;
    const program = { ...service.program, ...this.#parts.program };
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const token = randomBytes(32).toString("base64url");
    const tokenFile = join(directory, "token");
    await writeFile(tokenFile, token, { mode: 0o600 });

    // The way out first: a program may call others while it starts.
    const calls = new CallsUnderWay();
    this.#outbound = await Outbound.listen({ ...this.#parts, service, calls, token });

    // Its process lives by this machine's clock, even where a test moves the time of calls by hand.
    const running = await ProgramProcess.start(program, {
      clock: systemClock,
      directory,
      environment: {
        ...this.#outbound.environment,
        KERF_TOKEN_FILE: tokenFile,
        KERF_SERVICE: service.name,
      },
    });
    this.#process = running;
    const address = await running.whenReady(probeOf(program.health, token));
    log.info("the program serves", {
      service: service.name,
      command: program.command.join(" "),
      pid: running.pid,
      ...address,
    });
    this.#client = new ProgramClient(address);
    service.forwardTo(forwardTo({ service, client: this.#client, calls, clock, token }));
    void running.whenEnded.then((end) => {
      if (this.#stopped === undefined) failed(end);
    });
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.#process?.stop();
    this.#client?.close();
    await this.#outbound?.close();
    await rm(this.#parts.directory, { recursive: true, force: true });
  }
}

function onlyExternal({ services }: CompanionParts): ExternalService<any, any> {
  const [service] = services;
  if (services.length === 1 && service !== undefined && programOf(service) !== undefined)
    return service as ExternalService<any, any>;
  throw new KerfError("invalid_app", {
    message: `A sidecar runs one service whose implementation is a program; this one was given ${services.map(({ name }) => name).join(", ")}.`,
    fix: "Restart the platform, so that it describes the app anew: kerf dev",
  });
}

/** It serves when its health path says so, or when it listens at all. */
function probeOf(health: string | undefined, token: string): Probe {
  return async (address, signal) => {
    if (health === undefined) return true;
    const client = new ProgramClient(address);
    try {
      const headers = { "x-kerf-token": token };
      const answer = await client.send({ method: "GET", target: health, headers, signal });
      answer.resume();
      return answer.statusCode !== undefined && answer.statusCode >= 200 && answer.statusCode < 300;
    } finally {
      client.close();
    }
  };
}
