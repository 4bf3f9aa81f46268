import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Clock, seededRandom, systemClock } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import type { Address } from "../../placement.ts";
import { type EndpointSlice, serviceLabel } from "../endpoint-slices.ts";
import { KubernetesDiscovery } from "../kubernetes.ts";
import { KubernetesApiDouble } from "./kubernetes-api-double.ts";

/** Pauses after failures are there to be waited for, but not here. */
const impatientClock: Clock = {
  ...systemClock,
  after: (ms, fn) => systemClock.after(ms > 5_000 ? ms : ms / 50, fn),
};

/** A slice of `shelf` with pods at these hosts. */
export function sliceOf(name: string, hosts: readonly string[], more: object = {}): EndpointSlice {
  return {
    metadata: { name, labels: { [serviceLabel]: "shelf-svc" } },
    addressType: "IPv4",
    ports: [
      { name: "metrics", port: 9_000 },
      { name: "kerf", port: 4_001 },
    ],
    endpoints: hosts.map((host) => ({
      addresses: [host],
      conditions: { ready: true },
      targetRef: { name: `pod-${host}` },
      ...more,
    })),
  };
}

/** A discovery that watches an API double. */
export async function watching(t: TestContext) {
  const api = await KubernetesApiDouble.start();
  const directory = await mkdtemp(join(tmpdir(), "kerf-"));
  const tokenFile = join(directory, "token");
  const writeToken = (token: string): Promise<void> => writeFile(tokenFile, `${token}\n`);
  await writeToken(api.token);
  const discovery = new KubernetesDiscovery({
    api: { server: api.url, tokenFile },
    namespace: "shop",
    services: { shelf: { name: "shelf-svc", port: "kerf" } },
    recordsCommands: ["shelf"],
    clock: impatientClock,
    random: seededRandom(1),
    log: silentLogger,
  });
  t.after(async () => {
    await discovery.stop();
    await api.stop();
    await rm(directory, { recursive: true });
  });
  const addresses = (): Address[] => discovery.instancesOf("shelf").map(({ address }) => address);
  /** Resolves once the service is at these hosts. */
  const at = async (...hosts: readonly string[]): Promise<void> => {
    const wanted = hosts
      .map((host) => `tcp:${host}:4001`)
      .toSorted()
      .join();
    while (addresses().toSorted().join() !== wanted) {
      await new Promise<void>((resolve) => {
        const forget = discovery.onChange(() => {
          forget();
          resolve();
        });
      });
    }
  };
  return { api, discovery, addresses, at, writeToken };
}
