import type { ServedOperation } from "@kerf/call";
import type { AuditEntry, ChangeReport, platform } from "@kerf/control-api";
import { type CallContext, DeclaredError, type ErrorShape, toKerfError } from "@kerf/kernel";
import { holderOf } from "../api/operator.ts";
import type { AuditLog } from "./audit-log.ts";

type Declared = (typeof platform)["operations"];
/** The operations that change something. */
type Changing = {
  [Name in keyof Declared]: Declared[Name]["kind"] extends "command" ? Name : never;
}[keyof Declared];

type Input = Readonly<Record<string, unknown>>;

/** What is kept of an operation beside who, when and the result. */
interface Kept {
  /** What was asked for; undefined for a call that changes nothing. Asked before the call is carried out. */
  asked(
    input: Input,
    facts: AuditFacts,
  ): Pick<AuditEntry, "service" | "unit" | "asked"> | undefined;
  /** What came of it, of an answer. */
  came?(output: Input): Pick<AuditEntry, "before" | "after" | "why">;
}

/** What is asked of the app. */
export interface AuditFacts {
  /** The kind of an operation of a service; undefined when there is no such thing. */
  readonly kindOf: (service: string, operation: string) => string | undefined;
  /** Whether this holder's program is attached to a service already. */
  readonly isAttached: (service: string, holder: string) => boolean;
}

