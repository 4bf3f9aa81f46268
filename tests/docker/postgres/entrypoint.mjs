// Starts PostgreSQL in a container as the image of its makers does, as far as an app asks for it: the superuser's password comes from the file that
// POSTGRES_PASSWORD_FILE names, data lie where PGDATA says, arguments are the server's, and it runs as its own user, or as whom the container was started as.
import { spawn, spawnSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  appendFileSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { constants } from "node:os";

const isRoot = process.getuid() === 0;
const owner = isRoot ? { uid: 999, gid: 999 } : {};
const data = process.env["PGDATA"] ?? "/var/lib/postgresql/18/docker";
const bin = "/opt/postgres/bin";

if (!existsSync(`${data}/PG_VERSION`)) {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  if (isRoot)
    for (const path of ["/var/lib/postgresql", "/var/lib/postgresql/18", data])
      chownSync(path, owner.uid, owner.gid);
  const password = "/tmp/password";
  writeFileSync(password, readFileSync(process.env["POSTGRES_PASSWORD_FILE"]), { mode: 0o600 });
  if (isRoot) chownSync(password, owner.uid, owner.gid);
  const asked = process.env["POSTGRES_INITDB_ARGS"] ?? "-A scram-sha-256 -E UTF8 --locale=C";
  const args = ["-D", data, "-U", "postgres", `--pwfile=${password}`, ...asked.split(" ")];
  const { status } = spawnSync(`${bin}/initdb`, args, { ...owner, stdio: "inherit" });
  rmSync(password);
  if (status !== 0) process.exit(1);
  appendFileSync(`${data}/pg_hba.conf`, "host all all all scram-sha-256\n");
}
const usual = ["-c", "listen_addresses=*", "-c", "unix_socket_directories=/tmp"];
const [, ...asked] = process.argv.slice(2);
const server = spawn(`${bin}/postgres`, ["-D", data, ...usual, ...asked], {
  ...owner,
  stdio: "inherit",
});
// Fast: what is under way is rolled back.
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => server.kill("SIGINT"));
server.once("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
