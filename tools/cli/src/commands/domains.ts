import { Command } from "commander";
import { examples } from "../examples.ts";
import { homeOption } from "./home-option.ts";

/** What every command on domains takes. */
export interface DomainsOptions {
  home?: string;
  json?: true;
}

/** `kerf domains`: the names of an app, and the certificates that are ordered for them. */
export function domainsCommand(): Command {
  return new Command("domains")
    .summary("see and renew the certificates of domains")
    .description(
      "Works with the names that a gateway has in tls.acme.domains: the platform orders a certificate for each and renews it. Without a subcommand it says where each stands.",
    )
    .helpCommand(false)
    .addCommand(
      examples(
        new Command("ls")
          .summary("say where each certificate stands")
          .description(
            "Says who issued the certificate of each name, until when it holds, when it is renewed, and why the last attempt failed. The same as kerf domains.",
          )
          .addOption(homeOption())
          .option(
            "--json",
            "print {domains: [{domain, gateway, directory, state, issuer, expires, attempted, failures, next, ordering, problem}]} as JSON",
          )
          .action(async (options: DomainsOptions) => {
            const { listDomains } = await import("../domains/domains.ts");
            await listDomains(options);
          }),
        [["kerf domains", "state, issuer, expiry, last attempt"]],
      ),
      { isDefault: true },
    )
    .addCommand(
      examples(
        new Command("renew")
          .summary("order a certificate now")
          .description(
            "Orders a certificate for a name at once and waits until it was issued. It is done by itself in time; authorities count orders, and refuse who asks too often.",
          )
          .argument("<domain>", "as in tls.acme.domains")
          .addOption(homeOption())
          .option("--json", "print the domain as JSON, as kerf domains has it")
          .action(async (domain: string, options: DomainsOptions) => {
            const { renewDomain } = await import("../domains/domains.ts");
            await renewDomain(domain, options);
          }),
        [["kerf domains renew shop.example", "after its DNS entry was mended"]],
      ),
    );
}
