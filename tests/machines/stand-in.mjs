// Stands in for systemd where none runs: `systemctl` and `journalctl` as far as a deploy speaks to them, over the unit files that it is given. What a unit starts is a real process, with
// its environment, its credentials and its folder; what systemd would keep it from (ProtectSystem and the like) is not kept from it, and nothing is restarted. For tests only.
import { spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";

const folder = process.env.KERF_STAND_IN;
const [program, ...words] = process.argv.slice(2);
const options = words.filter((word) => word.startsWith("-"));
const at = (...parts) => join(folder, ...parts);
const read = (path) => (existsSync(path) ? readFileSync(path, "utf8") : undefined);
const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
/** As much as a unit may take to stop or to run, milliseconds. */
const boundMs = 60_000;

if (program === "journalctl") {
  const lines = (read(at("units", words[words.indexOf("-u") + 1], "log")) ?? "").trimEnd();
  console.log(lines.split("\n").slice(-20).join("\n"));
  process.exit(0);
}

if (words.includes("--version")) {
  console.log("systemd 252 (a stand-in)");
  process.exit(0);
}
const [verb, ...names] = words.filter((word) => !/^-|^(?:ActiveState|NRestarts)$/.test(word));
writeFileSync(at("said"), `${[verb, ...names].join(" ")}\n`, { flag: "a" });
switch (verb) {
  case "is-system-running":
    console.log("running");
    break;
  case "link":
    mkdirSync(at("linked"), { recursive: true });
    copyFileSync(names[0], at("linked", basename(names[0])));
    break;
  case "daemon-reload":
  case "reset-failed":
    break;
  case "enable":
    mkdirSync(at("enabled"), { recursive: true });
    writeFileSync(at("enabled", names[0]), "");
    break;
  case "disable":
    rmSync(at("enabled", names[0]), { force: true });
    break;
  case "is-active":
    console.log(stateOf(names[0]));
    break;
  case "show":
    console.log(`ActiveState=${stateOf(names[0])}\nNRestarts=0`);
    break;
  case "start":
    process.exitCode = start(names[0]);
    break;
  case "stop":
    stop(names[0]);
    break;
  default:
    console.error(`the stand-in does not know ${verb} ${options.join(" ")}`);
    process.exitCode = 1;
}

function stateOf(unit) {
  if (!existsSync(at("units", unit, "pid"))) return "inactive";
  const exit = read(at("units", unit, "exit"));
  if (exit === undefined) return "active";
  return exit.trim() === "0" ? "inactive" : "failed";
}

function start(unit) {
  if (stateOf(unit) === "active") return 0;
  const [, template, slot] = /^(.*@)(.*)(?=\.service$)/.exec(unit);
  const text = read(at("linked", `${template}.service`));
  const settings = (name) =>
    [...text.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value]) =>
      value.replaceAll("%i", slot),
    );
  const own = at("units", unit);
  rmSync(join(own, "exit"), { force: true });
  const credentials = join(own, "credentials");
  rmSync(credentials, { recursive: true, force: true });
  mkdirSync(credentials, { recursive: true, mode: 0o700 });
  for (const each of settings("LoadCredential")) {
    const [name, path] = each.split(":");
    writeFileSync(join(credentials, name), readFileSync(path), { mode: 0o400 });
  }
  const runtime = settings("RuntimeDirectory")[0];
  if (runtime !== undefined) mkdirSync(at("run", runtime), { recursive: true, mode: 0o700 });
  const env = { PATH: "/usr/bin:/bin", CREDENTIALS_DIRECTORY: credentials };
  if (runtime !== undefined) env.RUNTIME_DIRECTORY = at("run", runtime);
  for (const each of settings("Environment")) {
    const [name, value] = each.split("=");
    env[name] = value;
  }
  const log = openSync(join(own, "log"), "a");
  const keeper =
    'own="$1"; shift; "$@" & echo $! > "$own/pid.new"; mv "$own/pid.new" "$own/pid"; wait $!; echo $? > "$own/exit.new"; mv "$own/exit.new" "$own/exit"';
  rmSync(join(own, "pid"), { force: true });
  const [command] = settings("ExecStart");
  spawn("/bin/sh", ["-c", keeper, "keeper", own, ...command.split(" ")], {
    cwd: settings("WorkingDirectory")[0],
    detached: true,
    env,
    stdio: ["ignore", log, log],
  }).unref();
  until(() => existsSync(join(own, "pid")));
  if (settings("Type")[0] !== "oneshot") return 0;
  until(() => existsSync(join(own, "exit")));
  return stateOf(unit) === "inactive" ? 0 : 1;
}

function stop(unit) {
  if (stateOf(unit) !== "active") return;
  spawnSync("kill", ["-TERM", read(at("units", unit, "pid")).trim()]);
  until(() => existsSync(at("units", unit, "exit")));
}

function until(isSo) {
  for (const end = Date.now() + boundMs; !isSo(); sleep(20)) {
    if (Date.now() > end) process.exit(1);
  }
}
