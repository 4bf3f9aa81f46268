import { KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { StoreClient } from "../telemetry/store-client.ts";

/** A saga that was meant, and the trace that it belongs to. */
export interface FoundSaga {
  readonly service: string;
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly trace: string;
  readonly failure: { readonly code: string; readonly message: string } | null;
}

/** What traces are found with. */
export interface Finding {
  readonly store: StoreClient;
  readonly manifest: AppManifest;
  /** The services that may be asked; undefined for all. */
  readonly own: readonly string[] | undefined;
  /** Has a service look at what it keeps for itself. */
  readonly operate: (service: string, action: string, input: object) => Promise<unknown>;
}

/** What was asked about. */
export interface Asked {
  readonly traceId: string;
  readonly saga: FoundSaga | undefined;
}

const traceparent = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i;

/** The trace that somebody means. Throws `not_found`, and `invalid_input` for a query that cannot be read. */
export async function findTrace(of: string, finding: Finding): Promise<Asked> {
  const [, id = of] = traceparent.exec(of) ?? [];
  if (/^[0-9a-f]{32}$/i.test(id)) return { traceId: id.toLowerCase(), saga: undefined };
  const saga = await findSaga(of, finding);
  const [, traceId] = traceparent.exec(saga?.trace ?? "") ?? [];
  if (saga !== undefined && traceId !== undefined) return { traceId, saga };
  const found = await search(of, finding);
  if (found !== undefined) return { traceId: found, saga: undefined };
  throw new KerfError("not_found", {
    message: `Nothing is known of ${JSON.stringify(of)}.`,
    why: "It is no id of a trace, no saga has it as its id or was started with it, and no recorded span of the last 24 h fits.",
    fix: "Give the x-trace-id of the answer; kerf traces 'status:error' lists what failed.",
  });
}

/** Only what looks like an id is looked for in every service. */
export async function findSaga(of: string, finding: Finding): Promise<FoundSaga | undefined> {
  if (!/^[\w.-]{6,100}$/.test(of)) return undefined;
  const { manifest, operate, own } = finding;
  const asked = manifest.services.filter(
    ({ name, sagas }) => sagas.length > 0 && (own === undefined || own.includes(name)),
  );
  const found = await Promise.all(
    asked.map(async ({ name: service }) => {
      // One that does not answer knows nothing; whoever failed may be the very one that is asked about.
      const sagas = await operate(service, "sagas.find", { of }).catch(() => []);
      return (sagas as Omit<FoundSaga, "service">[]).map((saga) => ({ ...saga, service }));
    }),
  );
  return found.flat()[0];
}

async function search(query: string, { own, store }: Finding): Promise<string | undefined> {
  const services = own?.map((service) => `service:${service}`).join(" OR ");
  const narrowed = services === undefined ? query : `(${query}) (${services})`;
  const parameters = new URLSearchParams({ query: narrowed, limit: "20" });
  type Summary = {
    readonly traceId: string;
    readonly failed: boolean;
    readonly errorType?: string;
  };
  const { traces } = await store.ask<{ traces: Summary[] }>(`/traces?${parameters.toString()}`);
  const failing = traces.find(({ errorType, failed }) => failed || errorType !== undefined);
  return (failing ?? traces[0])?.traceId;
}
