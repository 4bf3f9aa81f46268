import type { Connection } from "../connection/connect.ts";
import { type Applied, appliedText } from "../output/applied-text.ts";
import { printJson } from "../output/json.ts";
import { type Asked, type ChangeOptions, withSteps } from "./run-change.ts";

/** What every command takes that changes settings. */
export interface SettingsChangeOptions extends ChangeOptions {
  ahead?: true;
  watch?: number;
}

/** Who asks for a change of settings, and how long it is watched. */
export interface AskedOfSettings extends Asked {
  readonly watchMs?: number;
}

/** Changes settings of a service, shows its steps where it is a change of what runs, and says what came of it. */
export async function makeSettingsChange(
  { client }: Connection,
  options: SettingsChangeOptions,
  [what, service]: readonly [string, string],
  request: (client: Connection["client"], asked: AskedOfSettings) => Promise<Applied>,
): Promise<void> {
  const { watch } = options;
  const done = await withSteps(client, options, (asked) =>
    request(client, {
      ...asked,
      ...(watch === undefined ? undefined : { watchMs: watch * 1_000 }),
    }),
  );
  if (options.json === true) return printJson(done);
  process.stdout.write(appliedText(what, service, done));
}
