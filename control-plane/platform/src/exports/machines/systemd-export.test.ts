import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { exampleApp, exampleTags } from "../testing/example-app.ts";
import type { MachineOptions } from "./machine-options.ts";
import { certificateLifeMs, machineSecrets } from "./machine-secrets.ts";
import { systemdExport } from "./systemd-export.ts";

const options: MachineOptions = {
  environment: "production",
  registry: "none",
  tags: exampleTags,
  replicas: 1,
  hosts: ["one.internal", "two.internal"],
  places: { payments: ["two.internal"] },
  directory: "/opt/kerf",
  port: 7100,
  httpPort: 8080,
  servers: {},
};
const analyze = "/usr/bin/systemd-analyze";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "kerf-systemd-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("unit files and boot documents are those of golden/systemd", (t) => {
  const { programs } = systemdExport(exampleApp, options);
  const golden = (name: string, text: string | undefined): void =>
    t.assert.fileSnapshot(
      text ?? "",
      fileURLToPath(new URL(`../golden/systemd/${name}`, import.meta.url)),
      { serializers: [String] },
    );
  for (const name of ["orders", "gateway-web"]) {
    const one = programs.find(({ program }) => program.name === name);
    assert.ok(one !== undefined);
    for (const [file, text] of Object.entries(one.units)) golden(file, text);
    golden(`${name}/boot-a.json`, one.documents["boot-a.json"]);
  }
});

test("programs find each other on all machines that they are placed on; ports stay when programs come", () => {
  const { ports, programs } = systemdExport(exampleApp, options);
  const bootOf = (name: string, slot: string, from = programs): any =>
    JSON.parse(
      from.find(({ program }) => program.name === name)?.documents[`boot-${slot}.json`] ?? "",
    );
  const orders = bootOf("orders", "a");
  assert.deepEqual(orders.placement.units.payments.discovery.addresses, [
    `two.internal:${ports.programs["payments"]}`,
  ]);
  assert.equal(bootOf("gateway-web", "b").placement.gateways.web.instances, 2);
  assert.equal(bootOf("orders", "b").address, orders.address);
  assert.notEqual(bootOf("orders", "b").health.port, orders.health.port);
  const { mail: _, ...units } = exampleApp.units;
  const before = systemdExport({ ...exampleApp, units }, options).ports;
  const after = systemdExport(exampleApp, options, before).ports;
  for (const [name, port] of Object.entries(before.programs))
    assert.equal(after.programs[name], port);
  const alone = systemdExport(exampleApp, { ...options, hosts: ["one.internal"], places: {} });
  assert.match(bootOf("orders", "a", [...alone.programs]).address, /^tcp:127\.0\.0\.1:/);
});

test("secrets are drawn once and their owner's alone; certificates are renewed in the second half of their life", async (t) => {
  const out = folderOf(t);
  const admin = join(out, "admin");
  writeFileSync(admin, "postgres://root:hush@db.internal:5432/postgres\n", { mode: 0o600 });
  const given = { ...options, servers: { main: admin } };
  const exported = systemdExport(exampleApp, given);
  const draw = async (now: number) => machineSecrets(out, exampleApp, exported, given, now);
  const now = Date.now();
  const first = await draw(now);
  assert.match(
    first.secrets.get("database/orders") ?? "",
    /^postgres:\/\/orders_app:[\w-]{32}@db\.internal:5432\/orders$/,
  );
  assert.deepEqual(
    [...first.secrets]
      .filter(([, text]) => text === "")
      .map(([name]) => name)
      .toSorted(),
    ["files/partner-keys.json", "redis/payments", "settings/payments/providerKey"],
  );
  for (const path of first.written) assert.equal(statSync(path).mode & 0o777, 0o600, path);
  assert.deepEqual((await draw(now + certificateLifeMs / 4)).written, []);
  const later = await draw(now + (certificateLifeMs / 4) * 3);
  assert.ok(later.written.length > 0);
  for (const path of later.written) assert.match(path, /\/certificates\//);
  assert.equal(later.secrets.get("database/orders"), first.secrets.get("database/orders"));
  const documents = exported.programs.flatMap((one) =>
    Object.values({ ...one.documents, ...one.units }),
  );
  for (const [name, text] of later.secrets)
    if (text !== "") for (const document of documents) assert.ok(!document.includes(text), name);
  // A pair of keys of which one is missing is drawn anew.
  rmSync(join(out, "secrets/keys/principal.json"));
  const again = await draw(now);
  const [key, set] = ["keys/principal.json", "keys/principal-set.json"].map((name) =>
    JSON.parse(again.secrets.get(name) ?? ""),
  );
  assert.deepEqual([set.keys[0].x, set.keys[0].kid], [key.x, key.kid]);
});

test(
  "systemd knows every setting, and finds little to expose",
  { skip: existsSync(analyze) ? false : `needs ${analyze}` },
  async (t) => {
    const folder = folderOf(t);
    const directory = join(folder, "opt");
    const { programs } = systemdExport(exampleApp, { ...options, directory });
    const units: string[] = [];
    for (const { names, units: files } of programs) {
      for (const [name, text] of Object.entries(files)) {
        const node = join(names.program, "a/usr/bin/node");
        mkdirSync(join(node, ".."), { recursive: true });
        cpSync("/bin/true", node);
        units.push(join(folder, name.replace("@", "@a")));
        writeFileSync(units.at(-1) as string, text);
      }
    }
    const run = (...args: string[]): string =>
      execFileSync("sh", ["-c", 'exec 2>&1; exec "$@"', "sh", analyze, ...args], {
        encoding: "utf8",
      });
    // Growing pauses between restarts are newer than some systemd; those say that they leave them out.
    const told = run("verify", "--man=no", ...units).split("\n");
    const about = told.filter(
      (line) => line.startsWith(folder) && !/'Restart(?:Steps|MaxDelaySec)'/.test(line),
    );
    assert.deepEqual(about, []);
    // From 0 (nothing to expose) to 100 (everything).
    run("security", "--offline=true", "--threshold=20", ...units);
    assert.equal(readdirSync(folder).length, units.length + 1);
    assert.match(await readFile(units[0] as string, "utf8"), /^LoadCredential=/m);
  },
);
