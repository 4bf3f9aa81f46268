import type { ServiceName } from "./app/services.ts";
import type { ScenarioClient } from "./runner/client.ts";
import type { Databases, Found } from "./invariants/found.ts";
import type { Cut } from "./hook/crash.ts";

/** Who starts and ends instances. */
export interface Operator {
  /** Ends a process in order, as a deploy does; others go on. */
  stop(process: string): Promise<void>;
}

/** One path through the platform, as a small program with services in processes of their own. */
export interface Scenario {
  readonly name: string;
  /** The processes, and which services each runs. */
  readonly processes: Readonly<Record<string, readonly ServiceName[]>>;
  /** Which of them nobody calls: they work by themselves. */
  readonly standby?: readonly string[];
  /** Which of them are killed; by default all. */
  readonly killed?: readonly string[];
  /** Which are also paused at each moment at which they hold no lock, until another one has done what they were at. */
  readonly paused?: readonly string[];
  /** False when another process takes over what a killed one did; by default it is started again. */
  readonly restarts?: false;
  /** The processes make and migrate their databases themselves; their services are in no other scenario. */
  readonly setup?: true;
  /** They find a spare database to take. */
  readonly spare?: true;
  /** Events travel through NATS JetStream, which must be in the cache of engines. */
  readonly broker?: true;
  /** The databases are kept in shape at once, and not only after half a minute. */
  readonly upkeep?: true;
  /** Only at moments whose keys match somebody is killed: the others are those of other scenarios. */
  readonly among?: RegExp;
  /** A process whose connection is cut at one moment in every run, killed or not: what comes of that are paths of their own. */
  readonly cut?: Cut & { readonly process: string };
  /** What the databases hold before anybody starts. */
  prepare?(databases: Databases): Promise<void>;
  /** What clients do; each call is repeated under its key until it is answered. */
  drive(client: ScenarioClient, operator: Operator): Promise<void>;
  /** What is still going on, beside what is looked for in all; undefined at rest. */
  unrest?(databases: Databases): Promise<string | undefined>;
  /** What this scenario must have come to, beside what must hold in all; throws when it has not. */
  check(found: Found, databases: Databases): Promise<void> | void;
}
