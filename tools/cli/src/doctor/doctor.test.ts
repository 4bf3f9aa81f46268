import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { examine } from "./check.ts";
import { checks } from "./doctor.ts";

test("a machine that runs these tests is ready, and every finding says what was found", async (t) => {
  const home = mkdtempSync(join(tmpdir(), "kerf-doctor-"));
  t.after(() => rmSync(home, { recursive: true }));
  for (const finding of await examine(checks, { home: join(home, "not", "made"), ports: [] })) {
    assert.notEqual(finding.state, "failed", `${finding.title}: ${finding.detail}`);
    assert.notEqual(finding.detail, "", finding.id);
    if (finding.state === "warning") assert.notEqual(finding.fix ?? "", "", finding.id);
  }
});

test("a taken port and a place where nothing can be made are found, with what to do", async (t) => {
  const server = createServer();
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const home = join(process.platform === "linux" ? "/proc" : "/dev/null", "kerf");
  const findings = await examine(checks, { home, ports: [port] });
  const found = (id: string) => findings.find((finding) => finding.id === id);
  assert.equal(found("ports")?.state, "failed");
  assert.match(found("ports")?.detail ?? "", new RegExp(String(port)));
  assert.equal(found("home")?.state, "failed");
  for (const { state, fix, id } of findings)
    if (state === "failed") assert.notEqual(fix ?? "", "", id);
});

test("a check that breaks is a finding, not the end", async () => {
  const broken = { id: "x", title: "X", run: () => Promise.reject(new Error("broken")) };
  const [finding] = await examine([broken], { home: "/", ports: [] });
  assert.deepEqual([finding?.state, finding?.detail], ["failed", "broken"]);
});
