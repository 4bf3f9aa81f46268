import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const installed = fileURLToPath(new URL("../../node_modules/", import.meta.url));

/** A service to be written. */
export interface GeneratedService {
  readonly name: string;
  /** Keeps counters in a database of its own. */
  readonly hasDatabase: boolean;
  /** The services that it calls, all of which are written too. */
  readonly uses: readonly string[];
}

/** The source of an app whose services are written by a program, in a folder of its own; what is installed here is found through links. */
export class GeneratedApp {
  readonly folder: string;
  readonly services: readonly GeneratedService[];

  private constructor(folder: string, services: readonly GeneratedService[]) {
    this.folder = folder;
    this.services = services;
  }

  static async write(services: readonly GeneratedService[]): Promise<GeneratedApp> {
    const app = new GeneratedApp(await mkdtemp(join(tmpdir(), "kerf-generated-")), services);
    const modules = join(app.folder, "node_modules");
    await mkdir(modules);
    for (const each of await readdir(installed)) {
      if (!each.startsWith(".")) await symlink(join(installed, each), join(modules, each));
    }
    await app.put("package.json", JSON.stringify({ name: "generated", type: "module" }));
    await app.put("app.ts", appSource(services));
    for (const service of services) {
      const { hasDatabase, name } = service;
      await mkdir(join(app.folder, name, "migrations"), { recursive: true });
      await app.put(`${name}/contract.ts`, contractSource(service));
      await app.put(`${name}/service.ts`, serviceSource(service));
      await app.setEdition(name, 1);
      if (hasDatabase) await app.put(`${name}/migrations/0001_counters.sql`, tables);
    }
    return app;
  }

  /** The module that declares the app. */
  get module(): string {
    return join(this.folder, "app.ts");
  }

  /** What `edition` of a service answers once it is deployed. */
  setEdition(service: string, edition: number): Promise<void> {
    return this.put(`${service}/edition.ts`, `export const edition = ${edition};\n`);
  }

  read(file: string): Promise<string> {
    return readFile(join(this.folder, file), "utf8");
  }

  put(file: string, text: string): Promise<void> {
    return writeFile(join(this.folder, file), text);
  }

  removeFile(file: string): Promise<void> {
    return rm(join(this.folder, file));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

const tables = "create table counters (name text primary key, n bigint not null);\n";

function appSource(services: readonly GeneratedService[]): string {
  const names = services.map(({ name }) => name);
  return `import { app, gateway } from "kerf";
${names.map((name) => `import { ${name} } from "./${name}/contract.ts";`).join("\n")}

export default app("generated", {
  services: {
${names.map((name) => `    ${name}: () => import("./${name}/service.ts"),`).join("\n")}
  },
  gateways: { web: gateway({ expose: [${names.join(", ")}] }) },
});
`;
}

function contractSource({ hasDatabase, name, uses }: GeneratedService): string {
  const kept = `
    add: command({ http: "POST /${name}/counters/{name}", access: "public", input: named, output: counted }),
    count: query({ http: "GET /${name}/counters/{name}", access: "public", input: named, output: counted }),`;
  const asked = `
    ask: query({ http: "GET /${name}/ask", access: "public", input: z.object({}), output: z.object({ editions: z.record(z.string(), z.int()) }) }),`;
  return `import { ${hasDatabase ? "command, " : ""}contract, query } from "kerf/contract";
import { z } from "zod";
${hasDatabase ? "\nconst named = z.object({ name: z.string() });\nconst counted = z.object({ name: z.string(), n: z.int() });\n" : ""}
export const ${name} = contract("${name}", {
  version: "1.0.0",
  operations: {
    edition: query({ http: "GET /${name}/edition", access: "public", input: z.object({}), output: z.object({ edition: z.int(), note: z.string() }) }),${hasDatabase ? kept : ""}${uses.length > 0 ? asked : ""}
  },
});
`;
}

function serviceSource({ hasDatabase, name, uses }: GeneratedService): string {
  const imports = uses.map((used) => `import { ${used} } from "../${used}/contract.ts";\n`);
  const kept = `
  async add({ input: { name }, db }) {
    const row = await db
      .insertInto("counters")
      .values({ name, n: 1 })
      .onConflict((conflict) => conflict.column("name").doUpdateSet((eb) => ({ n: eb("counters.n", "+", 1) })))
      .returningAll()
      .executeTakeFirstOrThrow();
    return { name, n: Number(row.n) };
  },
  async count({ input: { name }, db }) {
    const row = await db.selectFrom("counters").selectAll().where("name", "=", name).executeTakeFirst();
    return { name, n: Number(row?.n ?? 0) };
  },`;
  const asked = `
  async ask({ clients }) {
    const answers = await Promise.all([${uses.map((used) => `clients.${used}.edition({})`).join(", ")}]);
    return { editions: Object.fromEntries(answers.map(({ edition: one }, index) => [${JSON.stringify(uses)}[index], one])) };
  },`;
  return `import { ${hasDatabase ? "postgres, " : ""}service } from "kerf";
import { ${name} } from "./contract.ts";
${imports.join("")}import { z } from "zod";
import { edition } from "./edition.ts";

const made = service(${name}, {
  owner: "generated",
  config: z.object({ note: z.string().default("none") }),${hasDatabase ? '\n  database: postgres<{ counters: { name: string; n: number } }>({ migrations: new URL("./migrations", import.meta.url) }),' : ""}${uses.length > 0 ? `\n  uses: { ${uses.join(", ")} },` : ""}
});

made.implement({
  async edition({ config }) {
    return { edition, note: config.note };
  },${hasDatabase ? kept : ""}${uses.length > 0 ? asked : ""}
});

export default made;
`;
}
