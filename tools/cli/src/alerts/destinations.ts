import type { DestinationsOptions } from "../commands/alert-destinations.ts";
import { withPlatform } from "../connection/connect.ts";
import { ago, duration } from "../output/duration.ts";
import { printJson } from "../output/json.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";

/** Prints where alerts are sent; never what is secret about it. */
export function listDestinations(options: DestinationsOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const { destinations } = await client.listDestinations({});
    if (options.json === true) return printJson({ destinations });
    if (destinations.length === 0) {
      process.stdout.write("Nobody is told of alerts: kerf alerts destinations add\n");
      return;
    }
    const rows = destinations.map(({ host, kind, last, name, signed, teams, to, waiting }) => [
      name,
      `${kind}${signed === true ? ", signed" : ""}`,
      [host, ...(to ?? [])].map(printable).join(" "),
      teams?.join(", ") ?? "all",
      last === undefined
        ? "nothing sent yet"
        : `${last.problem === undefined ? "well" : printable(last.problem)}, ${ago(last.at)} ago`,
      String(waiting),
    ]);
    const titles = ["destination", "kind", "to", "teams", "last", "waiting"];
    process.stdout.write(
      `${table(
        titles.map((title) => ({ title })),
        rows,
      )}\n`,
    );
  });
}

/** Removes a destination. */
export function removeDestination(name: string, options: DestinationsOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const done = await client.removeDestination({ name });
    if (options.json === true) return printJson(done);
    process.stdout.write(`Nothing is sent to ${name} any more.\n`);
  });
}

/** Sends a test. */
export function testDestination(name: string, options: DestinationsOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const done = await client.testDestination({ name });
    if (options.json === true) return printJson(done);
    process.stdout.write(`${name} took it within ${duration(done.ms)}.\n`);
  });
}
