import { dirname, join } from "node:path";
import type { Caller, ServedArguments, ServedOperation } from "@kerf/call";
import { rootContext } from "@kerf/call";
import type { platform, Status } from "@kerf/control-api";
import { generateTypes } from "@kerf/data/types-generator";
import {
  type CallContext,
  type Clock,
  DeclaredError,
  KerfError,
  type Principal,
  type TimerWheel,
  toKerfError,
} from "@kerf/kernel";
import { type ActionAnswer, type AppManifest, operate } from "@kerf/service";
import { auditedOperations, userOf } from "../audit/audited-operations.ts";
import type { AuditLog, AuditQuestion } from "../audit/audit-log.ts";
import { serviceOf as serviceIn } from "../manifest/service-of.ts";
import type { SessionHolder } from "../dashboard/session-store.ts";
import { domainOperations } from "../domains/domain-operations.ts";
import type { Domains } from "../domains/domains.ts";
import type { EventLog } from "../progress/event-log.ts";
import type { ForeignImages } from "../runtimes/docker/foreign-images.ts";
import type { Redis } from "../resources/redis/redis.ts";
import { rotatePasswords } from "../resources/redis/rotate-all.ts";
import type { Databases } from "../resources/databases.ts";
import type { DatabaseMoves, Destination } from "../resources/moves/database-moves.ts";
import type { Settings } from "../settings/settings.ts";
import type { SettingsChanges } from "../settings/settings-changes.ts";
import type { AttachedProgram, AttachedPrograms } from "../supervisor/attached-programs.ts";
import type { Rollouts } from "../rollouts/rollouts.ts";
import { permittedOperations } from "../tokens/permissions.ts";
import {
  storeOf,
  telemetryOperations,
  type TelemetrySurroundings,
} from "../telemetry/telemetry-operations.ts";
import { whyOperations } from "../why/why-operation.ts";
import type { TokenStore } from "../tokens/token-store.ts";
import { holderOf } from "./operator.ts";
import { alertOperations, type AlertSurroundings } from "./alert-operations.ts";
import { changeOperations, type ChangeSurroundings } from "./change-operations.ts";
import { explainAbsence } from "./explain-absence.ts";
import { imageOperations } from "./image-operations.ts";
import { type LogSource, readLogs } from "./logs.ts";
import { settingsOperations } from "./settings-operations.ts";
import { runSql } from "./sql.ts";
import { unitStopOperations, type UnitStopSurroundings } from "./unit-stop-operations.ts";
import { watchOperations } from "./watch-operations.ts";
import { tokenOperations } from "./token-operations.ts";

/** What the operations of the control API work on. */
export interface ApiSurroundings
  extends ChangeSurroundings, TelemetrySurroundings, AlertSurroundings {
  readonly rollouts: Pick<Rollouts, "watched" | "decide">;
  readonly unitStops: UnitStopSurroundings;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly events: EventLog;
  readonly databases: Databases;
  readonly redis: Redis;
  /** Where units are containers. */
  readonly images:
    | Pick<ForeignImages, "deploy" | "keepsEvents" | "remove" | "scale" | "status">
    | undefined;
  readonly databaseMoves: Pick<DatabaseMoves, "move" | "dropLeft">;
  readonly domains: Pick<Domains, "renew" | "status">;
  readonly settings: Settings;
  readonly audit: AuditLog;
  readonly tokens: TokenStore;
  readonly caller: Caller;
  /** Throws `not_ready` while the app is being read. */
  manifest(): AppManifest;
  status(): Status;
  /** The logs of a service, a unit, a gateway, a server, the platform, or everything. */
  logs(of: string | undefined): readonly LogSource[];
  signPrincipal(principal: Principal): Promise<string> | string;
  readonly attached: AttachedPrograms;
  unitOf(service: string): string | undefined;
  readonly settingsChanges: SettingsChanges;
  /** Makes a link to the dashboard that signs in once, with the rights of whoever is given. */
  openDashboard(holder: SessionHolder): { url: string; expires: string };
  /** Exchanges the copies of a unit, and waits for the end of those that were there. */
  replaceWholly(unit: string): Promise<string[]>;
  stop(reason: string): void;
}

