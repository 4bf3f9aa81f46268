import type { ProgressEvent } from "@kerf/control-api";

/** Reads what the platform tells, and keeps what happened to units that no change was about. */
export class Untouched {
  /** What was done to a unit although the change under way was about others. */
  readonly touched: string[] = [];
  /** The copies of each unit that were started. */
  readonly starts = new Map<string, Set<string>>();
  #underWay: string | undefined;

  heard(event: ProgressEvent): void {
    if (event.type === "rollout") {
      const { state, step, title } = event;
      const isOver = (step === "drain" || step === "undo") && state !== "started";
      // One that the gate refuses is over with it, and so is one that never gets past its migrations.
      const isRefused = (step === "gate" || step === "migrate") && state === "failed";
      this.#underWay = isOver || isRefused ? undefined : title;
    }
    if (event.type !== "instance") return;
    const { instance, state, unit } = event;
    const started = this.starts.get(unit) ?? new Set();
    if (state === "starting") this.starts.set(unit, started.add(instance));
    if (unit !== this.#underWay)
      this.touched.push(`${unit} is ${state} during ${this.#underWay ?? "no change"}`);
  }
}