/** Errors whose reason is kept too. */
const saysWhy: ReadonlySet<string> = new Set(["change_failed", "gate_refused"]);
/** How many findings of the gate are kept of a change by force. */
const namedFindings = 20;
/** Longest text of a statement that is kept, characters. */
const longestStatement = 2_000;
/** Statements that change nothing, as far as that can be seen: one alone, without parts that may write. A function that one calls may write all the same. */
const reads =
  /^\s*(?:select(?![^;]*\binto\b)|show|table|values|explain(?!\s*\(?\s*analy[sz]e))\b[^;]*;?\s*$/i;
/** Actions on what services keep for themselves that only look. */
const looks =
  /^(?:events\.(?:before|behind|history|log|parked|positions|tail)|sagas\.(?:find|list|show)|schedules\.list|reconciliations\.reports)$/;

const ofService = ({ service }: Input) => ({ service: String(service) });
const ofUnit = ({ unit }: Input) => ({ unit: String(unit), asked: {} });
const named = ({ ahead, service, name }: Input) => ({
  service: String(service),
  asked: { name: String(name), ...(ahead === true ? { ahead } : undefined) },
});
const version = ({ version: made }: Input) => ({ after: { version: Number(made) } });

/** Of what an alert or a silence is. */
function ofAlert({ operation, service }: Input): NonNullable<AuditEntry["after"]> {
  return {
    service: String(service),
    ...(typeof operation === "string" ? { operation } : undefined),
  };
}

/** The units of a change before and after it. */
function cameOfChange({ units }: Input): Pick<AuditEntry, "before" | "after"> {
  const changed = Object.entries(units as ChangeReport["units"]);
  const side = (at: "before" | "after") =>
    Object.fromEntries(changed.flatMap(([unit, sides]) => (sides[at] ? [[unit, sides[at]]] : [])));
  // As JSON has it: what is absent is not there.
  return { before: side("before") as never, after: side("after") as never };
}

/** The same, and what spoke against a change that was made by force. */
function cameOfRelease(output: Input): Pick<AuditEntry, "before" | "after" | "why"> {
  const against = (output["findings"] as ChangeReport["findings"]).filter(
    ({ verdict }) => verdict !== "compatible",
  );
  if (against.length === 0) return cameOfChange(output);
  const named = against.slice(0, namedFindings).map(({ message }) => message);
  const more = against.length - named.length;
  const why = `by force, against: ${named.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
  return { ...cameOfChange(output), why };
}

/**
 * What is kept of each operation that changes something. The inputs of calls to services are left out, since they are the business of those; so are the
 * values of secrets.
 */
const kept: { readonly [Name in Changing]: Kept } = {
  invoke: {
    asked({ service, operation, as }, { kindOf }) {
      if (kindOf(String(service), String(operation)) !== "command") return undefined;
      const { subject } = (as ?? {}) as { subject?: string };
      return {
        service: String(service),
        asked: {
          operation: String(operation),
          ...(subject === undefined ? undefined : { as: subject }),
        },
      };
    },
  },
  operate: {
    asked: ({ service, action, input }) =>
      looks.test(String(action))
        ? undefined
        : { service: String(service), asked: { action: String(action), input: input as never } },
  },
  sql: {
    asked: ({ service, statement, role }) =>
      reads.test(String(statement))
        ? undefined
        : {
            service: String(service),
            asked: { role: String(role), statement: String(statement).slice(0, longestStatement) },
          },
  },
  restart: { asked: ofUnit, came: cameOfChange },
  stopUnit: { asked: ofUnit },
  startUnit: { asked: ofUnit },
  promote: { asked: ofUnit },
  abandon: { asked: ofUnit },
  cut: {
    asked: ({ from, service }) => ({
      service: String(service),
      asked: typeof from === "string" ? { from } : {},
    }),
    came: cameOfChange,
  },
  join: {
    asked: ({ into, service }) => ({ service: String(service), asked: { into: String(into) } }),
    came: cameOfChange,
  },
  scale: {
    asked: ({ auto, copies, unit }) => ({
      unit: String(unit),
      asked: copies === undefined ? { auto: auto as never } : { copies: Number(copies) },
    }),
    came: cameOfChange,
  },
  deploy: {
    asked: ({ app, builds, expose, force, gateways, remove }) => ({
      asked: {
        builds: builds as Record<string, string>,
        ...(app === undefined ? undefined : { app: (gateways as string[] | undefined) ?? "all" }),
        ...((remove as string[]).length === 0 ? undefined : { remove: remove as string[] }),
        ...(typeof expose === "string" ? { expose } : undefined),
        ...(force === true ? { force } : undefined),
      },
    }),
    came: cameOfRelease,
  },
  rollback: {
    asked: ({ force, release, unit }) => ({
      unit: String(unit),
      asked: {
        ...(release === undefined ? undefined : { release: Number(release) }),
        ...(force === true ? { force } : undefined),
      },
    }),
    came: cameOfRelease,
  },
  rotateDatabasePasswords: {
    asked: ofService,
    came: ({ refused }) => ({ after: { refused: refused as never } }),
  },
  moveDatabase: {
    // A URL has a password in it.
    asked: ({ service, to }) => ({
      service: String(service),
      asked: {
        to: "url" in (to as object) ? "a server by URL" : (to as never),
      },
    }),
    came: ({ from, left, pauseMs, rows, to }) => ({
      before: { server: String(from) },
      after: {
        server: String(to),
        left: left as never,
        pauseMs: Number(pauseMs),
        rows: Number(rows),
      },
    }),
  },
  dropLeftDatabases: {
    asked: ofService,
    came: ({ dropped }) => ({ before: { databases: dropped as never } }),
  },
  deployImage: {
    // Variables may be what nobody is to read.
    asked: ({ domain, image, name, replicas }) => ({
      service: String(name),
      asked: {
        image: String(image),
        replicas: Number(replicas),
        ...(typeof domain === "string" ? { domain } : undefined),
      },
    }),
  },
  scaleImage: {
    asked: ({ name, replicas }) => ({
      service: String(name),
      asked: { replicas: Number(replicas) },
    }),
  },
  removeImage: { asked: ({ name }) => ({ service: String(name), asked: {} }) },
  attachProgram: {
    // It is said again every few seconds; only the first time changes something.
    asked: ({ service, holder, command, cwd }, { isAttached }) =>
      isAttached(String(service), String(holder))
        ? undefined
        : {
            service: String(service),
            asked: { command: command as string[], cwd: String(cwd) },
          },
  },
  detachProgram: { asked: ofService },
  changeConfig: {
    asked: ({ ahead, service, set, unset }) => ({
      service: String(service),
      asked: {
        set: set as never,
        unset: unset as never,
        ...(ahead === true ? { ahead } : undefined),
      },
    }),
    came: ({ before, values }) => ({ before: before as never, after: values as never }),
  },
  setSecret: { asked: named, came: version },
  removeSecret: { asked: named, came: version },
  rotateMasterKey: {
    asked: () => ({}),
    came: ({ master }) => ({ after: { master: Number(master) } }),
  },
  addToken: {
    asked: ({ expires, name, services }) => ({
      asked: {
        name: String(name),
        services: services as string[],
        ...(typeof expires === "string" ? { expires } : undefined),
      },
    }),
  },
  removeToken: { asked: ({ name }) => ({ asked: { name: String(name) } }) },
  acknowledgeAlert: {
    asked: ({ id, note }) => ({
      asked: { id: String(id), ...(typeof note === "string" ? { note } : undefined) },
    }),
    came: ({ alert }) => ({ after: ofAlert(alert as Input) }),
  },
  addSilence: {
    asked: ({ because, forMs, operation, service }) => ({
      service: String(service),
      asked: {
        ...(typeof operation === "string" ? { operation } : undefined),
        forMs: Number(forMs),
        because: String(because),
      },
    }),
    came: ({ silence }) => ({ after: { id: String((silence as Input)["id"]) } }),
  },
  endSilence: {
    asked: ({ id }) => ({ asked: { id: String(id) } }),
    came: ({ silence }) => ({ after: ofAlert(silence as Input) }),
  },
  addDestination: {
    // An address may have a secret in it.
    asked: ({ name, teams, to }) => ({
      asked: {
        name: String(name),
        kind: String((to as Input)["kind"]),
        ...(teams === undefined ? undefined : { teams: teams as string[] }),
      },
    }),
    came: ({ destination }) => ({ after: { host: String((destination as Input)["host"]) } }),
  },
  removeDestination: { asked: ({ name }) => ({ asked: { name: String(name) } }) },
  testDestination: { asked: ({ name }) => ({ asked: { name: String(name) } }) },
  setRota: {
    asked: ({ rota, team }) => ({
      asked: {
        team: String(team),
        people: ((rota as Input)["people"] as { name: string }[]).map(({ name }) => name),
      },
    }),
  },
  removeRota: { asked: ({ team }) => ({ asked: { team: String(team) } }) },
  swapOnCall: {
    asked: ({ from, team, to, until }) => ({
      asked: {
        team: String(team),
        to: String(to),
        ...(typeof from === "string" ? { from } : undefined),
        until: String(until),
      },
    }),
  },
  renewDomain: {
    asked: ({ domain }) => ({ asked: { domain: String(domain) } }),
    came: ({ expires, issuer }) => ({
      after: { issuer: String(issuer), expires: String(expires) },
    }),
  },
  // Changes nothing: what is done in the session goes on record, by whoever asked for the link.
  openDashboard: { asked: () => undefined },
  stop: { asked: () => ({}) },
};

/** The same operations; each change goes on record before it is answered, whether it was made or failed. */
export function auditedOperations<
  Operations extends { readonly [Name in Changing]: ServedOperation },
>(operations: Operations, log: AuditLog, facts: AuditFacts): Operations {
  const audited = Object.entries(kept).map(([name, keep]) => {
    const inner = operations[name as Changing];
    const operation: ServedOperation = {
      async run(args, ...checks) {
        const asked = keep.asked(args.input as Input, facts);
        if (asked === undefined) return inner.run(args, ...checks);
        const token = holderOf(args.context)?.token;
        const entry = {
          by: userOf(args.context),
          ...(token === undefined ? undefined : { token }),
          action: name,
          ...asked,
        };
        let output: unknown;
        try {
          output = await inner.run(args, ...checks);
        } catch (thrown) {
          const { code, message, why: because } = shapeOf(thrown);
          // Why a change failed is the platform's own word.
          const more = saysWhy.has(code) && because !== undefined ? ` ${because}` : "";
          // What a service says of its failure may quote what it was given.
          const why = name === "invoke" ? undefined : { why: `${message}${more}` };
          await log.append({ ...entry, result: code, ...why });
          throw thrown;
        }
        await log.append({ ...entry, ...keep.came?.(output as Input), result: "done" });
        return output;
      },
    };
    return [name, operation];
  });
  return { ...operations, ...Object.fromEntries(audited) };
}

/** Who the client says that it is for. */
export function userOf({ principal }: Pick<CallContext, "principal">): string {
  const user = principal?.claims["user"];
  return typeof user === "string" && user !== "" ? user : "unknown";
}

function shapeOf(thrown: unknown): ErrorShape {
  if (thrown instanceof DeclaredError && thrown.code === "failed") return thrown.data as ErrorShape;
  return toKerfError(thrown).toShape();
}
