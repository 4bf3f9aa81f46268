import type { ServedArguments, ServedOperation } from "@kerf/call";
import type { settingsOperations as declared } from "@kerf/control-api";
import { KerfError, toKerfError } from "@kerf/kernel";
import { longestSecret } from "@kerf/service";
import { userOf } from "../audit/audited-operations.ts";
import type { Values } from "../settings/configuration.ts";
import type { ApiSurroundings } from "./operations.ts";

/** Of which service something is asked. */
interface Asked {
  readonly service: string;
}

/** What came of a change: its version, and what serves with it. */
interface Applied {
  readonly version: number;
  /** The instances that were started with it; none while the service still waits for something. */
  readonly instances: readonly string[];
  /** What the service still needs before it is started. */
  readonly waitsFor?: string;
}

type Operations = { readonly [Name in keyof typeof declared]: ServedOperation };

/** The operations on configuration and secrets; `inFull` lets operators learn why one failed. */
export function settingsOperations(
  around: Pick<ApiSurroundings, "settings" | "settingsChanged">,
  inFull: (run: (args: ServedArguments) => unknown) => ServedOperation,
): Operations {
  const { settings } = around;
  const declaredBy = (name: string) => settings.declared(name);
  return {
    getConfig: inFull(({ input }) => {
      const { service } = input as Asked;
      const { config: schema } = declaredBy(service);
      const newest = settings.configuration.newest(service);
      return {
        service,
        version: newest?.version ?? 0,
        values: newest?.values ?? {},
        schema: schema ?? { type: "object", properties: {} },
        ...(newest === undefined ? undefined : { at: newest.at, by: newest.by }),
      };
    }),
    changeConfig: inFull(async ({ input, context }) => {
      const { service, set, unset } = input as Asked & { set: Values; unset: string[] };
      declaredBy(service);
      const { before, after } = await settings.configuration.change(
        service,
        userOf(context),
        async (values) => {
          const changed = changedValues(service, values, set, unset);
          await settings.assertFits(service, changed);
          return changed;
        },
      );
      return { before, values: after.values, ...(await apply(around, service, after.version)) };
    }),
    listSecrets: inFull(({ input }) => {
      const { service } = input as Asked;
      const { secrets = [] } = declaredBy(service);
      const set = new Map(settings.secrets.list(service).map((each) => [each.name, each]));
      const names = [...new Set([...secrets.map(({ name }) => name), ...set.keys()])];
      return {
        service,
        version: settings.secrets.version(service),
        secrets: names.map((name) => {
          const known = set.get(name);
          const wanted = secrets.find((each) => each.name === name);
          return {
            name,
            set: known !== undefined,
            declared: wanted !== undefined,
            development: wanted?.development ?? false,
            ...(known === undefined
              ? undefined
              : { version: known.version, at: known.at, by: known.by }),
          };
        }),
      };
    }),
    setSecret: inFull(async ({ input, context }) => {
      const { service, name, value } = input as Asked & { name: string; value: string };
      assertDeclared(service, name, declaredBy(service).secrets);
      assertValue(name, value);
      const version = await settings.secrets.set(service, name, value, userOf(context));
      return apply(around, service, version);
    }),
    removeSecret: inFull(async ({ input, context }) => {
      const { service, name } = input as Asked & { name: string };
      declaredBy(service);
      return apply(around, service, await settings.secrets.remove(service, name, userOf(context)));
    }),
    rotateMasterKey: inFull(() => settings.secrets.rotateMaster()),
  };
}

function changedValues(
  service: string,
  values: Values,
  set: Values,
  unset: readonly string[],
): Values {
  const missing = unset.filter((name) => !Object.hasOwn(values, name));
  if (missing.length > 0) {
    throw new KerfError("not_found", {
      message: `${missing.join(", ")} of ${service} ${missing.length === 1 ? "is" : "are"} not set.`,
      why: "Nothing was changed.",
      fix: `kerf config get ${service} says what is.`,
    });
  }
  const kept = Object.entries(values).filter(([name]) => !unset.includes(name));
  return { ...Object.fromEntries(kept), ...set };
}

/**
 * Exchanges the copies of the service's unit for such that have the change. What cannot be started with it leaves the old ones serving; the change is
 * kept, and the error says so.
 */
async function apply(
  around: Pick<ApiSurroundings, "settings" | "settingsChanged">,
  service: string,
  version: number,
): Promise<Applied> {
  const problem = await around.settings.check(service);
  if (problem !== undefined) return { version, instances: [], waitsFor: problem.message };
  try {
    return { version, instances: await around.settingsChanged(service) };
  } catch (thrown) {
    const { message, code } = toKerfError(thrown);
    throw new KerfError(code, {
      message: `Version ${version} is kept, and ${service} could not be started with it: ${message}`,
      why: "What ran before serves on, with what it was started with.",
      fix: `Look at kerf logs ${service}, then set it as it was, or to what fits.`,
      cause: thrown,
    });
  }
}

function assertDeclared(
  service: string,
  name: string,
  secrets: readonly { readonly name: string }[] = [],
): void {
  if (secrets.some((each) => each.name === name)) return;
  throw new KerfError("not_found", {
    message: `${service} declares no secret ${JSON.stringify(name)}.`,
    fix:
      secrets.length === 0
        ? `Declare it: service(contract, { secrets: [${JSON.stringify(name)}] }).`
        : `Give one of: ${secrets.map((each) => each.name).join(", ")}`,
  });
}

/** No message may quote the value. */
function assertValue(name: string, value: string): void {
  const size = Buffer.byteLength(value);
  if (size > 0 && size <= longestSecret) return;
  throw new KerfError("invalid_input", {
    message: `The value of ${name} is ${size === 0 ? "empty" : `${size} bytes long`}.`,
    why: `A secret has 1 to ${longestSecret} bytes.`,
    fix:
      size === 0
        ? "Give it on stdin or by --file."
        : "Keep large files elsewhere, and their keys here.",
  });
}
