import type { ISecret } from "kubernetes-models/v1";
import { KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import { readSecretUrl } from "../../resources/secret-file.ts";
import { drawnSecrets, password, serverUrlOf } from "../drawn-secrets.ts";
import { secretNames } from "../exported-boot.ts";
import { exportedProgramsOf } from "../exported-programs.ts";
import { appLabels, clusterNames, secretKeys } from "./cluster-names.ts";
import { wantedSecrets } from "./data.ts";
import type { KubernetesOptions } from "./kubernetes-options.ts";
import { manifest, type Manifest, toYaml } from "./manifest.ts";

/**
 * Every Secret that an app needs, as YAML: keys and passwords drawn now, what others gave the app with an empty value to fill in. `servers`: files with the
 * administrator's URL of each server. Throws `invalid_configuration` when one is missing.
 */
export async function clusterSecrets(
  app: AppManifest,
  options: KubernetesOptions,
  servers: Readonly<Record<string, string>>,
): Promise<string> {
  const programs = exportedProgramsOf(app, options);
  const admins = await administrators(app, options, servers);
  const drawn = drawnSecrets(app, (server) => serverUrlOf(admins.get(server)?.url ?? ""));
  const values: Record<string, Record<string, string>> = {};
  const set = (name: string, key: string, value: string): void => {
    (values[name] ??= {})[key] = value;
  };
  for (const path of [
    secretNames.principal,
    secretNames.principalSet,
    secretNames.issuer,
    secretNames.issuerSet,
  ])
    set(clusterNames.keys, path.replace("keys/", ""), drawn[path] ?? "");
  if (options.brokerLogin !== undefined)
    set(clusterNames.broker, secretKeys.broker, options.brokerLogin);
  for (const { database, name } of app.services) {
    if (database === undefined) continue;
    set(clusterNames.database(name), secretKeys.app, drawn[secretNames.database(name)] ?? "");
    set(clusterNames.database(name), secretKeys.owner, drawn[secretNames.owner(name)] ?? "");
  }
  for (const [server, { password: secret, url }] of admins) {
    set(clusterNames.server(server), secretKeys.admin, url);
    if (secret === undefined) continue;
    set(clusterNames.superuser(server), "username", "postgres");
    set(clusterNames.superuser(server), "password", secret);
  }
  const manifests = wantedSecrets(app, programs, options).map(({ keys, name }): Manifest => {
    const secret: ISecret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: options.namespace, labels: appLabels(app.app) },
      type: name.endsWith("-superuser") ? "kubernetes.io/basic-auth" : "Opaque",
      stringData: Object.fromEntries(keys.map((key) => [key, values[name]?.[key] ?? ""])),
    };
    const isEmpty = keys.some((key) => values[name]?.[key] === undefined);
    return manifest(
      secret,
      isEmpty ? [{ at: ["stringData"], text: "Fill it: nobody else knows it." }] : [],
    );
  });
  return toYaml(manifests);
}

interface Administrator {
  readonly url: string;
  /** Where it was drawn. */
  readonly password?: string;
}

async function administrators(
  app: AppManifest,
  { namespace, postgres }: KubernetesOptions,
  servers: Readonly<Record<string, string>>,
): Promise<Map<string, Administrator>> {
  const found = new Map<string, Administrator>();
  for (const { database } of app.services) {
    if (database === undefined || found.has(database.server)) continue;
    const { server } = database;
    if (postgres === "cloudnative-pg") {
      const secret = password();
      const host = `postgres-${server}-rw.${namespace}.svc`;
      // Its own authority signs its certificate: encrypted, and reached within the namespace only.
      const url = `postgres://postgres:${secret}@${host}:5432/postgres?sslmode=require`;
      found.set(server, { url, password: secret });
      continue;
    }
    const file = servers[server] ?? app.servers[server]?.urlFile;
    if (file === undefined) {
      throw new KerfError("invalid_configuration", {
        message: `Nothing says where the server ${server} of the databases is.`,
        fix: `Write the URL of its administrator into a file, mode 0600: --server ${server}=FILE; or have CloudNativePG run it: --postgres cloudnative-pg`,
      });
    }
    found.set(server, { url: await readSecretUrl(file, `the server ${server}`) });
  }
  return found;
}
