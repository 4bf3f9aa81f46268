import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What every command on tokens takes. */
export interface TokensOptions {
  home?: string;
  json?: true;
}

/** What `kerf tokens add` takes. */
export interface AddTokenOptions extends TokensOptions {
  services: string;
  expires: string;
  out?: string;
}

/** `kerf tokens`: who may change which services. */
export function tokensCommand(): Command {
  return new Command("tokens")
    .summary("make, list and remove tokens for teams")
    .description(
      "Works with tokens that are narrowed to services. Their holders may deploy, roll back, restart and scale units that consist of these services alone, set their configuration " +
        "and secrets, and read everything; nothing else. Every command takes one by --token-file FILE.",
    )
    .helpCommand(false)
    .addCommand(
      examples(
        new Command("add")
          .summary("make a token for some services")
          .description(
            "Makes a token and prints it, this once, or writes it into a file that only you can read. Of a token only its hash is kept.",
          )
          .argument("<name>", "what it is called: lower-case letters, digits and -")
          .requiredOption("--services <names>", "the services, separated by commas")
          .option("--expires <when>", "90d, 12h, a date, or never", "never")
          .option("--out <file>", "write it here, with mode 0600, instead of printing it")
          .addOption(homeOption())
          .option("--json", "print {name, services, expires, token | file} as JSON")
          .action(async (name: string, options: AddTokenOptions) => {
            const { addToken } = await import("../tokens/add.ts");
            await addToken(name, options);
          }),
        [
          ["kerf tokens add billing --services payments,invoices --expires 90d", "for a team"],
          ["kerf tokens add ci --services payments --out ci.token", "into a file"],
        ],
      ),
    )
    .addCommand(
      examples(
        new Command("ls")
          .summary("list tokens")
          .description(
            "Lists tokens with their services, when and by whom they were made. Never their values.",
          )
          .addOption(homeOption())
          .option("--json", "print {tokens: [{name, services, at, by, expires}]} as JSON")
          .action(async (options: TokensOptions) => {
            const { listTokens } = await import("../tokens/list.ts");
            await listTokens(options);
          }),
        [["kerf tokens ls", "who may change what"]],
      ),
    )
    .addCommand(
      examples(
        new Command("rm")
          .summary("remove a token")
          .description("Removes a token: the next request with it is refused.")
          .argument("<name>", "which token")
          .addOption(homeOption())
          .option("--json", "print {} as JSON")
          .action(async (name: string, options: TokensOptions) => {
            const { removeToken } = await import("../tokens/remove.ts");
            await removeToken(name, options);
          }),
        [["kerf tokens rm billing", "when the team has another one"]],
      ),
    );
}
