import type { ServedArguments, ServedOperation } from "@kerf/call";
import type { settingsOperations as declared } from "@kerf/control-api";
import { type CallContext, randomHex } from "@kerf/kernel";
import { userOf } from "../audit/audited-operations.ts";
import type { Asked } from "../rollouts/change.ts";
import type { ConfigChange } from "../settings/settings-changes.ts";
import type { ApiSurroundings } from "./operations.ts";

/** Of which service something is asked. */
interface Of {
  readonly service: string;
}

/** A change of the settings of a service, as it is asked for. */
interface Change extends Of {
  readonly ahead: boolean;
  readonly change?: string;
  readonly watchMs?: number;
}

interface SecretChange {
  readonly name: string;
  readonly value: string;
}

type Operations = { readonly [Name in keyof typeof declared]: ServedOperation };

/** The operations on configuration and secrets; `inFull` lets operators learn why one failed. */
export function settingsOperations(
  { settings, settingsChanges: changes }: Pick<ApiSurroundings, "settings" | "settingsChanges">,
  inFull: (run: (args: ServedArguments) => unknown) => ServedOperation,
): Operations {
  const declaredBy = (name: string) => settings.declared(name);
  return {
    getConfig: inFull(({ input }) => {
      const { service } = input as Of;
      const { config: schema } = declaredBy(service);
      const { config } = settings.inForce(service);
      const set = settings.configuration.at(service, config);
      return {
        service,
        version: config,
        values: settings.values(service, config),
        schema: schema ?? { type: "object", properties: {} },
        ...(set === undefined ? undefined : { at: set.at, by: set.by }),
        ahead: Object.keys(settings.ahead(service).values),
      };
    }),
    changeConfig: inFull(({ input, context }) => {
      const { service, set, unset, ahead, ...rest } = input as Change & ConfigChange;
      return changes.config(service, { set, unset }, ahead, askedOf(rest, context));
    }),
    listSecrets: inFull(({ input }) => {
      const { service } = input as Of;
      const { secrets = [] } = declaredBy(service);
      const { secrets: inForce } = settings.inForce(service);
      const listed = settings.secrets
        .list(service, inForce)
        .map((each) => [each.name, each] as const);
      const ahead = settings.ahead(service).secrets;
      // What waits for code that comes is shown as well; what is in force of it, as that.
      const set = new Map([...ahead.map((each) => [each.name, each] as const), ...listed]);
      const names = [...new Set([...secrets.map(({ name }) => name), ...set.keys()])];
      return {
        service,
        version: inForce,
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
            ...(ahead.some((each) => each.name === name) ? { ahead: true } : undefined),
          };
        }),
      };
    }),
    setSecret: inFull(({ input, context }) => {
      const { service, name, value, ahead, ...rest } = input as Change & SecretChange;
      return changes.setSecret(service, { name, value }, ahead, askedOf(rest, context));
    }),
    removeSecret: inFull(({ input, context }) => {
      const { service, name, ahead: _ahead, ...rest } = input as Change & { name: string };
      return changes.removeSecret(service, name, askedOf(rest, context));
    }),
    rotateMasterKey: inFull(() => settings.secrets.rotateMaster()),
  };
}

/** Who asks for a change, and by which name it is known; a command line of the version before gives none. */
function askedOf({ change, watchMs }: Partial<Change>, context: CallContext): Asked {
  return {
    id: change ?? `settings-${randomHex(6)}`,
    by: userOf(context),
    ...(watchMs === undefined ? undefined : { watchMs }),
  };
}
