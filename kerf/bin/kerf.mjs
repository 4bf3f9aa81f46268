#!/usr/bin/env node
// Boundary: the installed `kerf` command. Plain JavaScript that any Node can read, so that an old one is told what it lacks.
import { existsSync } from "node:fs";
import module from "node:module";

/** Node 24.12 strips types by itself and without a warning. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `✗ Kerf needs Node 24.12 or newer.\n  why  This is Node ${process.versions.node} (${process.execPath}).\n  fix  Install a newer Node from https://nodejs.org, or run npm install node@26 in your project and use npx kerf.\n`,
  );
  process.exit(78);
}

const condition = "kerf-source";
const isSet = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? "").split(" ")].some(
  (argument) => argument.includes(condition),
);
// In a checkout the sources run as they are, which takes a condition that a running Node cannot give itself.
const inCheckout =
  existsSync(new URL("../src/index.ts", import.meta.url)) &&
  !import.meta.url.includes("/node_modules/");
if (inCheckout && !isSet) {
  const args = [`--conditions=${condition}`, ...process.execArgv, ...process.argv.slice(1)];
  // The same process goes on, so that signals reach it and its pid stays.
  process.execve(process.execPath, [process.execPath, ...args], process.env);
}
// Commands are short: most of their time would go into compiling the same files again.
module.enableCompileCache();
await import("@kerf/cli/main");
