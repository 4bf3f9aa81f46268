import {
  compareContracts,
  compareHttp,
  type ContractDescription,
  type ContractFinding,
  findingText,
} from "@kerf/contract";
import type { GateFinding } from "@kerf/control-api";
import type { BuildDescriptor } from "@kerf/service/builds";

/** What is compared: the builds that change, and all that may run beside them. */
export interface ContractsAtGate {
  /** The builds that are to come. */
  readonly coming: readonly BuildDescriptor[];
  /** Everything that may run while they come or afterwards, their predecessors included. */
  readonly live: readonly BuildDescriptor[];
  /** Names of the services that gateways expose. */
  readonly exposed: ReadonlySet<string>;
}

/** Whether what comes goes together with what runs, in both directions. What is said twice is said once. */
export function contractFindings({ coming, exposed, live }: ContractsAtGate): GateFinding[] {
  const found = coming.flatMap((build) => {
    const { name } = build.service;
    const others = live.filter((other) => other.service.name !== name);
    const before = live.find((other) => other.service.name === name);
    return [
      ...others.flatMap((consumer) => asProvider(build, consumer)),
      ...asConsumer(build, [...others, ...coming.filter((other) => other !== build)]),
      ...(before === undefined || !isReached(build, exposed) ? [] : forClients(before, build)),
    ];
  });
  return [...new Map(found.map((finding) => [JSON.stringify(finding), finding])).values()];
}

/** Whether clients outside reach it: through a gateway that exposes it, or as what a gateway composes. */
function isReached({ kind, service }: BuildDescriptor, exposed: ReadonlySet<string>): boolean {
  return kind === "backend" || exposed.has(service.name);
}

/** What others were written against, as this build offers it. */
function asProvider(build: BuildDescriptor, consumer: BuildDescriptor): GateFinding[] {
  const { contract, name } = build.service;
  const calls = consumer.against.calls.filter((call) => call.contract.name === name);
  const followed = consumer.against.events.filter(({ producer }) => producer === name);
  const consumerName = consumer.service.name;
  return [
    ...calls.flatMap((call) =>
      compareContracts({ consumer: call.contract, provider: contract, consumerName, events: [] }),
    ),
    ...followed.flatMap(({ events, producer, version }) =>
      compareContracts({
        consumer: eventsOnly(producer, version, events),
        provider: contract,
        consumerName,
      }),
    ),
  ].map((finding) => findingOf(name, finding));
}

/** What this build was written against, as others offer it. */
function asConsumer(build: BuildDescriptor, others: readonly BuildDescriptor[]): GateFinding[] {
  const { name } = build.service;
  const providers = (service: string): BuildDescriptor[] =>
    others.filter((other) => other.kind === "service" && other.service.name === service);
  const missing = build.against.calls
    .filter(({ contract }) => providers(contract.name).length === 0)
    .map(({ contract, optional }) => notThere(name, contract.name, optional));
  const followedNowhere = build.against.events
    .filter(({ producer }) => providers(producer).length === 0)
    .map(({ producer }) => notThere(name, producer, true));
  const wanted = new Set([
    ...build.against.calls.map(({ contract }) => contract.name),
    ...build.against.events.map(({ producer }) => producer),
  ]);
  const compared = [...wanted]
    .flatMap(providers)
    .flatMap((provider) => asProvider(provider, build))
    .map((finding) => ({ ...finding, service: name }));
  return [...missing, ...followedNowhere, ...compared];
}

/** What clients outside were written for. A higher major version says that they are to be broken. */
function forClients(before: BuildDescriptor, build: BuildDescriptor): GateFinding[] {
  const [was, is] = [before.service.contract, build.service.contract];
  const isMeant = majorOf(is.version) > majorOf(was.version);
  return compareHttp(was, is).map((finding) => {
    const found = { ...findingOf(is.name, finding), consumer: "clients outside" };
    return isMeant && found.verdict !== "compatible"
      ? {
          ...found,
          verdict: "compatible" as const,
          message: `note, since the major version is higher: ${found.message}`,
        }
      : found;
  });
}

function majorOf(version: string): number {
  return Number(version.split(".")[0]);
}

function eventsOnly(
  name: string,
  version: string,
  events: ContractDescription["events"],
): ContractDescription {
  return { name, version, operations: {}, events };
}

function notThere(service: string, used: string, optional: boolean): GateFinding {
  return {
    verdict: optional ? "compatible" : "incompatible",
    about: "service",
    service,
    consumer: service,
    message: optional
      ? `note: ${service} can use ${used}, which does not run`
      : `incompatible: ${service} uses ${used}, which does not run: deploy it first, or together`,
  };
}

function findingOf(service: string, finding: ContractFinding): GateFinding {
  const { consumer, event, operation, path, provider, verdict } = finding;
  const member = event ?? operation;
  return {
    verdict,
    about: "contract",
    service,
    ...(consumer === undefined ? undefined : { consumer }),
    ...(member === undefined ? undefined : { operation: `${provider}.${member}` }),
    ...(path === "" ? undefined : { path }),
    message: findingText(finding),
  };
}
