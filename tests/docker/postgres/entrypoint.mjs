// Starts PostgreSQL in a container as the image of its makers does, as far as an app asks for it: the superuser's password comes from the file that
// POSTGRES_PASSWORD_FILE names, data lie below /var/lib/postgresql, and the server runs as its own user.
import { spawn, spawnSync } from "node:child_process";
import { chownSync, copyFileSync, existsSync, mkdirSync, appendFileSync, rmSync } from "node:fs";
import { constants } from "node:os";

const owner = { uid: 999, gid: 999 };
const data = "/var/lib/postgresql/18/docker";
const bin = "/opt/postgres/bin";

if (!existsSync(`${data}/PG_VERSION`)) {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  for (const path of ["/var/lib/postgresql", "/var/lib/postgresql/18", data])
    chownSync(path, owner.uid, owner.gid);
  const password = "/tmp/password";
  copyFileSync(process.env["POSTGRES_PASSWORD_FILE"], password);
  chownSync(password, owner.uid, owner.gid);
  const { status } = spawnSync(
    `${bin}/initdb`,
    [
      "-D",
      data,
      "-U",
      "postgres",
      "-A",
      "scram-sha-256",
      `--pwfile=${password}`,
      "-E",
      "UTF8",
      "--locale=C",
    ],
    { ...owner, stdio: "inherit" },
  );
  rmSync(password);
  if (status !== 0) process.exit(1);
  appendFileSync(`${data}/pg_hba.conf`, "host all all all scram-sha-256\n");
}
const server = spawn(
  `${bin}/postgres`,
  ["-D", data, "-c", "listen_addresses=*", "-c", "unix_socket_directories=/tmp"],
  { ...owner, stdio: "inherit" },
);
// Fast: what is under way is rolled back.
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => server.kill("SIGINT"));
server.once("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
