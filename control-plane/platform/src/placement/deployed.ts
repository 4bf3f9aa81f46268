import { KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { Program } from "../supervisor/program.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import {
  copiesOf,
  type Deployment,
  gatewayInstances,
  ownPrograms,
  programsOf,
  servedUnits,
} from "./deployment.ts";
import { gatewayUnit } from "./gateway-copies.ts";
import { type Canary, movingInstances, placedInstances } from "./placed-instances.ts";
import { scalingOf } from "../scaling/scaling-of.ts";
import { buildPlacement, type EnvironmentFacts, type Placement } from "./snapshot-builder.ts";

/** What is to run now, with the ports that its gateways got; nothing until the app has been read. */
export class Deployed {
  readonly #http: { readonly host: string; readonly port: number };
  readonly #freePort: (host: string, port: number) => Promise<number>;
  readonly #prepareGateways: (manifest: AppManifest) => Promise<void>;
  readonly #ports = new Map<string, number>();
  #deployment: Deployment | undefined;
  /** What is to run with the copies that load asks for. */
  #current: Deployment | undefined;
  /** Copies of the units that are scaled by their load. */
  readonly #scaled = new Map<string, number>();
  /** Units whose first copy is being started for a call. */
  readonly #waking = new Set<string>();
  #starting = false;
  #moving: ReadonlyMap<string, string> = new Map();
  #beside: AppManifest | undefined;
  #images: () => readonly Program[] = () => [];
  #canary: Canary | undefined;

  constructor(
    /** Where the first gateway listens; each further one on the next port, with port 0 on any that is free. */
    http: { readonly host: string; readonly port: number },
    freePort: (host: string, port: number) => Promise<number>,
    /** Gives gateways what they need to start with the settings of an app. */
    prepareGateways: (manifest: AppManifest) => Promise<void> = async () => {},
  ) {
    this.#prepareGateways = prepareGateways;
    this.#http = http;
    this.#freePort = freePort;
  }

  /** Makes it the one that is to run. `running`: the ports of gateways that run already; undefined when nothing does. */
  async set(deployment: Deployment, running?: ReadonlyMap<string, number>): Promise<void> {
    await this.#prepareGateways(deployment.manifest);
    const { host, port } = this.#http;
    for (const [index, gateway] of deployment.manifest.gateways.entries()) {
      if (this.#ports.has(gateway.name)) continue;
      const wanted = port === 0 ? 0 : port + index;
      // Copies of one gateway have one port: it is found before the first of them is started.
      const isOurs = running !== undefined && wanted !== 0;
      const found = running?.get(gatewayUnit(gateway)) ?? (isOurs ? wanted : undefined);
      this.#ports.set(gateway.name, found ?? (await this.#freePort(host, wanted)));
    }
    this.#place(deployment);
  }

  /** Gives gateways that are new in an app their ports, beside those that have theirs. */
  async reserve(manifest: AppManifest): Promise<void> {
    await this.#prepareGateways(manifest);
    const { gateways } = manifest;
    const { host, port } = this.#http;
    for (const { name } of gateways) {
      if (this.#ports.has(name)) continue;
      const next = Math.max(port - 1, ...this.#ports.values()) + 1;
      this.#ports.set(name, await this.#freePort(host, port === 0 ? 0 : next));
    }
  }

  /** True until everything was given the chance to start; what a platform takes over is past that. */
  set starting(starting: boolean) {
    this.#starting = starting;
  }

  /** The units that a change is about to take services to. */
  set moving(moving: ReadonlyMap<string, string>) {
    this.#moving = moving;
  }

  /** The app as it was or will be, while copies of both run. */
  set beside(beside: AppManifest | undefined) {
    this.#beside = beside;
  }

  /** The app that a change is about to make, while its copies start; otherwise as it is. */
  get coming(): AppManifest {
    return this.#beside ?? this.current.manifest;
  }

  /** How the calls of some units are shared between old and staged copies, while these warm up or are watched. */
  set canary(canary: Canary | undefined) {
    this.#canary = canary;
  }

  /** Makes it the one that is to run, with the same gateways. The copies of the units that were `changed` are those that it names. */
  place(deployment: Deployment, changed: readonly string[]): void {
    for (const unit of changed)
      if (this.#scaled.has(unit)) this.#scaled.set(unit, copiesOf(deployment, unit));
    this.#place(deployment);
  }

  /** A unit that is scaled by its load gets another number of copies; 0 lets it sleep. Kept by the platform's memory only. */
  scale(unit: string, copies: number): void {
    // Whoever wakes is called as soon as it is ready, and not before.
    if (this.#scaled.get(unit) === 0 && copies > 0) this.#waking.add(unit);
    this.#scaled.set(unit, copies);
    this.#place(this.#deployment as Deployment);
  }

  /** Its first copy is there, or failed. */
  woken(unit: string): void {
    this.#waking.delete(unit);
  }

  /** Whether calls are to wait for a first copy of this unit. */
  isAsleep(unit: string): boolean {
    return this.#scaled.get(unit) === 0 || this.#waking.has(unit);
  }

  #place(deployment: Deployment): void {
    for (const unit of this.#scaled.keys()) {
      const isScaled =
        ownPrograms(deployment).includes(unit) && scalingOf(deployment, unit) !== undefined;
      if (!isScaled) this.#scaled.delete(unit);
    }
    this.#deployment = deployment;
    this.#current = {
      ...deployment,
      copies: { ...deployment.copies, ...Object.fromEntries(this.#scaled) },
    };
  }

  /** The programs of a deployment, with the ports that gateways got. */
  programsOf(deployment: Deployment): Program[] {
    return programsOf(deployment, this.#http.host, this.#ports);
  }

  /** The app as it was read last. */
  get manifest(): AppManifest | undefined {
    return this.#deployment?.manifest;
  }

  /** The services of each unit. */
  get units(): Readonly<Record<string, readonly string[]>> {
    return this.#deployment?.units ?? {};
  }

  /** Throws `not_ready` before the app has been read. */
  get current(): Deployment {
    if (this.#current !== undefined) return this.#current;
    throw new KerfError("not_ready", {
      message: "The app is still being read.",
      fix: "Try again in a moment.",
      retry: "not-executed",
    });
  }

  /** What is to run beside the app: images of others with their sidecars. A unit of the app that is called the same goes first. */
  set images(images: () => readonly Program[]) {
    this.#images = images;
  }

  get programs(): Program[] {
    const own = this.programsOf(this.current);
    const taken = new Set(own.map(({ unit }) => unit));
    return [...own, ...this.#images().filter(({ unit }) => !taken.has(unit))];
  }

  unitOf(service: string): string | undefined {
    return Object.entries(this.units).find(([, services]) => services.includes(service))?.[0];
  }

  /** Who runs where, as routers are to know it. */
  placement(supervisor: Supervisor, facts: EnvironmentFacts): Placement {
    const canary = this.#canary;
    return buildPlacement({
      manifest: this.current.manifest,
      units: servedUnits(this.current, supervisor),
      instances: placedInstances(this.current, supervisor, canary),
      movingInstances:
        canary && movingInstances(this.current, supervisor, this.#moving, canary.share),
      gatewayInstances: gatewayInstances(this.current, supervisor),
      starting: this.#starting,
      moving: this.#moving,
      isAsleep: (unit) => this.isAsleep(unit),
      beside: this.#beside,
      ...facts,
    });
  }
}