/** How long a service may take to say what it knows while it is asked why something failed, milliseconds: it may be the one that is away. */
const whyMs = 5_000;

type Operations = { readonly [Name in keyof (typeof platform)["operations"]]: ServedOperation };

/** The operations of the contract `platform`. */
export function platformOperations(around: ApiSurroundings): Operations {
  const { audit, attached, tokens } = around;
  const manifest = (): AppManifest => around.manifest();
  const serviceOf = (name: string) => serviceIn(manifest(), name);
  const operations: Operations = {
    status: { run: () => around.status() },
    manifest: { run: () => manifest() },
    contracts: {
      run: () => ({ contracts: manifest().services.map((service) => service.contract) }),
    },
    logs: {
      run: ({ input, context }) => {
        const { service, tail, follow } = input as {
          service?: string;
          tail: number;
          follow: boolean;
        };
        // Asked once here, so that an unknown name is refused instead of being followed for ever.
        around.logs(service);
        return readLogs({
          sources: () => around.logs(service),
          tail,
          follow,
          clock: around.clock,
          signal: context.signal,
        });
      },
    },
    events: {
      run: ({ context, after }) => around.events.follow(Number(after ?? 0) || 0, context.signal),
    },
    invoke: inFull(async ({ input, context }) => {
      const call = input as Invocation;
      const { kind } = operationOf(serviceOf(call.service), call.operation);
      if (kind === "stream") {
        throw new KerfError("invalid_input", {
          message: `${call.service}.${call.operation} is a stream.`,
          fix: "Open it with GET /api/invoke.",
        });
      }
      const onward = await operatorContext(around, context, call.as, call.deadlineMs, true);
      try {
        const output = await around.caller.send({
          service: call.service,
          operation: call.operation,
          kind,
          input: call.input,
          context: onward,
        });
        return { output: output ?? null, traceId: onward.trace.traceId };
      } catch (thrown) {
        throw explainAbsence(thrown, call.service, around);
      } finally {
        onward.release();
      }
    }),
    invokeStream: {
      run: ({ input, context, after }) => {
        const { service, operation, input: text, as, ...rest } = input as StreamInvocation;
        const call = {
          service,
          operation,
          input: json(text, "input"),
          as: as === undefined ? undefined : (json(as, "as") as Principal),
        };
        return invokeStream(
          around,
          () => operationOf(serviceOf(service), operation, "stream"),
          call,
          context,
          after ?? rest.after,
        );
      },
    },
    operate: inFull(async ({ input, context }) => {
      const { service, action, input: given } = input as Operate;
      // The sidecar of an image keeps events as a service does.
      if (around.images?.keepsEvents(service) !== true) serviceOf(service);
      return { output: await operated(around, context, { service, action, input: given }) };
    }),
    sql: inFull(({ input }) => {
      const { service, statement, role } = input as {
        service: string;
        statement: string;
        role: "app" | "owner";
      };
      serviceOf(service);
      return runSql(around.databases.connection(service, role), statement);
    }),
    databaseTypes: inFull(async ({ input }) => {
      const { database, name } = serviceOf((input as { service: string }).service);
      const owner = around.databases.connection(name, "owner");
      return {
        // What authors install, and nothing else, is what their source can import from.
        text: await generateTypes(owner, { importFrom: "kerf" }),
        file: join(dirname(database?.migrations ?? ""), "tables.generated.ts"),
      };
    }),
    rotateDatabasePasswords: inFull(async ({ input }) => {
      const { name } = serviceOf((input as { service: string }).service);
      let instances: string[] = [];
      const exchange = async (): Promise<void> => {
        const unit = around.unitOf(name);
        if (unit !== undefined) instances = await around.replaceWholly(unit);
      };
      const refused = await rotatePasswords(around, serviceOf(name), exchange);
      return { instances, refused };
    }),
    moveDatabase: inFull(({ input, context }) => {
      const { change, maxPauseMs, service, to } = input as MoveDatabase;
      const { name } = serviceOf(service);
      const by = userOf(context);
      return around.databaseMoves.move(name, to, { id: change, by, maxPauseMs });
    }),
    dropLeftDatabases: inFull(async ({ input }) => {
      const { name } = serviceOf((input as { service: string }).service);
      const dropped = await around.databaseMoves.dropLeft(name);
      return { dropped: dropped.map(({ database, server }) => ({ database, server })) };
    }),
    ...domainOperations(around, inFull),
    ...changeOperations(around, inFull),
    ...imageOperations(around.images, inFull),
    attachProgram: inFull(async ({ input }) => {
      const { service, ...program } = input as { service: string } & AttachedProgram;
      await around.attached.attach(externalUnitOf(around, serviceOf(service)), program);
      return {};
    }),
    detachProgram: inFull(async ({ input }) => {
      const { service, holder } = input as { service: string; holder: string };
      await around.attached.detach(externalUnitOf(around, serviceOf(service)), holder);
      return {};
    }),
    ...settingsOperations(around, inFull),
    ...tokenOperations(around, inFull),
    openDashboard: {
      run: ({ context }) => {
        const token = holderOf(context)?.token;
        const made = tokens.list().find(({ name }) => name === token);
        return around.openDashboard({
          user: userOf(context),
          ...(made === undefined ? undefined : { token: made.name, tokenAt: made.at }),
        });
      },
    },
    ...telemetryOperations(around, inFull),
    ...whyOperations(
      {
        store: () => storeOf(around),
        manifest,
        status: () => around.status(),
        unitOf: (service) => around.unitOf(service),
        audit,
        operate: (service, action, given, context) =>
          operated(around, context, { service, action, input: given as Operate["input"] }, whyMs),
      },
      inFull,
    ),
    ...alertOperations(around, inFull),
    ...unitStopOperations(around.unitStops, inFull),
    ...watchOperations(around.rollouts, inFull),
    audit: inFull(({ input }) => ({ entries: audit.read(input as AuditQuestion) })),
    stop: {
      run: () => {
        // The answer leaves first.
        around.clock.after(50, () => around.stop("it was asked to"));
        return {};
      },
    },
  };
  // What is refused goes on record too.
  const permitted = permittedOperations(operations, {
    unitOf: (service) => around.unitOf(service),
    servicesOf: (unit) => around.placed().deployment.units[unit] ?? [],
    gatewayOf: (backend) =>
      manifest().gateways.find((gateway) => gateway.backend?.name === backend)?.name,
    alertOf: (id) => around.alerting.find(id)?.service,
    silenceOf: (id) => around.silences.list().find((silence) => silence.id === id)?.service,
  });
  return auditedOperations(permitted, audit, {
    kindOf: (service, operation) =>
      manifest().services.find(({ name }) => name === service)?.contract.operations[operation]
        ?.kind,
    isAttached: (service, holder) => attached.of(around.unitOf(service) ?? "")?.holder === holder,
  });
}

