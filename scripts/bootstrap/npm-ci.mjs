import { spawn } from "node:child_process";
import { openSync, closeSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { watchNpm } from "./ancestors.mjs";
import { SetupFailure } from "./failure.mjs";

/** How often a line of progress appears, in milliseconds. */
const progressEvery = 5_000;
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Installs exactly what package-lock.json says. npm's own words go to `npm-install.log`; its first ones are shown when it fails.
 *
 * @param {string} root
 * @param {(pid?: number) => void} holdLock adds npm to the holders of the installation lock, and takes it away again
 */
export async function npmCi(root, holdLock) {
  const log = join(root, "npm-install.log");
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const say = (text) => process.stderr.write(`${text}\n`);
  say(
    "Installing the workspace with npm, its own Node 26 and PostgreSQL included (about 300 MB, once, mostly under a minute).",
  );
  const ticker = setInterval(() => {
    say(`  still installing, ${seconds()} s`);
  }, progressEvery);
  const output = openSync(log, "w");
  try {
    const code = await run(root, output, holdLock);
    if (code !== 0) throw failed(log, code);
  } finally {
    clearInterval(ticker);
    closeSync(output);
  }
  say(`Installed in ${seconds()} s.`);
}

function run(root, output, holdLock) {
  // dev and optional are named because NODE_ENV=production would leave out what the tests need.
  const args = ["ci", "--ignore-scripts", "--include=dev", "--include=optional", "--no-progress"];
  const cli = process.env.npm_execpath;
  // The Node that runs npm, not the one that runs this: npm ci deletes node_modules, which may hold the latter.
  const [command, ...first] = cli?.endsWith("npm-cli.js")
    ? [process.env.npm_node_execpath ?? process.execPath, cli]
    : ["npm"];
  const child = spawn(command, [...first, ...args], {
    cwd: root,
    stdio: ["ignore", output, output],
  });
  const pass = (signal) => child.kill(signal);
  for (const signal of signals) process.once(signal, pass);
  const unwatch = watchNpm(() => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.once("spawn", () => holdLock(child.pid));
    child.once("error", (error) => {
      reject(
        error.code === "ENOENT"
          ? new SetupFailure(
              "npm is not on the PATH.",
              "install npm (it comes with Node), then run the same command again.",
            )
          : error,
      );
    });
    child.once("close", (code, signal) => {
      for (const name of signals) process.off(name, pass);
      unwatch();
      holdLock();
      if (signal !== null)
        reject(
          new SetupFailure(
            `The installation was stopped (${signal}).`,
            "run the same command again; it starts over cleanly.",
          ),
        );
      else resolve(code);
    });
  });
}

/** What npm's error codes mean to the person at the keyboard. */
const causes = [
  [/ENOSPC/, "the disk is full: free about 1 GB, then run the same command again."],
  [
    /EACCES|EPERM|EROFS/,
    "npm may not write here: run as the user who owns this folder, or clone it into a folder of your own (also check who owns ~/.npm).",
  ],
  [
    /E407|proxy/i,
    "a proxy stands between npm and its registry: set HTTPS_PROXY, or `npm config set https-proxy URL`, then run the same command again.",
  ],
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET)|CERT_/,
    "npm does not trust the registry's certificate: name your company's authority in NODE_EXTRA_CA_CERTS, then run the same command again.",
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|network/i,
    "npm cannot reach its registry: check the connection (and HTTPS_PROXY, if you need a proxy), then run the same command again.",
  ],
  [
    /EINTEGRITY/,
    "a package is not what package-lock.json says: run `npm cache clean --force` and try again; if it stays, do not go on, and report it.",
  ],
  [
    /can only install packages when your package\.json and package-lock\.json/,
    "package.json was changed without its lock file: run `npm install`, then the same command again.",
  ],
  [
    /E40[13]|ENEEDAUTH/,
    "the registry that npm is configured for asks for a login: check `npm config get registry`.",
  ],
  [
    /E404|ETARGET/,
    "the registry that npm is configured for lacks a package: check `npm config get registry`.",
  ],
];

function failed(log, code) {
  const lines = readFileSync(log, "utf8").trimEnd().split("\n");
  const errors = lines.filter((line) => line.startsWith("npm error"));
  const fix =
    causes.find(([pattern]) => pattern.test(errors.join("\n")))?.[1] ??
    "read the log, or run `npm ci` yourself to see more.";
  // npm says what happened first and explains itself afterwards.
  const shown = (errors.length > 0 ? errors.slice(0, 10) : lines.slice(-10)).map(
    (line) => `  | ${line}`,
  );
  return new SetupFailure(
    `npm could not install the workspace (exit code ${code}).\n${shown.join("\n")}\n  (all of it: ${log})`,
    fix,
  );
}
