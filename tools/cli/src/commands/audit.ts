import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What `kerf audit` takes. */
export interface AuditOptions {
  since?: string;
  service?: string;
  limit: string;
  home?: string;
  json?: true;
}

/** `kerf audit`: what was changed, and by whom. */
export function auditCommand(): Command {
  return examples(
    new Command("audit")
      .summary("show what was changed, and by whom")
      .description(
        "Shows the changes that operators made: when, who, what, and how it ended. Values of secrets and inputs of calls are not kept.",
      )
      .option("--since <when>", "a span back (30m, 12h) or a time (ISO 8601)")
      .option("--service <name>", "of one service only")
      .option("--limit <number>", "the newest of them, at most 10000", "100")
      .addOption(homeOption())
      .option(
        "--json",
        "print {entries: [{at, by, action, service, unit, asked, before, after, result, why}]} as JSON",
      )
      .action(async (options: AuditOptions) => {
        const { showAudit } = await import("../audit/show-audit.ts");
        await showAudit(options);
      }),
    [
      ["kerf audit --since 12h", "since yesterday evening"],
      ["kerf audit --service payments --json", "of one service, for a program"],
    ],
  );
}