interface Invocation {
  service: string;
  operation: string;
  input: unknown;
  as?: Principal | undefined;
  deadlineMs?: number | undefined;
}

interface MoveDatabase {
  change: string;
  service: string;
  to: Destination;
  maxPauseMs: number;
}

interface Operate {
  service: string;
  action: string;
  input: Readonly<Record<string, unknown>>;
}

interface StreamInvocation {
  service: string;
  operation: string;
  input: string;
  as?: string;
  after?: string;
}

/** The unit of a service that is a program; throws `invalid_input` for one that is not. */
function externalUnitOf(
  around: Pick<ApiSurroundings, "manifest" | "unitOf">,
  { name, program }: AppManifest["services"][number],
): string {
  const unit = around.unitOf(name);
  if (program !== undefined && unit !== undefined) return unit;
  const others = around.manifest().services.filter((service) => service.program !== undefined);
  throw new KerfError("invalid_input", {
    message: `The service ${name} is no program of its own: TypeScript of the app implements it.`,
    why: "A sidecar stands beside a service that is declared with external(…).",
    fix:
      others.length === 0
        ? "Declare it with external(contract, { command, … }); docs/guides/polyglot.md says how."
        : `Give one of: ${others.map((service) => service.name).join(", ")}`,
  });
}

function operationOf(
  service: AppManifest["services"][number],
  name: string,
  kind?: "stream",
): { kind: "query" | "command" | "stream" } {
  const operation = service.contract.operations[name];
  if (operation === undefined) {
    throw new KerfError("unknown_operation", {
      message: `${service.name} has no operation ${JSON.stringify(name)}.`,
      fix: `Give one of: ${Object.keys(service.contract.operations).join(", ")}`,
    });
  }
  if (kind !== undefined && operation.kind !== kind) {
    throw new KerfError("invalid_input", {
      message: `${service.name}.${name} is a ${operation.kind}.`,
      fix: "Send it with POST /api/invoke.",
    });
  }
  return operation;
}

