import type { Status } from "@kerf/control-api";
import { duration } from "../output/duration.ts";
import { paintFor } from "../output/paint.ts";
import { counts, picture } from "../output/picture.ts";
import { ownCommand } from "./own-command.ts";
import { tryNext } from "./try-next.ts";
import { waitingText } from "./waiting-text.ts";

/** What is shown when everything has started: the picture, what to try next, how it is stopped. */
export async function readyText(
  home: string,
  status: Status,
  facts: {
    /** When it was ready, in milliseconds from the start; undefined when it ran already. */
    readonly readyMs: number | undefined;
    /** `elsewhere`: only another terminal is free. */
    readonly where: "here" | "elsewhere";
    /** Opens a link to the dashboard for whoever sits here; undefined where nobody is to be shown it. */
    open?: ((url: string) => void) | undefined;
    /** How everything is stopped, from a way of naming our own commands. */
    stop(command: (words: string) => string): string;
  },
): Promise<string> {
  const paint = paintFor(process.stdout);
  // The client is loaded now, when everything runs, and not before: it would make the start slower.
  const { connect } = await import("../connection/connect.ts");
  const client = connect({ home }).then((connection) => connection.client);
  const [contracts, dashboard] = await Promise.all([
    client
      .then((platform) => platform.contracts({}))
      .then(
        (answer) => answer.contracts,
        () => [],
      ),
    // The link signs in: it is for a person at a terminal, and for no file that keeps what we print.
    process.stdout.isTTY
      ? client
          .then((platform) => platform.openDashboard({}))
          .then(
            ({ url }) => [
              "",
              `  the dashboard, by a link that signs in once: ${paint("name", url)}`,
            ],
            () => [],
          )
      : [],
  ]);
  const { open } = facts;
  if (open !== undefined) {
    // A link of its own: each signs in once. Whoever cannot be shown it has the one that is printed.
    await client
      .then((platform) => platform.openDashboard({}))
      .then(
        ({ url }) => open(url),
        () => {},
      );
  }
  const command = ownCommand(home, process.env, process.cwd());
  const state =
    facts.readyMs === undefined
      ? "runs already"
      : `${counts(status).ailing === 0 ? "ready" : "started"} after ${duration(facts.readyMs)}`;
  return [
    ...dashboard,
    "",
    picture(status, paint),
    "",
    ...waitingText(status, command, paint),
    `  ${state}; try${facts.where === "elsewhere" ? ", in another terminal" : ""}:`,
    ...tryNext(status, contracts, command).map((line) => `    ${paint("name", line)}`),
    `  ${paint("faint", `${facts.stop(command)} stops everything; the data stays in`)} ${home}`,
    "",
  ].join("\n");
}
