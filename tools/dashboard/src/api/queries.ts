import type { ContractDescription } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { client } from "./client.ts";
import type { Manifest } from "./manifest.ts";

/** How often what runs is looked at again, milliseconds. */
export const liveMs = 1_500;
/** How often what changes with a deploy only is looked at again, milliseconds. */
const declaredMs = 10_000;

/** What was asked, and when it is asked again; whoever is not signed in does not try again. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, thrown) =>
        failures < 2 && !(thrown instanceof KerfError && thrown.code === "unauthenticated"),
      refetchOnWindowFocus: true,
    },
  },
});

/** Everything that runs, as it is now. */
export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }) => client.status({}, { signal }),
  refetchInterval: liveMs,
});

/** What the app declares. */
export const manifestQuery = queryOptions({
  queryKey: ["manifest"],
  queryFn: async ({ signal }) => (await client.manifest({}, { signal })) as unknown as Manifest,
  refetchInterval: declaredMs,
});

/** The contracts of all services. */
export const contractsQuery = queryOptions({
  queryKey: ["contracts"],
  queryFn: async ({ signal }) =>
    (await client.contracts({}, { signal })).contracts as readonly ContractDescription[],
  refetchInterval: declaredMs,
});

/** The releases of all units, the newest first. */
export const releasesQuery = queryOptions({
  queryKey: ["releases"],
  queryFn: async ({ signal }) => (await client.releases({}, { signal })).releases,
  refetchInterval: 5_000,
});

/** What was changed, the newest first. */
export const auditQuery = queryOptions({
  queryKey: ["audit"],
  queryFn: async ({ signal }) =>
    (await client.audit({ limit: 500 }, { signal })).entries.toReversed(),
  refetchInterval: 5_000,
});

/** What fires, what did not long ago, and what is silenced. */
export const alertsQuery = queryOptions({
  queryKey: ["alerts"],
  queryFn: ({ signal }) => client.alerts({ all: true }, { signal }),
  refetchInterval: 3_000,
});

/** Who is on call. */
export const onCallQuery = queryOptions({
  queryKey: ["on-call"],
  queryFn: ({ signal }) => client.onCall({}, { signal }),
  refetchInterval: 10_000,
});

/** What traffic went where, over the last quarter of an hour. */
export const trafficQuery = queryOptions({
  queryKey: ["map"],
  queryFn: ({ signal }) => client.map({}, { signal }),
  refetchInterval: 2_000,
});

/** What runs. */
export const useStatus = () => useQuery(statusQuery);
/** What the app declares. */
export const useManifest = () => useQuery(manifestQuery);
