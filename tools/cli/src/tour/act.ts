import type { Connection } from "../connection/connect.ts";
import type { Visitor } from "./visitor.ts";

/** Where an act plays. */
export interface Stage {
  readonly connection: Connection;
  /** Somebody with an account, who came for this tour. */
  readonly visitor: Visitor;
  /** Whether the shop goes on afterwards. */
  readonly isLive: boolean;
  /** The module of the shop's app, to build from; undefined where it is not here. */
  readonly source: string | undefined;
  /** Aborts at Ctrl-C. What an act changed it puts back all the same. */
  readonly signal: AbortSignal;
  /** No steps of changes are shown. */
  readonly json: boolean;
  /** Says what happens meanwhile. */
  say(text: string): void;
}

/** What is shown of one capability, and held to what it promises. */
export interface Act {
  readonly name: string;
  /** What is shown, in one sentence. */
  readonly shows: string;
  /** Why it cannot be shown here, in words; undefined when it can. */
  leftOut?(stage: Stage): Promise<string | undefined>;
  /** Plays it; answers what was seen. Throws what is not as it is promised. Leaves everything as it was found. */
  play(stage: Stage): Promise<Seen>;
}

/** What was seen of an act. */
export interface Seen {
  /** In a line each, for people. */
  readonly lines: readonly string[];
  /** The commands of a shell that show the same again, from a way of naming our own. */
  again(kerf: (words: string) => string): readonly string[];
}

/** Something is not as it is promised. */
export class NotAsPromised extends Error {
  override readonly name = "NotAsPromised";
}

/** Throws what was seen instead when a promise does not hold. */
export function promised(holds: boolean, instead: string): asserts holds {
  if (!holds) throw new NotAsPromised(instead);
}
