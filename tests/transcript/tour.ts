// Boundary: `npm run transcript:tour`: makes the tour in a shop of its own, and writes what it said into docs/guides/tour.md. Exits with 1, and writes
// nothing, when an act failed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const guide = join(root, "docs/guides/tour.md");
const block = /(<!-- tour: written by npm run transcript:tour -->\n\n```text\n)[\s\S]*?(```\n)/;

// A folder without a shop: the tour starts one of its own.
const home = await mkdtemp(join(tmpdir(), "kerf-transcript-"));
try {
  const said = await tour();
  const before = await readFile(guide, "utf8");
  if (!block.test(before)) throw new Error(`${guide} has no place for it`);
  await writeFile(
    guide,
    before.replace(
      block,
      (_, head: string, tail: string) => `${head}$ npx kerf tour\n${said}${tail}`,
    ),
  );
} catch (thrown) {
  process.stderr.write(`${String(thrown)}\n`);
  process.exitCode = 1;
} finally {
  await rm(home, { recursive: true, force: true });
}

/** What the tour prints on both ways out, in its order. */
async function tour(): Promise<string> {
  const main = join(root, "tools/cli/src/main.ts");
  const child = spawn(process.execPath, ["--conditions=kerf-source", main, "tour"], {
    cwd: root,
    env: { ...process.env, KERF_HOME: home, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => child.kill(signal));
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      process.stdout.write(text);
    });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`kerf tour exited with ${code}`);
  return said;
}
