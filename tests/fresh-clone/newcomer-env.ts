import { execFileSync } from "node:child_process";
import { delimiter } from "node:path";

/** What reaches a registry from a machine behind a proxy or a mirror; the rest of the environment stays behind. */
const passed = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "NODE_EXTRA_CA_CERTS",
  "LANG",
];

/** The environment of somebody who has npm and the system's Node, and nothing of this workspace. */
export function newcomerEnv(home: string): NodeJS.ProcessEnv {
  const path = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules") && !folder.includes("node-gyp-bin"))
    .join(delimiter);
  const env: NodeJS.ProcessEnv = { HOME: home, PATH: path, TMPDIR: "/tmp" };
  for (const name of passed) if (process.env[name] !== undefined) env[name] = process.env[name];
  for (const setting of ["registry", "https-proxy", "proxy", "cafile"]) {
    const value = execFileSync("npm", ["config", "get", setting], {
      encoding: "utf8",
      env: { ...process.env, PATH: path },
    }).trim();
    if (value !== "" && value !== "null" && value !== "undefined")
      env[`npm_config_${setting.replace("-", "_")}`] = value;
  }
  return env;
}
