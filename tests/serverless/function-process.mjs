// What a platform of functions does, in a process: it loads the module, and hands over one request after the other. A line of JSON comes in for each, and one goes out.
import { createInterface } from "node:readline";

const { fetch } = await import(process.argv[2]);
for await (const line of createInterface({ input: process.stdin })) {
  const { url, ...init } = JSON.parse(line);
  const answer = await fetch(new Request(url, init));
  const body = await answer.text();
  await fetch.flush();
  process.stderr.write(`${JSON.stringify({ status: answer.status, body })}\n`);
}
await fetch.close();
