import { Command, InvalidArgumentError } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What every command on events takes. */
export interface EventsOptions {
  home?: string;
  json?: true;
}

/** What `kerf events tail` takes. */
export interface TailOptions extends EventsOptions {
  lines: number;
  follow?: true;
}

/** What `kerf events skip` takes. */
export interface SkipOptions extends EventsOptions {
  note: string;
}

/** What `kerf events replay` takes. */
export interface ReplayOptions extends EventsOptions {
  since?: string;
  yes?: true;
}

/** `kerf events`: what services emitted, how far others followed, and what could not be applied. */
export function eventsCommand(): Command {
  return new Command("events")
    .summary("look at events, and mend what could not be applied")
    .description(
      "Works with the events of running services: what is in their logs, how far consumers are, what is parked.",
    )
    .helpCommand(false)
    .addCommand(tailCommand())
    .addCommand(historyCommand())
    .addCommand(lagCommand())
    .addCommand(parkedCommand())
    .addCommand(resolveCommand())
    .addCommand(skipCommand())
    .addCommand(replayCommand());
}

function tailCommand(): Command {
  return examples(
    new Command("tail")
      .summary("print the newest events")
      .description(
        "Prints the newest events of one service, or of all, in the order of their logs.",
      )
      .argument("[service]", "one producer; all of them without it")
      .option("-n, --lines <count>", "how many to begin with, of each service", count, 20)
      .option("-f, --follow", "go on with what comes, until Ctrl-C")
      .addOption(homeOption())
      .option(
        "--json",
        "print each event as JSON: {service, id, shard, name, key, version, payload, trace, principal, at}",
      )
      .action(async (service: string | undefined, options: TailOptions) => {
        const { tailEvents } = await import("../events/tail.ts");
        await tailEvents(service, options);
      }),
    [
      ["kerf events tail -f", "everything, as it comes"],
      ["kerf events tail orders -n 100", "the last hundred of orders"],
    ],
  );
}

function historyCommand(): Command {
  return examples(
    new Command("history")
      .summary("print what happened under one key, over all services")
      .description(
        "Prints every event under a key that services still have, and the sagas that were started for it, by time. NAME:KEY asks only for events that are ordered by the field NAME or NAMEId.",
      )
      .argument("<key>", "the key, or NAME:KEY")
      .addOption(homeOption())
      .option("--json", "print it as JSON: [{service, at, what, …}]")
      .action(async (key: string, options: EventsOptions) => {
        const { showHistory } = await import("../events/history.ts");
        await showHistory(key, options);
      }),
    [
      ["kerf events history order:0193f3c2-7b1e-7c4e-9d55-2f6f0c8b1a77", "the audit of one order"],
      ["kerf events history mug-blue", "every event under that key, whatever it is ordered by"],
    ],
  );
}

function lagCommand(): Command {
  return examples(
    new Command("lag")
      .summary("show how far consumers are behind")
      .description(
        "Shows for each consumer how many events it has still to apply and since when, who works on it, and what holds a log back: the process id of the transaction in the database.",
      )
      .argument("[service]", "one consumer; all of them without it")
      .addOption(homeOption())
      .option("--json", "print it as JSON")
      .action(async (service: string | undefined, options: EventsOptions) => {
        const { showLag } = await import("../events/lag.ts");
        await showLag(service, options);
      }),
    [["kerf events lag", "all consumers"]],
  );
}

function parkedCommand(): Command {
  return examples(
    new Command("parked")
      .summary("list keys whose events could not be applied")
      .description(
        "Lists the keys that wait for somebody, with the event that fails, why, and how many wait behind it.",
      )
      .argument("[service]", "one consumer; all of them without it")
      .addOption(homeOption())
      .option(
        "--json",
        "print it as JSON: [{service, producer, key, id, name, error, parkedAt, events}]",
      )
      .action(async (service: string | undefined, options: EventsOptions) => {
        const { showParked } = await import("../events/parked.ts");
        await showParked(service, options);
      }),
    [["kerf events parked", "what waits for somebody"]],
  );
}

function resolveCommand(): Command {
  return examples(
    new Command("resolve")
      .summary("apply what is parked under a key")
      .description(
        "Applies the events that are parked under a key, in order, once their handler is mended. Exits with 1 when one still fails; it and what is behind it stay parked.",
      )
      .argument("<consumer>", "the service that could not apply them")
      .argument("<producer>", "the service that emitted them")
      .argument("<key>", "their key")
      .addOption(homeOption())
      .option("--json", "print it as JSON: {applied, failed?}")
      .action(async (consumer: string, producer: string, key: string, options: EventsOptions) => {
        const { resolveParked } = await import("../events/parked.ts");
        await resolveParked(consumer, producer, key, options);
      }),
    [["kerf events resolve notifications orders 0193f3c2", "after the handler was corrected"]],
  );
}

function skipCommand(): Command {
  return examples(
    new Command("skip")
      .summary("pass over a parked event for good")
      .description(
        "Never applies the first parked event of a key, keeps it with your note in kerf.skipped_event, and applies what is behind it.",
      )
      .argument("<consumer>", "the service that could not apply it")
      .argument("<producer>", "the service that emitted it")
      .argument("<key>", "its key")
      .argument("<id>", "its id, as `kerf events parked` names it")
      .requiredOption("--note <text>", "why, for whoever asks later")
      .addOption(homeOption())
      .option("--json", "print it as JSON: {applied, failed?}")
      .action(
        async (
          consumer: string,
          producer: string,
          key: string,
          id: string,
          options: SkipOptions,
        ) => {
          const { skipParked } = await import("../events/parked.ts");
          await skipParked(consumer, producer, key, id, options);
        },
      ),
    [
      [
        `kerf events skip notifications orders 0193f3c2 4711 --note "customer was told by hand"`,
        "one event",
      ],
    ],
  );
}

function replayCommand(): Command {
  return examples(
    new Command("replay")
      .summary("begin a consumer anew")
      .description(
        "Delivers a log to a consumer once more, as a new generation: from the oldest event that there is, or from a time. A read model is built anew beside the tables that serve instead, and takes their place at once; nothing is seen twice there.",
      )
      .argument("<consumer>", "the service that follows")
      .argument("<producer>", "the service whose log it follows")
      .option("--since <time>", "only what was committed from this time on, ISO 8601")
      .option("--yes", "do not ask: handlers see these events again")
      .addOption(homeOption())
      .option("--json", "print it as JSON: {rebuilding, generation?}")
      .action(async (consumer: string, producer: string, options: ReplayOptions) => {
        const { replayEvents } = await import("../events/replay.ts");
        await replayEvents(consumer, producer, options);
      }),
    [
      ["kerf events replay search catalog", "build the index anew"],
      [
        "kerf events replay notifications orders --since 2026-11-20T00:00:00Z --yes",
        "once more since then",
      ],
    ],
  );
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 1_000) return value;
  throw new InvalidArgumentError("Give a whole number up to 1000.");
}
