import type { EventDescription } from "../description.ts";
import type { ContractsToCompare } from "./contracts.ts";
import type { ContractFinding, FindingCode, SchemaFinding } from "./finding.ts";
import { compareSchemas } from "./schemas.ts";

/** What a follower of a provider's events cannot read of them. */
export function compareEvents(compared: ContractsToCompare): ContractFinding[] {
  const { consumer, provider, events } = compared;
  return (events ?? Object.keys(consumer.events)).flatMap((name) => {
    const built = consumer.events[name];
    if (built === undefined) return [];
    const live = provider.events[name];
    const found =
      live === undefined
        ? [finding("event_gone", `${provider.name} does not publish it`)]
        : compareEvent(built, live, compared);
    return found.map((one): ContractFinding => ({
      verdict: one.verdict,
      ...(compared.consumerName === undefined ? undefined : { consumer: compared.consumerName }),
      provider: provider.name,
      event: name,
      direction: "event",
      path: one.path,
      code: one.code,
      message: one.message,
    }));
  });
}

function compareEvent(
  built: EventDescription,
  live: EventDescription,
  { consumerName = "the consumer", provider }: ContractsToCompare,
): readonly SchemaFinding[] {
  const found: SchemaFinding[] = [];
  if (built.key !== live.key) {
    const message = `${provider.name} orders it by ${live.key}, ${consumerName} expects the order of ${built.key}`;
    found.push(finding("event_key", message));
  }
  // Payloads of an older version go through upcasts, those of a newer one are read as they are.
  const upcasts = (built.upcasts ?? []).filter((from) => from >= live.version);
  if (live.version < built.version && upcasts.length > 0) {
    const message = `${provider.name} writes version ${live.version}, which ${consumerName} makes into version ${built.version} by an upcast; what code does cannot be compared`;
    return [...found, { ...finding("event_version", message), verdict: "unknown" }];
  }
  if (built.input === null) {
    const message = `what ${consumerName} takes is made by code, which cannot be compared`;
    return [...found, { ...finding("not_understood", message), verdict: "unknown" }];
  }
  const sides = { writer: provider.name, reader: consumerName };
  // Whoever follows an event validates it: one that its schema refuses is parked.
  const payloads = compareSchemas(live.schema, built.input ?? built.schema, { sides });
  return [...found, ...payloads.findings.filter(({ code }) => code !== "ignored")];
}

function finding(code: FindingCode, message: string): SchemaFinding {
  return { verdict: "incompatible", path: "", code, message };
}
