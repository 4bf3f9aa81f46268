import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Boot, type PublicKey, signSnapshot } from "@kerf/call";
import { describeContract } from "@kerf/contract";
import { jwt, type TelemetrySettings } from "@kerf/service";
import { requestOf } from "../wire/load.ts";
import { prices } from "./prices.ts";

const issuer = "https://issuer.example/";
const audience = "https://shop.example/api";
/** Users who ask in turn. */
const users = 1_000;

/** What the processes of the benchmark are given, in files; the platform is away. */
export interface GatewayEnvironment {
  /** The boot document of the gateway. */
  readonly boot: string;
  /** What the service listens on, and whose principals it takes. */
  readonly service: string;
  /** The script with which wrk sends every user's token in turn. */
  readonly script: string;
  remove(): Promise<void>;
}

/** What the service's process is given. */
export interface ServiceEnvironment {
  readonly address: string;
  readonly principalKey: PublicKey;
  readonly telemetry: TelemetrySettings;
}

/** Makes keys, tokens and the signed placement. @param otlp where traces are sent, 1 % of them */
export async function makeEnvironment(otlp: string): Promise<GatewayEnvironment> {
  const folder = await mkdtemp(join(tmpdir(), "kerf-bench-"));
  const file = async (name: string, content: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const [snapshotKey, principalKey] = [edKey("snapshot"), edKey("principal")];
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "issuer", alg: "RS256" }] };
  await file("jwks.json", JSON.stringify(jwks));
  const telemetry = { sampling: 0.01, otlp: { endpoint: otlp } };
  const address = `unix:${join(folder, "prices.sock")}`;
  const snapshot = {
    app: "bench",
    environment: "bench",
    epoch: 1,
    generation: 1,
    services: { prices: { unit: "prices", version: "1.0.0", uses: [] } },
    units: { prices: { instances: [{ id: "prices-1", address, state: "ready" }] } },
    gateways: {
      web: {
        expose: [describeContract(prices)],
        uses: ["prices"],
        settings: {
          authentication: [
            jwt({ issuer, audience, jwks: { file: "./jwks.json" }, algorithms: ["RS256"] }),
          ],
          // Counts every request of each of the users, and refuses none.
          limits: [{ by: "user", rate: { requests: 1_000_000, perMs: 1_000 } }],
        },
      },
    },
    principalKeys: [principalKey.public],
    issuerKeys: [],
  };
  const boot = {
    app: "bench",
    environment: "bench",
    appModule: join(folder, "app.ts"),
    unit: "gateway:web",
    instance: "bench",
    services: [],
    http: { host: "127.0.0.1", port: 0 },
    databases: {},
    platform: { address: `unix:${folder}/away.sock`, token: "", publicKey: snapshotKey.public },
    snapshot: signSnapshot(snapshot as Parameters<typeof signSnapshot>[0], snapshotKey.private),
    snapshotFile: join(folder, "snapshot.json"),
    keys: { principal: principalKey.private },
    telemetry,
    checked: false,
    logLevel: "error",
  } satisfies Boot;
  const tokens = Array.from({ length: users }, (_, n) => tokenOf(privateKey, `user-${n}`));
  const service: ServiceEnvironment = { address, principalKey: principalKey.public, telemetry };
  return {
    boot: await file("boot.json", JSON.stringify(boot)),
    service: await file("service.json", JSON.stringify(service)),
    script: await file("tokens.lua", luaOf(tokens)),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Every request is made before the load begins: a script that makes them meanwhile is what is measured. */
function luaOf(tokens: readonly string[]): string {
  const body = JSON.stringify(requestOf(1));
  return `local tokens = {${tokens.map((token) => `"${token}"`).join(",\n")}}
local requests = {}
local nth = 0
init = function()
  for i, token in ipairs(tokens) do
    requests[i] = wrk.format("POST", "/quotes", {
      ["content-type"] = "application/json", authorization = "Bearer " .. token,
    }, ${JSON.stringify(body)})
  end
end
request = function()
  nth = nth % #requests + 1
  return requests[nth]
end
`;
}

function tokenOf(key: KeyObject, subject: string): string {
  const now = Math.floor(Date.now() / 1_000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "RS256", kid: "issuer", typ: "JWT" })}.${part({
    iss: issuer,
    aud: audience,
    sub: subject,
    iat: now,
    exp: now + 3600,
    role: "buyer",
  })}`;
  return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
}

function edKey(kid: string): { public: PublicKey; private: PublicKey } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    public: { ...publicKey.export({ format: "jwk" }), kid },
    private: { ...privateKey.export({ format: "jwk" }), kid },
  };
}
