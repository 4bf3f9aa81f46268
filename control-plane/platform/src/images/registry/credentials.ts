import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { KerfError } from "@kerf/kernel";

/** Who we are to a registry. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** A token that is exchanged for others, as some helpers give instead of a password. */
  readonly identityToken?: string;
}

/** How long a helper may take, milliseconds: it may ask a keychain. */
const helperMs = 20_000;
/** Docker's own registry is called so in its file. */
const hubKey = "https://index.docker.io/v1/";

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { readonly auth?: string }>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

/** What `docker login` or `podman login` left for a registry, in their file or with a credential helper; undefined without any. Throws `invalid_configuration` for what cannot be read. */
export async function credentialsFor(
  registry: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Credentials | undefined> {
  const folder = environment["DOCKER_CONFIG"] ?? join(homedir(), ".docker");
  const file = join(folder, "config.json");
  const config = await readConfig(file);
  const keys = registry === "docker.io" ? [hubKey, "docker.io"] : [registry, `https://${registry}`];
  for (const key of keys) {
    const helper = config.credHelpers?.[key] ?? config.credsStore;
    if (helper !== undefined) {
      const got = await askHelper(helper, key, environment);
      if (got !== undefined) return got;
    }
    const auth = config.auths?.[key]?.auth;
    if (auth === undefined) continue;
    const [user = "", ...password] = Buffer.from(auth, "base64").toString("utf8").split(":");
    return { user, password: password.join(":") };
  }
  return undefined;
}

async function readConfig(file: string): Promise<DockerConfig> {
  const text = await readFile(file, "utf8").catch(() => "{}");
  try {
    return JSON.parse(text) as DockerConfig;
  } catch (cause) {
    throw new KerfError("invalid_configuration", {
      message: `${file} cannot be read.`,
      why: "It is no JSON.",
      fix: "Correct it, or log in again: docker login",
      cause,
    });
  }
}

/** Asks `docker-credential-NAME get`, as its protocol says: the key on its standard input, the answer on its output. Helpers without an answer end with 1. */
function askHelper(
  name: string,
  key: string,
  environment: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  return new Promise((resolve, reject) => {
    const program = `docker-credential-${name}`;
    const child = execFile(
      program,
      ["get"],
      { timeout: helperMs, env: environment },
      (error, stdout) => {
        if (error !== null) {
          const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
          return isMissing ? reject(noHelper(program, error)) : resolve(undefined);
        }
        try {
          const { Secret, Username } = JSON.parse(stdout) as { Secret: string; Username: string };
          const isToken = Username === "<token>";
          resolve({
            user: Username,
            password: Secret,
            ...(isToken ? { identityToken: Secret } : undefined),
          });
        } catch {
          // What it said is not quoted: it may be the password.
          resolve(undefined);
        }
      },
    );
    // One that ends at once reads nothing.
    child.stdin?.on("error", () => {});
    child.stdin?.end(key);
  });
}

function noHelper(program: string, cause: Error): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The credential helper ${program} is not installed.`,
    why: "Docker's configuration names it for this registry.",
    fix: "Install it, put it on the PATH, or log in again without it: docker login",
    cause,
  });
}
