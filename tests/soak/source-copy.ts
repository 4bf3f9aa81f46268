import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const workspace = fileURLToPath(new URL("../../", import.meta.url));
/** Services of the app that are not the shop's. */
const besideShop = new Set(["counters", "witness"]);
/** What `catalog` answers as the name of a product; each edition of its source answers another one. */
const name = /name: (row\.name|`[^`]*`),/;

/** Sources of the shop under load, to be edited; what is installed is found through links, but the shop is the copy. */
export class SourceCopy {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<SourceCopy> {
    const folder = await mkdtemp(join(tmpdir(), "kerf-soak-source-"));
    const installed = join(folder, "node_modules");
    await mkdir(installed);
    await cp(join(workspace, "examples/shop"), join(folder, "shop"), { recursive: true });
    await cp(join(workspace, "tests/workload/app"), join(folder, "app"), { recursive: true });
    const manifest = { name: "soak", private: true, type: "module" };
    await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
    for (const each of await readdir(join(workspace, "node_modules"))) {
      if (each === "shop" || each.startsWith(".")) continue;
      await symlink(join(workspace, "node_modules", each), join(installed, each));
    }
    await symlink(join(folder, "shop"), join(installed, "shop"));
    return new SourceCopy(folder);
  }

  /** The module that declares the app. */
  get app(): string {
    return join(this.folder, "app", "app.ts");
  }

  /** Gives a service code that it never had before. */
  async edit(service: string, edition: number): Promise<void> {
    const file = join(this.folder, besideShop.has(service) ? "app" : "shop", service, "service.ts");
    const text = (await readFile(file, "utf8")).replace(/\n\/\/ edition\n.*\n$/, "\n");
    // What has an effect stays in the build; a comment would not.
    const mark = `\n// edition\nObject.assign(globalThis, { ${service}Edition: ${edition} });\n`;
    await writeFile(file, text.replace(name, `name: \`\${row.name} #${edition}\`,`) + mark);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
