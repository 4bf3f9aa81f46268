import { Command, Option } from "commander";
import { examples } from "../examples.ts";

/** What every command on API keys takes. */
export interface KeysOptions {
  file: string;
  json?: true;
}

/** What `kerf keys create` takes. */
export interface CreateKeyOptions extends KeysOptions {
  subject: string;
  claims?: string;
  expires: string;
}

/** `kerf keys`: the API keys that a gateway accepts. */
export function keysCommand(): Command {
  return new Command("keys")
    .summary("make, list and revoke API keys")
    .description(
      "Works with the file of API keys that a gateway's settings name. Needs no running app.",
    )
    .helpCommand(false)
    .addCommand(
      examples(
        new Command("create")
          .summary("make an API key")
          .description(
            "Makes a key, adds its hash to the file and prints the key: this once, since nobody can read it out of the file. Gateways accept it within a second.",
          )
          .addOption(fileOption())
          .requiredOption("--subject <name>", "who calls with it, as services see it")
          .option("--claims <json>", "what services learn of the caller, as a JSON object")
          .option("--expires <when>", "90d, 12h, a date, or never", "365d")
          .option("--json", "print {id, key, subject, expires} as JSON")
          .action(async (options: CreateKeyOptions) => {
            const { createKey } = await import("../keys/create.ts");
            await createKey(options);
          }),
        [
          ["kerf keys create --file api-keys.json --subject partner", "for a year"],
          [
            `kerf keys create --file api-keys.json --subject ci --expires 12h --claims '{"role":"reader"}'`,
            "for half a day",
          ],
        ],
      ),
    )
    .addCommand(
      examples(
        new Command("ls")
          .summary("list API keys")
          .description("Lists the keys of the file. No key is among what it says.")
          .addOption(fileOption())
          .option(
            "--json",
            "print them as JSON: [{id, subject, claims, created, expires, disabled}]",
          )
          .action(async (options: KeysOptions) => {
            const { listKeys } = await import("../keys/list.ts");
            listKeys(options);
          }),
        [["kerf keys ls --file api-keys.json", "all of them"]],
      ),
    )
    .addCommand(
      examples(
        new Command("revoke")
          .summary("revoke an API key")
          .description("Disables a key. Gateways refuse it within a second.")
          .argument("<id>", "its id, as kerf keys ls prints it: the part between the underscores")
          .addOption(fileOption())
          .option("--json", "print {id} when it is done")
          .action(async (id: string, options: KeysOptions) => {
            const { revokeKey } = await import("../keys/revoke.ts");
            await revokeKey(id, options);
          }),
        [["kerf keys revoke 0123456789ab --file api-keys.json", "at once"]],
      ),
    );
}

function fileOption(): Option {
  return new Option("--file <file>", "the file of keys, made when it is not there")
    .env("KERF_KEYS_FILE")
    .makeOptionMandatory();
}
