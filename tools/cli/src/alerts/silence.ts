import type { AlertsOptions, SilenceOptions } from "../commands/alerts.ts";
import { withPlatform } from "../connection/connect.ts";
import { dateTime } from "../output/duration.ts";
import { printJson } from "../output/json.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";

/** Keeps the alerts of a service or an operation quiet. */
export function silence(of: string, options: SilenceOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const [service = "", operation] = of.split(".", 2);
    const made = await client.addSilence({
      service,
      ...(operation === undefined ? {} : { operation }),
      forMs: options.for,
      because: options.because,
    });
    if (options.json === true) return printJson(made);
    const { id, until } = made.silence;
    process.stdout.write(`${of} is quiet until ${shown(until)}. Sooner: kerf alerts end ${id}\n`);
  });
}

/** Prints what is kept quiet. */
export function listSilences(options: AlertsOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const { silences } = await client.alerts({});
    if (options.json === true) return printJson({ silences });
    if (silences.length === 0) {
      process.stdout.write("Nothing is silenced.\n");
      return;
    }
    const rows = silences.map(({ because, by, id, operation, service, until }) => [
      id,
      operation === undefined ? service : `${service}.${operation}`,
      shown(until),
      printable(by),
      printable(because),
    ]);
    const titles = ["silence", "of", "until", "by", "because"].map((title) => ({ title }));
    process.stdout.write(`${table(titles, rows)}\n`);
  });
}

/** Ends a silence early. */
export function endSilence(id: string, options: AlertsOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const done = await client.endSilence({ id });
    if (options.json === true) return printJson(done);
    const { operation, service } = done.silence;
    process.stdout.write(
      `${service}${operation === undefined ? "" : `.${operation}`} is not silenced by ${id} any more.\n`,
    );
  });
}

/** To the second, by the clock of this machine. */
function shown(time: string): string {
  return dateTime(Date.parse(time)).slice(0, 19);
}
