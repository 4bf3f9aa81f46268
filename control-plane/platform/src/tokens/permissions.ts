import type { ServedOperation } from "@kerf/call";
import type { platform } from "@kerf/control-api";
import { DeclaredError, KerfError } from "@kerf/kernel";
import { holderOf } from "../api/operator.ts";
import { isGateway } from "../placement/gateway-copies.ts";
import { isApp } from "../releases/app-releases.ts";

type Name = keyof (typeof platform)["operations"];
type Input = Readonly<Record<string, unknown>>;

/** What is asked of the app. */
export interface PermissionFacts {
  readonly unitOf: (service: string) => string | undefined;
  /** The services of a unit; none for one that is not there. */
  readonly servicesOf: (unit: string) => readonly string[];
  /** The gateway that a backend composes answers for. */
  readonly gatewayOf: (backend: string) => string | undefined;
  /** Whose an alert is, and of what a silence; undefined for one that there is not. */
  readonly alertOf: (id: string) => string | undefined;
  readonly silenceOf: (id: string) => string | undefined;
}

/** What an operation would change. */
interface Touched {
  /** Everything that is changed or started again. */
  readonly services: readonly string[];
  /** Something beside services that no narrowed token may touch, in words. */
  readonly beyond?: string | undefined;
}

/** `read`: changes nothing. `operator`: needs the operator's own token. Otherwise: what it would touch. */
type Rule = "read" | "operator" | ((input: Input, facts: PermissionFacts) => Touched);

/** Of a unit, all that is in it: it starts again as a whole. */
const ofUnit = (input: Input, { servicesOf }: PermissionFacts): Touched => {
  const unit = String(input["unit"]);
  if (isGateway(unit)) return { services: [], beyond: `the gateway ${unit.slice(8)}` };
  if (isApp(unit)) return { services: [], beyond: "what the app says beside its services" };
  return { services: servicesOf(unit) };
};

/** Of a service, itself and all that start again with it. */
const ofService = ({ service }: Input, facts: PermissionFacts): Touched => ({
  services: withNeighbours([String(service)], facts),
});

function withNeighbours(services: readonly string[], facts: PermissionFacts): string[] {
  const units = services
    .map((service) => facts.unitOf(service))
    .filter((unit) => unit !== undefined);
  return [...new Set([...services, ...units.flatMap((unit) => facts.servicesOf(unit))])];
}

/** Of one service alone. */
const named = (service: string | undefined): Touched => ({
  services: service === undefined ? [] : [service],
});

/** Past the gate lies what others need. */
const forced = ({ force }: Input): string | undefined =>
  force === true ? "what others need (--force)" : undefined;

