import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { SecretStore } from "../../secrets/secret-store.ts";
import type { ForeignImage } from "./foreign-image.ts";

/** Memory that looks like a folder: nothing in it is ever on a disk. */
const memory = "/dev/shm";
/** Where a program finds its secrets, as Docker's own are. */
const inside = "/run/secrets";

/** Which secrets an image gets: their names, and the version of all of them. */
export interface NamedSecrets {
  readonly names: readonly string[];
  readonly version: number;
}

/** Secrets of images: kept encrypted with those of services, and written for their containers into memory. */
export class ImageSecrets {
  readonly #home: string;
  readonly #store: SecretStore;

  constructor(home: string, store: SecretStore) {
    this.#home = home;
    this.#store = store;
  }

  /** Keeps what an image is given by a deploy. */
  async keep(
    image: string,
    values: Readonly<Record<string, string>>,
    by: string,
  ): Promise<NamedSecrets | undefined> {
    let version = 0;
    for (const [name, value] of Object.entries(values))
      version = await this.#store.set(keptAs(image), name, value, { by });
    return version === 0 ? undefined : { names: Object.keys(values), version };
  }

  /** Writes the files that containers of an image mount; they are there already unless the machine was started anew. */
  async write(image: ForeignImage): Promise<void> {
    if (image.secrets === undefined) return;
    const values = this.#store.values(keptAs(image.name), image.secrets.version);
    openRoot(rootOf(this.#home));
    const folder = folderOf(this.#home, image, image.secrets);
    await mkdir(folder, { recursive: true });
    for (const name of image.secrets.names) {
      const file = join(folder, name);
      // Whoever the program runs as reads it; nobody else gets into the folder above.
      await writeFile(`${file}.new`, values[name] ?? "", { mode: 0o444 });
      await rename(`${file}.new`, file);
    }
  }

  /** Forgets the files of all versions but the one that `image` has; without one, all of them and what is kept. */
  async forget(name: string, kept: ForeignImage | undefined, by: string): Promise<void> {
    const root = join(rootOf(this.#home), name);
    const stays = String(kept?.secrets?.version ?? "");
    for (const version of existsSync(root) ? readdirSync(root) : [])
      if (version !== stays) rmSync(join(root, version), { recursive: true, force: true });
    const store = this.#store;
    const names = store.list(keptAs(name)).map((secret) => secret.name);
    for (const each of names)
      if (kept?.secrets?.names.includes(each) !== true)
        await store.remove(keptAs(name), each, { by });
  }
}

/** Mounts of the secrets of an image. */
export function secretMounts(
  home: string,
  image: Pick<ForeignImage, "name" | "secrets">,
): object[] {
  const { secrets } = image;
  if (secrets === undefined) return [];
  return secrets.names.map((name) => ({
    Type: "bind",
    Source: join(folderOf(home, image, secrets), name),
    Target: `${inside}/${name}`,
    ReadOnly: true,
  }));
}

/** Removes the files of every image of a home. */
export function removeSecretFiles(home: string): void {
  rmSync(rootOf(home), { recursive: true, force: true });
}

/** Whose they are among those of services; no service has such a name. */
export function keptAs(image: string): string {
  return `@image-${image}`;
}

function rootOf(home: string): string {
  const of = createHash("sha256").update(home).digest("hex").slice(0, 12);
  return join(memory, `kerf-${of}`);
}

function folderOf(
  home: string,
  { name }: Pick<ForeignImage, "name">,
  secrets: NamedSecrets,
): string {
  return join(rootOf(home), name, String(secrets.version));
}

/** Everybody may make folders there: ours is ours, and nobody else gets in. */
function openRoot(root: string): void {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const { mode, uid } = lstatSync(root);
  if (uid === process.getuid?.() && (mode & 0o777) === 0o700) return;
  throw new KerfError("start_failed", {
    message: `${root} is not ours alone.`,
    why: "Somebody else made it; secrets are not written there.",
    fix: `Remove it: rm -r ${root}`,
  });
}
