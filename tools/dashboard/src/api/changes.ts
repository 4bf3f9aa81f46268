import type { ChangeReport, ProgressEvent } from "@kerf/control-api";
import { useSyncExternalStore } from "react";
import { client, errorOf } from "./client.ts";
import { queries } from "./queries.ts";

/** A step of a change as it stands. */
export interface Step {
  readonly name: string;
  readonly state: "started" | "done" | "failed";
  readonly ms?: number | undefined;
  readonly detail?: string | undefined;
}

/** A change that was asked for here or elsewhere. */
export interface Change {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly steps: readonly Step[];
  /** RFC 3339, of its newest step. */
  readonly time: string;
  /** Set when it was asked for here. */
  readonly outcome?:
    | { readonly report: ChangeReport }
    | { readonly error: ReturnType<typeof errorOf> };
}

/** Changes that are kept; the oldest goes. */
const mostChanges = 50;
/** Pauses before the stream is opened again, milliseconds. */
const againMs = [500, 1_000, 2_000, 5_000];

let changes: readonly Change[] = [];
let sequence = 0;
let following: Promise<void> | undefined;
const listeners = new Set<() => void>();

/** All changes since the page was opened, and the last ones before, the newest first. */
export function useChanges(): readonly Change[] {
  return useSyncExternalStore(subscribe, () => changes);
}

/** Asks for a change, and keeps what comes of it; the answer is its id. */
export function runChange(
  kind: string,
  title: string,
  ask: (change: string) => Promise<ChangeReport>,
): string {
  const id = newChangeId();
  update(id, (change) => ({ ...change, kind, title }));
  void ask(id).then(
    (report) => update(id, (change) => ({ ...change, outcome: { report } })),
    (thrown: unknown) =>
      update(id, (change) => ({ ...change, outcome: { error: errorOf(thrown) } })),
  );
  return id;
}

/** An id by which a change is known. */
export function newChangeId(): string {
  return `d-${crypto.getRandomValues(new Uint8Array(6)).toHex()}`;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  following ??= follow();
  return () => listeners.delete(listener);
}

async function follow(): Promise<void> {
  for (let failures = 0; ; failures++) {
    try {
      for await (const event of client.events(
        {},
        sequence === 0 ? {} : { after: String(sequence) },
      )) {
        failures = 0;
        take(event);
      }
    } catch {
      // A platform that comes back counts its events from the beginning.
      sequence = 0;
    }
    const pause = againMs[Math.min(failures, againMs.length - 1)];
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function take(event: ProgressEvent): void {
  sequence = event.sequence;
  if (event.type === "instance" || event.type === "ready")
    void queries.invalidateQueries({ queryKey: ["status"] });
  if (event.type !== "rollout") return;
  const { change: id, detail, kind, ms, state, step: name, time, title } = event;
  update(id, (change) => {
    const step = { name, state, ms, detail };
    const known = change.steps.some((each) => each.name === name);
    const steps = known
      ? change.steps.map((each) => (each.name === name ? step : each))
      : [...change.steps, step];
    return { ...change, kind, title, time, steps };
  });
}

function update(id: string, make: (change: Change) => Change): void {
  const known = changes.find((change) => change.id === id);
  const fresh = { id, title: "", kind: "", steps: [], time: new Date().toISOString() };
  const made = make(known ?? fresh);
  changes =
    known === undefined
      ? [made, ...changes].slice(0, mostChanges)
      : changes.map((change) => (change.id === id ? made : change));
  if (made.outcome !== undefined) void queries.invalidateQueries();
  for (const listener of listeners) listener();
}
