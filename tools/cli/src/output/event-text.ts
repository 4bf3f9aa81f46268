import type { ProgressEvent } from "@kerf/control-api";
import { relative } from "node:path";
import { duration } from "./duration.ts";
import { failureText, logTail } from "./failure.ts";
import type { Paint } from "./paint.ts";
import { rolloutSteps } from "./rollout-steps.ts";

/** How many of the last lines of a log are shown with a problem. */
const logLines = 12;

/** Words for what the platform says. Remembers who was in trouble, so that it can say when that is over. */
export class EventText {
  readonly #paint: Paint;
  readonly #cwd: string;
  readonly #troubled = new Set<string>();

  constructor(paint: Paint, cwd: string) {
    this.#paint = paint;
    this.#cwd = cwd;
  }

  /** The lines for an event; undefined when a person need not know. */
  of(event: ProgressEvent): string | undefined {
    const paint = this.#paint;
    switch (event.type) {
      case "step":
        return this.#step(event);
      case "change":
        return this.#change(event);
      case "rollout":
        return this.#rollout(event);
      case "instance":
        return this.#instance(event);
      case "problem": {
        const text = failureText(event.error, paint, event.source);
        const tail = logTail(event.log ?? [], logLines, paint);
        return [
          text,
          ...(tail.length === 0 ? [] : [paint("faint", "  its last lines:"), ...tail]),
        ].join("\n");
      }
      case "stopping":
      case "ready":
        return undefined;
    }
  }

  #step(event: ProgressEvent & { type: "step" }): string | undefined {
    if (event.state === "started") return undefined;
    const mark = event.state === "done" ? this.#paint("good", "✓") : this.#paint("bad", "✗");
    const time = event.ms === undefined ? "" : this.#paint("faint", `  ${duration(event.ms)}`);
    const detail = event.detail === undefined ? "" : this.#paint("faint", `  ${event.detail}`);
    return `${mark} ${event.title}${detail}${time}`;
  }

  #change(event: ProgressEvent & { type: "change" }): string | undefined {
    const units = event.units.join(", ");
    switch (event.state) {
      case "started": {
        const files = event.files.map((file) => relative(this.#cwd, file));
        const named =
          files.length > 2 ? `${files[0]} and ${files.length - 1} more` : files.join(" and ");
        return `${this.#paint("name", "↻")} ${named} changed: starting ${units} again`;
      }
      case "done": {
        const time = event.ms === undefined ? "" : ` after ${duration(event.ms)}`;
        return `${this.#paint("good", "✓")} ${units} ${event.units.length > 1 ? "answer" : "answers"} again${time}`;
      }
      case "failed":
        return `${this.#paint("bad", "✗")} ${units} did not start with the change; what ran before serves on`;
      case "ignored":
        return undefined;
    }
  }

  #rollout(event: ProgressEvent & { type: "rollout" }): string | undefined {
    const { detail, kind, state, step, title } = event;
    if (state === "started") return undefined;
    // The gate has something to say only of what is made by force.
    const isForced = step === "gate" && state === "done" && detail !== undefined;
    const marks = { done: this.#paint("good", "✓"), failed: this.#paint("bad", "✗") };
    const mark = isForced ? this.#paint("warn", "!") : marks[state];
    const time = event.ms === undefined ? "" : this.#paint("faint", `  ${duration(event.ms)}`);
    // Why it failed is said by whoever asked for it, or by the problem that came with it.
    const what = rolloutSteps[step][isForced ? "failed" : state];
    const more =
      state === "failed" || detail === undefined ? "" : this.#paint("faint", `  ${detail}`);
    return `${mark} ${kind} ${title}: ${what}${more}${time}`;
  }

  #instance(event: ProgressEvent & { type: "instance" }): string | undefined {
    if (event.state === "restarting" || event.state === "crashed") {
      const known = this.#troubled.has(event.unit);
      this.#troubled.add(event.unit);
      if (event.state === "crashed") {
        return `${this.#paint("bad", "!")} ${event.unit} ends again and again; it is still being tried`;
      }
      return known
        ? undefined
        : `${this.#paint("warn", "!")} ${event.unit} ended; starting it again`;
    }
    if (event.state === "ready" && this.#troubled.delete(event.unit)) {
      return `${this.#paint("good", "✓")} ${event.unit} is back`;
    }
    return undefined;
  }
}
