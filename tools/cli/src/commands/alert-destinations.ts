import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What every command on destinations takes. */
export interface DestinationsOptions {
  home?: string;
  json?: true;
}

/** What `kerf alerts destinations add` takes. */
export interface AddDestinationOptions extends DestinationsOptions {
  webhook?: true;
  email?: true;
  file?: string;
  signWith?: string;
  from?: string;
  to?: string;
  ca?: string;
  teams?: string;
}

/** `kerf alerts destinations`: where alerts are sent. */
export function destinationsCommand(): Command {
  return new Command("destinations")
    .summary("say where alerts are sent")
    .description(
      "Works with webhooks and mail servers that alerts are sent to. Addresses with secrets and passwords are kept encrypted; no command shows them, and none takes one as an argument.",
    )
    .helpCommand(false)
    .addCommand(
      examples(
        new Command("add")
          .summary("add a webhook or a mail server")
          .description(
            "Adds a destination. Its address is asked for at a terminal, without showing it, or read from stdin or a file: https://… of a webhook, smtps://user:password@host (or smtp://…, with STARTTLS) of a mail server.",
          )
          .argument("<name>", "what it is called: lower-case letters, digits and -")
          .option("--webhook", "it takes JSON by POST")
          .option("--email", "it takes mail")
          .option("--file <file>", "read the address from here")
          .option(
            "--sign-with <file>",
            "of a webhook: sign what is sent with the secret in this file, at least 16 characters",
          )
          .option("--from <address>", "of mail: who sends it")
          .option(
            "--to <addresses>",
            "of mail: who gets it beside whoever is on call, separated by commas",
          )
          .option("--ca <file>", "of mail: certificates of authorities to trust, PEM")
          .option("--teams <names>", "only what these teams own, separated by commas")
          .addOption(homeOption())
          .option("--json", "print {destination} as JSON")
          .action(async (name: string, options: AddDestinationOptions) => {
            const { addDestination } = await import("../alerts/add-destination.ts");
            await addDestination(name, options);
          }),
        [
          ["kerf alerts destinations add chat --webhook", "asks for the address"],
          [
            "kerf alerts destinations add pager --webhook --file url.txt --sign-with secret.txt --teams money-team",
            "signed, for what one team owns",
          ],
          [
            "kerf alerts destinations add mail --email --from kerf@example.org --to ops@example.org < smtp.txt",
            "by mail",
          ],
        ],
      ),
    )
    .addCommand(
      examples(
        new Command("ls")
          .summary("list destinations")
          .description(
            "Lists where alerts are sent, and what became of the last one. Never addresses with secrets in them.",
          )
          .addOption(homeOption())
          .option(
            "--json",
            "print {destinations: [{name, kind, host, teams, last, waiting, …}]} as JSON",
          )
          .action(async (options: DestinationsOptions) => {
            const { listDestinations } = await import("../alerts/destinations.ts");
            await listDestinations(options);
          }),
        [["kerf alerts destinations ls", "who is told"]],
      ),
      { isDefault: true },
    )
    .addCommand(
      examples(
        new Command("rm")
          .summary("remove a destination")
          .description("Removes a destination with its secrets, and what waits to be sent there.")
          .argument("<name>", "which one")
          .addOption(homeOption())
          .option("--json", "print {} as JSON")
          .action(async (name: string, options: DestinationsOptions) => {
            const { removeDestination } = await import("../alerts/destinations.ts");
            await removeDestination(name, options);
          }),
        [["kerf alerts destinations rm chat", "nobody reads it any more"]],
      ),
    )
    .addCommand(
      examples(
        new Command("test")
          .summary("send a test")
          .description("Sends a test to a destination, once, and says what came of it.")
          .argument("<name>", "which one")
          .addOption(homeOption())
          .option("--json", "print {ms} as JSON")
          .action(async (name: string, options: DestinationsOptions) => {
            const { testDestination } = await import("../alerts/destinations.ts");
            await testDestination(name, options);
          }),
        [["kerf alerts destinations test chat", "before it is needed"]],
      ),
    );
}
