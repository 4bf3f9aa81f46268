import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { containersOf } from "./contained-shop.ts";
import { docker } from "./docker.ts";

/** What it answers: what it was told to say, and what came with the request. It ends when it is asked to. */
const program = `process.on("SIGTERM", () => process.exit());
  require("node:http").createServer(({ headers, url }, answer) =>
    answer.setHeader("content-type", "application/json").end(
      JSON.stringify({ url, greeting: process.env.GREETING, trace: headers.traceparent }))).listen(9000);`;

/** Makes an image that knows nothing of Kerf, a program on Node's own HTTP server at port 9000, over the layers that containers of `home` have already. Answers its name. */
export async function buildGreeterImage(home: string): Promise<string> {
  const [container = ""] = [...(await containersOf(home)).values()];
  const base = await docker("inspect", "--format", "{{.Config.Image}}", container);
  const folder = await mkdtemp(join(tmpdir(), "kerf-greeter-"));
  const image = "kerf-test.invalid/greeter:1";
  await writeFile(join(folder, "greeter.js"), program);
  await writeFile(
    join(folder, "Dockerfile"),
    `FROM ${base}\nCOPY greeter.js /greeter.js\nENTRYPOINT ["node", "/greeter.js"]\n`,
  );
  await docker("build", "--quiet", "--tag", image, folder);
  await rm(folder, { recursive: true });
  return image;
}
