import type { ChangeKind } from "@kerf/control-api";
import type { KeptUnit } from "../placement/kept.ts";
import type { SettingsVersions } from "../settings/versions.ts";

/** What a change makes of the placement. */
export interface Plan {
  readonly kind: ChangeKind;
  /** What is changed, for people: `orders out of main`. */
  readonly title: string;
  /** The units that it touches, as they are to be; undefined for one that will be no more. */
  readonly units: Readonly<Record<string, KeptUnit | undefined>>;
  /** The services that get another unit. */
  readonly moves: readonly string[];
  /** New copies take the place of those too that run as they are to be. */
  readonly anew?: true | undefined;
  /** The services that get another build, with its digest. */
  readonly builds?: Readonly<Record<string, string>> | undefined;
  /** The services that get other versions of their settings. */
  readonly settings?: Readonly<Record<string, SettingsVersions>> | undefined;
  /** The app from then on, by the digest that it is kept by; without it the app stays. */
  readonly app?: string | undefined;
  /** Services that will be no more. */
  readonly remove?: readonly string[] | undefined;
  /** By gateway: the services that it exposes beside those that the app names. */
  readonly expose?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Who asks for a change, and by which name it will be known. */
export interface Asked {
  readonly id: string;
  readonly by: string;
  /** Even though the gate speaks against it. */
  readonly force?: boolean | undefined;
  /** Share of the calls that the new copies get at first, above 0 and below 1; without it all of them at once. */
  readonly canary?: number | undefined;
  /**
   * How long the new copies are watched beside the old ones before the change is committed, milliseconds; each time that their share grows. Of a
   * service that moves: how long calls are measured afterwards.
   */
  readonly watchMs?: number | undefined;
  /** How long a new copy may take until it is ready, and an old one until it has finished, milliseconds. */
  readonly readyMs?: number | undefined;
  readonly drainMs?: number | undefined;
}

/** A change that is under way: `state/change.json`. */
export interface Change extends Plan {
  /** Of the file's own shape. */
  readonly version: 1;
  readonly id: string;
  /** Who asked for it. */
  readonly by: string;
  /** What the gate said against it, where it was made all the same. */
  readonly forced?: readonly string[] | undefined;
  /** When it began, RFC 3339. */
  readonly at: string;
}
