import { existsSync } from "node:fs";
import { packTar } from "modern-tar";
import { KerfError, toKerfError } from "@kerf/kernel";
import type { Home } from "../../../state/home.ts";
import { writeWhole } from "../../../state/json-file.ts";
import type { Engine } from "../engine.ts";
import { labels } from "../labels.ts";
import { dataFolder, dataVolume } from "./backing.ts";

/** The volume with the data of one backing service. It stays when everything else goes. */
export class BackingVolume {
  readonly name: string;
  readonly #engine: Engine;
  readonly #home: Home;
  readonly #backing: string;

  constructor(
    engine: Engine,
    home: Home,
    { backing, prefix }: { backing: string; prefix: string },
  ) {
    this.name = `${prefix}-${backing}`;
    this.#engine = engine;
    this.#home = home;
    this.#backing = backing;
  }

  /** Makes it, when it is not there. Throws `conflict` for one that this home did not make: its password lies elsewhere. */
  async open(): Promise<void> {
    const record = this.#home.backingVolume(this.#backing);
    if (!existsSync(record)) {
      if (await this.#exists()) throw this.#foreign();
      // First: one that nobody has written down could not be told from somebody else's.
      await writeWhole(record, `${this.name}\n`);
    }
    const Labels = { [labels.home]: this.#home.root, [labels.backing]: this.#backing };
    await this.#engine.call("POST", "/volumes/create", { body: { Name: this.name, Labels } });
  }

  /** Takes away what has never answered, so that it begins anew. */
  async remove(): Promise<void> {
    // Somebody else's, and told so when it is opened.
    if (!existsSync(this.#home.backingVolume(this.#backing))) return;
    try {
      await this.#engine.call("DELETE", `/volumes/${this.name}`);
    } catch (thrown) {
      if (toKerfError(thrown).code !== "not_found") throw thrown;
    }
  }

  /** Gives the folder in it to whom the program runs as, by a container that was made and not started: a new volume is root's. */
  async own(container: string, { gid, uid }: { uid: number; gid: number }): Promise<void> {
    const name = `${dataFolder.slice(dataVolume.length + 1)}/`;
    const header = { name, type: "directory" as const, size: 0, mode: 0o700, uid, gid };
    const body = await packTar([{ header: { ...header, mtime: new Date(0) } }]);
    const query = { path: dataVolume };
    await this.#engine.call("PUT", `/containers/${container}/archive`, { query, body });
  }

  async #exists(): Promise<boolean> {
    try {
      await this.#engine.call("GET", `/volumes/${this.name}`);
      return true;
    } catch (thrown) {
      if (toKerfError(thrown).code === "not_found") return false;
      throw thrown;
    }
  }

  #foreign(): KerfError {
    return new KerfError("conflict", {
      message: `The Docker volume ${this.name} is there already, and ${this.#home.backing(this.#backing)} is not.`,
      why: "Its password was kept there. Somebody has removed the folder, and not the volume.",
      fix: `Put the folder back; or, to begin with nothing in it: docker volume rm ${this.name}`,
    });
  }
}
