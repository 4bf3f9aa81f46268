import { readFile } from "node:fs/promises";
import { KerfError } from "@kerf/kernel";
import type { AddDestinationOptions } from "../commands/alert-destinations.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { readValue, withoutLineEnd } from "../secrets/read-value.ts";

/** Adds a webhook or a mail server; its address comes from a terminal, stdin or a file, never from the arguments. */
export function addDestination(name: string, options: AddDestinationOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const { email, from, json, teams, webhook } = options;
    if ((webhook === true) === (email === true)) {
      throw new KerfError("usage", {
        message: "It is not said what the destination is.",
        fix: "Give one of --webhook and --email.",
      });
    }
    if (email === true && from === undefined) {
      throw new KerfError("usage", {
        message: "It is not said who sends the mail.",
        fix: "Give --from ADDRESS.",
      });
    }
    const { value: url } = await readValue(`Address of ${name}: `, options.file);
    const { destination } = await client.addDestination({
      name,
      ...(teams === undefined ? {} : { teams: listOf(teams) }),
      to:
        from === undefined || webhook === true
          ? { kind: "webhook", url, ...(await signing(options)) }
          : {
              kind: "email",
              url,
              from,
              to: listOf(options.to ?? ""),
              ...(await trusting(options)),
            },
    });
    if (json === true) return printJson({ destination });
    process.stdout.write(
      `Alerts are sent to ${name} at ${destination.host}. Try it: kerf alerts destinations test ${name}\n`,
    );
  });
}

async function signing({ signWith }: AddDestinationOptions): Promise<{ secret?: string }> {
  if (signWith === undefined) return {};
  return { secret: withoutLineEnd(await textOf(signWith)).value };
}

async function trusting({ ca }: AddDestinationOptions): Promise<{ ca?: string }> {
  return ca === undefined ? {} : { ca: await textOf(ca) };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new KerfError("usage", {
      message: `${file} cannot be read: ${(cause as Error).message}`,
      fix: "Give a file that is there.",
      cause,
    });
  }
}

function listOf(text: string): string[] {
  return text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}
