// Loaded before the platform (`node --import`): sees each file of state that it replaces or removes and each step of a change that it tells of,
// and kills it with -9 at the one moment that it was told. The platform knows nothing of it.
import fs from "node:fs";
import fsp from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { Socket } from "node:net";

/** What the campaign says: begin to count, and where to die. */
interface Orders {
  readonly killAt: string | undefined;
}

let armed = false;
let killAt: string | undefined;
const counts = new Map<string, number>();

process.on("message", ({ killAt: moment }: Orders) => {
  armed = true;
  killAt = moment;
  counts.clear();
  process.send?.({ armed: true });
});
process.channel?.unref();

/** A moment that the platform has come to; does not return from the one at which it dies. */
function reached(name: string): void {
  if (!armed) return;
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  const key = `${name} #${count}`;
  if (key === killAt) process.kill(process.pid, "SIGKILL");
  process.send?.({ reached: key });
}

/** `state/change.json`; records of instances are alike. Undefined for what is not of the platform's state. */
function stateFile(path: unknown): string | undefined {
  const found = /\/((?:state|run\/instances)\/.*)$/.exec(String(path))?.[1];
  return found?.replace(/^run\/instances\/.*/, "run/instances/*");
}

const { rename } = fsp;
fsp.rename = async (from, to) => {
  const file = stateFile(to);
  if (file === undefined) return rename(from, to);
  reached(`before ${file} is written`);
  await rename(from, to);
  reached(`after ${file} is written`);
};

const { rmSync } = fs;
fs.rmSync = (path, options) => {
  const file = stateFile(path);
  if (file === undefined) return rmSync(path, options);
  reached(`before ${file} is removed`);
  rmSync(path, options);
  reached(`after ${file} is removed`);
};
syncBuiltinESMExports();

// What it tells its launcher, one JSON document a line.
const write = Reflect.get(Socket.prototype, "write") as typeof Socket.prototype.write;
Socket.prototype.write = function told(this: Socket, ...args: Parameters<typeof write>): boolean {
  const [text] = args;
  if (typeof text === "string" && text.startsWith('{"sequence"')) {
    const event = JSON.parse(text) as { type: string; step: string; state: string };
    if (event.type === "rollout") reached(`step ${event.step} ${event.state}`);
  }
  return write.apply(this, args);
} as typeof write;
