import type { DomainStatus } from "@kerf/control-api";
import type { ErrorShape } from "@kerf/kernel";
import type { DomainsOptions } from "../commands/domains.ts";
import { withPlatform } from "../connection/connect.ts";
import { dateTime } from "../output/duration.ts";
import { failureText } from "../output/failure.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";

/** Prints where the certificate of each name stands, and what keeps one from being issued. */
export function listDomains(options: DomainsOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const found = await client.domains({});
    if (options.json === true) return printJson(found);
    const { domains } = found;
    if (domains.length === 0) {
      process.stdout.write("No gateway of this app has tls.acme.domains.\n");
      return;
    }
    const paint = paintFor(process.stdout);
    const problems = domains.flatMap(({ domain, problem }) =>
      problem === undefined ? [] : [`\n${failureText(problem as ErrorShape, paint, domain)}\n`],
    );
    process.stdout.write(`${domainTable(domains)}\n${problems.join("")}`);
  });
}

/** Has a certificate ordered, and says what was issued. */
export function renewDomain(domain: string, options: DomainsOptions): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const renewed = await client.renewDomain({ domain });
    if (options.json === true) return printJson(renewed);
    process.stdout.write(`${domainTable([renewed])}\n`);
  });
}

function domainTable(domains: readonly DomainStatus[]): string {
  const rows = domains.map((one) => [
    one.domain,
    one.gateway,
    one.ordering ? `${one.state}, ordering` : one.state,
    printable(one.issuer ?? ""),
    shown(one.expires),
    one.attempted === undefined
      ? ""
      : `${shown(one.attempted)} ${one.problem === undefined ? "issued" : `failed (${one.failures})`}`,
    shown(one.next),
  ]);
  const titles = ["domain", "gateway", "state", "issuer", "expires", "last attempt", "next"];
  return table(
    titles.map((title) => ({ title })),
    rows,
  );
}

/** To the minute, by the clock of this machine. */
function shown(time: string | undefined): string {
  return time === undefined ? "" : dateTime(Date.parse(time)).slice(0, 16);
}