/** An operation whose failure its caller learns in full, as the declared error `failed`. */
function inFull(run: (args: ServedArguments) => unknown): ServedOperation {
  return {
    run: async (args) => {
      try {
        return await run(args);
      } catch (thrown) {
        throw failed(thrown);
      }
    },
  };
}

function failed(thrown: unknown): DeclaredError {
  const error = toKerfError(thrown);
  return new DeclaredError("failed", error.toShape(), error.message);
}

/** Has a service look at or mend what it keeps for itself; its answer. */
async function operated(
  around: ApiSurroundings,
  context: CallContext,
  { action, input, service }: Operate,
  deadlineMs = context.remainingMs,
): Promise<unknown> {
  const onward = await operatorContext(around, context, undefined, deadlineMs);
  try {
    const answer = (await around.caller.send({
      service,
      operation: operate,
      kind: "command",
      input: { action, input },
      context: onward,
    })) as ActionAnswer;
    if ("error" in answer) throw KerfError.fromShape(answer.error);
    return answer.output;
  } catch (thrown) {
    throw explainAbsence(thrown, service, around);
  } finally {
    onward.release();
  }
}

/** The call goes on as the operator's own, in the same trace; with `as`, for that principal. `recorded`: whatever share of traces is chosen else. */
async function operatorContext(
  around: ApiSurroundings,
  context: CallContext,
  as: Principal | undefined,
  deadlineMs: number | undefined,
  recorded = false,
): Promise<CallContext> {
  const principal = as ?? { subject: "operator", claims: {} };
  const onward = rootContext({
    clock: around.clock,
    wheel: around.wheel,
    caller: "operator",
    deadlineMs: Math.min(deadlineMs ?? 15_000, context.remainingMs),
    trace: recorded ? context.trace.child(true) : context.trace,
    principal,
    principalToken: await around.signPrincipal(principal),
  });
  context.onCancel((reason) => onward.cancel(reason));
  return onward;
}

async function* invokeStream(
  around: ApiSurroundings,
  check: () => void,
  call: Invocation,
  context: CallContext,
  after: string | undefined,
): AsyncGenerator<{ item: unknown }> {
  let onward: CallContext | undefined;
  try {
    check();
    onward = await operatorContext(around, context, call.as, context.remainingMs);
    const items = around.caller.send({
      service: call.service,
      operation: call.operation,
      kind: "stream",
      input: call.input,
      context: onward,
      ...(after === undefined ? undefined : { after }),
    });
    for await (const item of items as AsyncIterable<unknown>) yield { item };
  } catch (thrown) {
    throw failed(thrown);
  } finally {
    onward?.release();
  }
}

function json(text: string, field: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KerfError("invalid_input", {
      message: `${field} is no JSON: ${(cause as Error).message}`,
      data: { problems: [{ path: field, message: "is no JSON" }] },
    });
  }
}
