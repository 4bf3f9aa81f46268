import { generateKeyPairSync } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signSnapshot } from "@kerf/call";
import { assembleGateway } from "@kerf/proxy";
import { parts } from "../harness/kerf-parts.ts";
import { announce } from "../wire/load.ts";

// A gateway as the platform starts it, with the settings of an app that has one upstream, from its last good snapshot: the
// platform is away.
const [url = ""] = process.argv.slice(2);
const key = (kid: string) => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    public: { ...publicKey.export({ format: "jwk" }), kid },
    private: { ...privateKey.export({ format: "jwk" }), kid },
  };
};
const [snapshotKey, principalKey] = [key("snapshot"), key("principal")];
const folder = await mkdtemp(join(tmpdir(), "kerf-bench-"));
const snapshot = {
  app: "bench",
  environment: "bench",
  epoch: 1,
  generation: 1,
  services: {},
  units: {},
  gateways: {
    web: {
      expose: [],
      uses: [],
      settings: {
        upstreams: { foreign: { urls: [url] } },
        routes: [{ path: "/*", to: { upstream: "foreign" } }],
      },
    },
  },
  principalKeys: [principalKey.public],
  issuerKeys: [],
};
const gateway = await assembleGateway(
  {
    app: "bench",
    environment: "bench",
    appModule: "",
    unit: "gateway:web",
    instance: "bench",
    services: [],
    http: { host: "127.0.0.1", port: 0 },
    databases: {},
    platform: { address: `unix:${folder}/away.sock`, token: "", publicKey: snapshotKey.public },
    snapshot: signSnapshot(snapshot, snapshotKey.private),
    snapshotFile: join(folder, "snapshot.json"),
    keys: { principal: principalKey.private },
    checked: false,
    logLevel: "error",
  },
  parts.log,
);
await gateway.lifecycle.start();
announce(gateway.url as string);
