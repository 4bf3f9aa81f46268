import { statSync } from "node:fs";
import { policyProblems } from "@kerf/call";
import { type Contract, type HttpRoute, parseHttpRoute } from "@kerf/contract";
import { telemetryProblems } from "@kerf/telemetry";
import { alertProblems } from "../declaration/alerts.ts";
import type { App } from "../declaration/app.ts";
import { programOf } from "../declaration/external.ts";
import { demonstrationProblems } from "../declaration/demonstrations.ts";
import { authenticationProblems } from "../declaration/gateway/authentication/authentication.ts";
import type { Gateway } from "../declaration/gateway/gateway.ts";
import { shapingProblems } from "../declaration/gateway/shaping.ts";
import { tlsProblems } from "../declaration/gateway/tls.ts";
import { trafficProblems } from "../declaration/gateway/traffic.ts";
import type { AnyService } from "../declaration/service.ts";
import { settingsProblems } from "../declaration/settings.ts";
import { usesOf } from "../declaration/uses.ts";
import { versionProblem } from "./contract-version.ts";

/** The modules of an app that could be loaded. */
export interface LoadedApp {
  readonly app: App;
  readonly services: ReadonlyMap<string, AnyService>;
  /** By the gateway's name. */
  readonly backends: ReadonlyMap<string, AnyService>;
}

/** Everything that is wrong between the parts of an app, each part being right by itself. */
export function appProblems(loaded: LoadedApp): string[] {
  const problems: string[] = [];
  const { app, services, backends } = loaded;
  for (const [key, service] of services) {
    const where = `service ${key}`;
    if (service.name !== key) {
      problems.push(
        `services.${key}: its module exports the service of the contract ${service.name}; both names must be the same`,
      );
    }
    problems.push(...serviceProblems(where, service));
    checkUses(where, service, loaded, problems);
  }
  const issuers = [...services].filter(([, service]) => service.issuer).map(([name]) => name);
  if (issuers.length > 1) {
    problems.push(
      `${issuers.join(" and ")} all declare issuer: true; one service of an app signs users' tokens`,
    );
  }
  const operations = [...services.values(), ...backends.values()].map(
    ({ contract }) => [contract.name, contract.operations] as const,
  );
  // What could not be loaded is a problem of its own.
  if (services.size === Object.keys(app.services).length) {
    problems.push(...policyProblems(app.policies, new Map(operations)));
    problems.push(...alertProblems(app.alerts, new Map(operations)));
    const names = [...services].map(([name, { contract }]): [string, string[]] => [
      name,
      Object.keys(contract.operations),
    ]);
    problems.push(...demonstrationProblems(app.demonstrations, new Map(names)));
  }
  problems.push(...telemetryProblems(app.telemetry));
  for (const [name, gateway] of Object.entries(app.gateways)) {
    checkGateway(`gateway ${name}`, gateway, backends.get(name), loaded, problems);
  }
  return problems;
}

/** What is wrong with a service by itself, whatever app it is part of. */
export function serviceProblems(where: string, service: AnyService): string[] {
  const problems: string[] = [];
  try {
    void service.handlers;
  } catch {
    problems.push(`${where}: has no handlers; call implement({ … }) on it before it is exported`);
  }
  const program = programOf(service);
  if (program !== undefined && !isDirectory(program.cwd))
    problems.push(`${where}: the directory ${program.cwd} of its program does not exist`);
  const { database } = service;
  if (database !== undefined && !isDirectory(database.migrations))
    problems.push(`${where}: the migrations folder ${database.migrations} does not exist`);
  // The server's administrator is called so.
  if (service.redis && service.name === "default")
    problems.push(`${where}: keeps something in Redis, which has a user of that name already`);
  problems.push(...settingsProblems(service).map((problem) => `${where}: ${problem}`));
  return problems;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function checkUses(
  where: string,
  service: AnyService,
  loaded: LoadedApp,
  problems: string[],
): void {
  for (const { key, contract } of usesOf(service)) {
    checkOffered(`${where}: uses.${key}`, contract, loaded, problems);
  }
}

function checkGateway(
  where: string,
  gateway: Gateway,
  backend: AnyService | undefined,
  loaded: LoadedApp,
  problems: string[],
): void {
  for (const problem of authenticationProblems(gateway.settings.authentication))
    problems.push(`${where}: ${problem}`);
  const seen = new Set<string>();
  for (const contract of gateway.expose) {
    if (seen.has(contract.name)) problems.push(`${where}: exposes ${contract.name} twice`);
    else checkOffered(`${where}: expose`, contract, loaded, problems);
    seen.add(contract.name);
  }
  if (backend !== undefined) {
    if (programOf(backend) !== undefined)
      problems.push(
        `${where}: its backend is a program of its own; give it a service, and expose that`,
      );
    const named = `${where}: backend ${backend.name}`;
    problems.push(...serviceProblems(named, backend));
    checkUses(named, backend, loaded, problems);
    if (backend.name in loaded.app.services)
      problems.push(`${where}: its backend has the name of the service ${backend.name}`);
    if (backend.database !== undefined)
      problems.push(`${where}: its backend declares a database; only services keep data`);
    if (backend.redis)
      problems.push(`${where}: its backend keeps something in Redis; only services keep data`);
    if (backend.hasSettings)
      problems.push(
        `${where}: its backend declares configuration or secrets; only services have them`,
      );
    if (backend.issuer)
      problems.push(`${where}: its backend declares issuer: true; only services sign tokens`);
    if (backend.workers.size > 0)
      problems.push(`${where}: its backend has workers; give them to a service`);
  }
  const unique = new Set([...gateway.expose, ...(backend === undefined ? [] : [backend.contract])]);
  checkRoutes(where, [...unique], problems);
  const operations = [...unique].flatMap((contract: Contract) =>
    Object.entries(contract.operations).flatMap(([name, { http }]) =>
      http === undefined ? [] : [`${contract.name}.${name}`],
    ),
  );
  const found = [
    ...trafficProblems(gateway.settings),
    ...tlsProblems(gateway.settings),
    ...shapingProblems(gateway.settings, operations),
  ];
  problems.push(...found.map((problem) => `${where}: ${problem}`));
}

/** Within one contract `contract()` has looked already; a gateway puts several beside each other. */
function checkRoutes(where: string, contracts: readonly Contract[], problems: string[]): void {
  const taken = new Map<string, string>();
  for (const contract of contracts) {
    for (const [operation, { http }] of Object.entries(contract.operations)) {
      if (http === undefined) continue;
      const route = parseHttpRoute(http, () => {}) as HttpRoute;
      const key = `${route.method} ${route.path.replaceAll(/\{[^}]+\}/g, "{}")}`;
      const other = taken.get(key);
      const name = `${contract.name}.${operation}`;
      if (other === undefined) taken.set(key, name);
      else
        problems.push(
          `${where}: the route ${route.method} ${route.path} of ${name} is taken by ${other}`,
        );
    }
  }
}

function checkOffered(
  where: string,
  contract: Contract,
  { app, services }: LoadedApp,
  problems: string[],
): void {
  if (!(contract.name in app.services)) {
    problems.push(
      `${where}: there is no service ${contract.name} in the app; it has ${Object.keys(app.services).join(", ")}`,
    );
    return;
  }
  const offered = services.get(contract.name)?.contract.version;
  const problem = offered === undefined ? undefined : versionProblem(contract.version, offered);
  if (problem !== undefined) {
    problems.push(
      `${where}: was written against ${contract.name} ${contract.version}, but the app offers ${offered}: ${problem}`,
    );
  }
}
