import type { StopOptions } from "../commands/stop.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { ownStep } from "../output/own-step.ts";

/** Takes a unit away, and says how it comes back. */
export function stopUnit(unit: string, options: StopOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const stopped = await ownStep(`Stopping ${unit}`, () => client.stopUnit({ unit }));
    if (options.json === true) return printJson(stopped);
    const what =
      stopped.instances.length === 0 ? "did not run" : `ended ${stopped.instances.join(", ")}`;
    process.stdout.write(`${unit}: ${what}\nback again: kerf start ${unit}\n`);
  });
}

/** Brings back a unit that was stopped. */
export function startUnit(unit: string, options: StopOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const started = await ownStep(`Starting ${unit}`, () => client.startUnit({ unit }));
    if (options.json === true) return printJson(started);
    const { instances } = started;
    process.stdout.write(
      `${unit}: ${instances.length === 0 ? "runs already" : `${instances.join(", ")} ready`}\n`,
    );
  });
}
