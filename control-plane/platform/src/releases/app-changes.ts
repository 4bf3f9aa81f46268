import { isDeepStrictEqual } from "node:util";
import type { AppManifest, ManifestGateway } from "@kerf/service";

/** What two versions of an app say differently beside the code of its services. */
export interface AppChanges {
  readonly newGateways: readonly string[];
  readonly goneGateways: readonly string[];
  /** Gateways that route, admit or limit otherwise. */
  readonly changedGateways: readonly string[];
  /** Whether every program has to start anew: policies of calls, traces and limits are given to it at its start. */
  readonly startsAnew: boolean;
  /** Services that are in the app no more. */
  readonly goneServices: readonly string[];
  /** Each in a few words, for people; empty when the app says the same. */
  readonly texts: readonly string[];
}

/** Compares an app with what it was when it was deployed last. Code is compared by builds, and where services are is for cut and join. */
export function appChanges(before: AppManifest, after: AppManifest): AppChanges {
  const names = (of: readonly { name: string }[]): string[] => of.map(({ name }) => name);
  const without = (some: string[], others: string[]): string[] =>
    some.filter((name) => !others.includes(name));
  const newGateways = without(names(after.gateways), names(before.gateways));
  const goneGateways = without(names(before.gateways), names(after.gateways));
  const changedGateways = after.gateways.flatMap((gateway) => {
    const was = before.gateways.find(({ name }) => name === gateway.name);
    const same = was === undefined || isDeepStrictEqual(doors(was, before), doors(gateway, after));
    return same ? [] : [gateway.name];
  });
  const differing = (["policies", "telemetry", "limits"] as const).filter(
    (part) => !isDeepStrictEqual(plain(before[part]), plain(after[part])),
  );
  // Nobody is given it at a start: the platform goes by it.
  const ownParts = (["scale", "alerts"] as const).filter(
    (part) => !isDeepStrictEqual(plain(before[part]), plain(after[part])),
  );
  const goneServices = without(names(before.services), names(after.services));
  return {
    newGateways,
    goneGateways,
    changedGateways,
    startsAnew: differing.length > 0,
    goneServices,
    texts: [
      ...newGateways.map((name) => `new gateway ${name}`),
      ...goneGateways.map((name) => `without gateway ${name}`),
      ...changedGateways.map((name) => `gateway ${name}`),
      ...differing,
      ...ownParts,
    ],
  };
}

/** The app that runs with some gateways of another version of it. */
export function withGateways(
  running: AppManifest,
  other: AppManifest,
  names: readonly string[],
): AppManifest {
  const taken = other.gateways.filter(({ name }) => names.includes(name));
  const kept = running.gateways.map(
    (gateway) => taken.find(({ name }) => name === gateway.name) ?? gateway,
  );
  const added = taken.filter(({ name }) => !kept.some((gateway) => gateway.name === name));
  return { ...running, gateways: [...kept, ...added] };
}

/** What a gateway is for its clients. A contract that it exposes whole it goes on exposing whole, whatever comes to it. */
function doors({ backend, expose, settings }: ManifestGateway, { services }: AppManifest) {
  const exposed = expose.map(({ name, operations }) => {
    const whole = services.find((service) => service.name === name)?.contract.operations ?? {};
    const all = Object.keys(operations).length === Object.keys(whole).length;
    return [name, all ? "*" : Object.keys(operations).toSorted()];
  });
  return plain({ exposed, settings, backend: backend?.name });
}

/** As JSON has it: what is undefined is not there. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