/** What the holder of a token that is narrowed to services may do, of every operation. */
const rules: { readonly [Operation in Name]: Rule } = {
  status: "read",
  contracts: "read",
  manifest: "read",
  logs: "read",
  events: "read",
  audit: "read",
  releases: "read",
  mayDeploy: "read",
  mayRollBack: "read",
  databaseTypes: "read",
  domains: "read",
  images: "read",
  // Which image runs on the machine is the operator's.
  deployImage: "operator",
  scaleImage: "operator",
  removeImage: "operator",
  getConfig: "read",
  listSecrets: "read",
  // The link signs in with the rights of this very token.
  openDashboard: "read",
  // Of traces, logs and metrics what its services recorded.
  traces: "read",
  trace: "read",
  logRecords: "read",
  metrics: "read",
  map: "read",
  why: "read",
  alerts: "read",
  alertBurn: "read",
  objectives: "read",
  onCall: "read",
  listDestinations: "read",
  // Nothing starts again because of it.
  acknowledgeAlert: ({ id }, { alertOf }) => named(alertOf(String(id))),
  addSilence: ({ service }) => named(String(service)),
  endSilence: ({ id }, { silenceOf }) => named(silenceOf(String(id))),
  compareTraces: "read",
  watched: "read",
  deploy(input, facts) {
    const { app, builds, expose, remove } = input as {
      builds: Record<string, string>;
      expose?: string;
      app?: unknown;
      remove: readonly string[];
    };
    const names = Object.keys(builds);
    const gateways = [...names.map((name) => facts.gatewayOf(name)), expose];
    const gateway = gateways.find((name) => name !== undefined);
    // What the app says beside its services is everybody's: gateways, policies, who there is.
    const whole = app === undefined && remove.length === 0 ? undefined : "the app";
    const beyond = gateway === undefined ? (whole ?? forced(input)) : `the gateway ${gateway}`;
    return { services: withNeighbours([...names, ...remove], facts), beyond };
  },
  rollback: (input, facts) => ({ beyond: forced(input), ...ofUnit(input, facts) }),
  restart: ofUnit,
  promote: ofUnit,
  abandon: ofUnit,
  stopUnit: ofUnit,
  startUnit: ofUnit,
  scale: ofUnit,
  changeConfig: ofService,
  setSecret: ofService,
  removeSecret: ofService,
  // Who is told of what, and who is on call, concerns every team.
  addDestination: "operator",
  removeDestination: "operator",
  testDestination: "operator",
  setRota: "operator",
  removeRota: "operator",
  swapOnCall: "operator",
  // Calls and statements reach into data as the operator; what moves services changes other units.
  invoke: "operator",
  invokeStream: "operator",
  operate: "operator",
  sql: "operator",
  renewDomain: "operator",
  rotateDatabasePasswords: "operator",
  moveDatabase: "operator",
  dropLeftDatabases: "operator",
  cut: "operator",
  join: "operator",
  attachProgram: "operator",
  detachProgram: "operator",
  rotateMasterKey: "operator",
  addToken: "operator",
  listTokens: "operator",
  removeToken: "operator",
  stop: "operator",
};

/** The same operations; the holder of a narrowed token is refused what is not his before anything is done. */
export function permittedOperations<
  Operations extends { readonly [Operation in Name]: ServedOperation },
>(operations: Operations, facts: PermissionFacts): Operations {
  const permitted = Object.entries(rules).map(([name, rule]) => {
    const inner = operations[name as Name];
    if (rule === "read") return [name, inner];
    const operation: ServedOperation = {
      ...inner,
      run(args, ...checks) {
        const holder = holderOf(args.context);
        if (holder !== undefined) {
          const touched = rule === "operator" ? undefined : rule(args.input as Input, facts);
          const refusal = refusalOf(name, holder, touched);
          // Whoever stops everything is told nothing of why it fails.
          if (refusal !== undefined)
            throw name === "stop"
              ? refusal
              : new DeclaredError("failed", refusal.toShape(), refusal.message);
        }
        return inner.run(args, ...checks);
      },
    };
    return [name, operation];
  });
  return Object.fromEntries(permitted) as Operations;
}

/** Why the holder of a token may not do something; undefined when he may. */
function refusalOf(
  operation: string,
  { services, token }: { readonly token: string; readonly services: readonly string[] },
  touched: Touched | undefined,
): KerfError | undefined {
  const foreign = touched?.services.filter((service) => !services.includes(service)) ?? [];
  const beyond = [...foreign, ...(touched?.beyond === undefined ? [] : [touched.beyond])];
  // A unit that is not there belongs to nobody; saying so is left to whoever may know.
  if (touched !== undefined && beyond.length === 0 && touched.services.length > 0) return undefined;
  return new KerfError("forbidden", {
    message:
      beyond.length > 0
        ? `The token ${token} may not touch ${beyond.join(", ")}.`
        : `The token ${token} is not for ${operation}.`,
    why: `It may deploy, roll back, restart, scale and set up units that consist of its services alone: ${services.join(", ")}. It may read everything but what other services recorded.`,
    fix: "Ask whoever has the operator's token to do it, or for a token that has these services: kerf tokens add",
  });
}
