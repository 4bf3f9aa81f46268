import { createHash } from "node:crypto";
import { packTar, type TarEntry } from "modern-tar";
import { openBuild } from "@kerf/service/builds";
import type { Layer } from "../../images/layer.ts";
import { type ProgramFiles, programFiles } from "../../images/program-layer.ts";
import { type ImageBase, ownBase, programImageOf } from "../../images/service-image.ts";
import type { MachineSecrets } from "./machine-secrets.ts";
import type { MachineProgram } from "./systemd-export.ts";

/** How much of a digest names a release. */
const nameLength = 12;

/** One program as it is brought to machines. */
export interface MachineRelease extends MachineProgram {
  /** Named by everything that is in it: code, Node, documents, units, secrets. */
  readonly release: string;
  /** As in an image: Node, Kerf's programs, the builds. Each has a name of its own by which machines keep it. */
  readonly layers: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** What goes beside the layers, secrets included: an archive for the standard input of the other side. */
  readonly beside: Uint8Array;
}

/** Puts releases together. `builds`: the folder of each service's build; `module`: a file of the project. */
export class ReleaseMaker {
  readonly #builds: ReadonlyMap<string, string>;
  readonly #module: string;
  readonly #secrets: MachineSecrets;
  #base: Promise<ImageBase> | undefined;
  #programs: Promise<ProgramFiles> | undefined;

  constructor(builds: ReadonlyMap<string, string>, module: string, secrets: MachineSecrets) {
    this.#builds = builds;
    this.#module = module;
    this.#secrets = secrets;
  }

  /** Throws what makes a program unfit for another machine: a build for another system. */
  async make(machine: MachineProgram): Promise<MachineRelease> {
    const { program } = machine;
    const builds = program.services.map(({ name }) => openBuild(this.#builds.get(name) ?? ""));
    const base = await (this.#base ??= ownBase());
    const kind = { name: program.name, isGateway: program.gateway !== undefined, builds };
    const programs = await (this.#programs ??= programFiles());
    const image = await programImageOf(kind, base, { module: this.#module, programs });
    const hash = createHash("sha256");
    for (const { diffId } of image.layers) hash.update(`${diffId}\n`);
    const entries: TarEntry[] = [];
    const add = (name: string, text: string, mode: number): void => {
      const body = Buffer.from(text);
      hash.update(`${name} ${body.length}\n`).update(body);
      entries.push({ header: { name, size: body.length, mode, mtime: new Date(0) }, body });
    };
    for (const [name, text] of Object.entries(machine.documents)) add(name, text, 0o644);
    for (const [name, text] of Object.entries(machine.units)) add(`units/${name}`, text, 0o644);
    const secrets = new Set([...machine.secrets, ...machine.migrationSecrets]);
    for (const folder of foldersOf([...secrets].map((name) => `secrets/${name}`)))
      entries.push({
        header: { name: `${folder}/`, type: "directory", size: 0, mode: 0o700, mtime: new Date(0) },
      });
    for (const name of [...secrets].toSorted())
      add(`secrets/${name}`, this.#secrets.get(name) ?? "", 0o600);
    return {
      ...machine,
      release: hash.digest("hex").slice(0, nameLength),
      layers: image.layers.map(namedLayer),
      beside: Buffer.from(await packTar(entries)),
    };
  }
}

function namedLayer({ blob, diffId }: Layer): { name: string; bytes: Uint8Array } {
  return { name: diffId.replace(/^sha256:/, ""), bytes: blob.bytes };
}

/** Every folder on the way to some files, those above first. */
function foldersOf(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths)
    for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1))
      found.add(path.slice(0, at));
  return [...found].toSorted();
}
