/** Variables that a program gets from us; everything else stays here, since any of it may be a secret. */
const passed = new Set(["PATH", "HOME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "NODE_EXTRA_CA_CERTS"]);
const passedPrefixes = ["NODE_", "LC_"];
/** Set by Node's own parents for their children; it would make ours believe to be one of them. */
const kept = new Set([
  "NODE_CHANNEL_FD",
  "NODE_CHANNEL_SERIALIZATION_MODE",
  "NODE_UNIQUE_ID",
  "NODE_TEST_CONTEXT",
  "NODE_V8_COVERAGE",
]);

/** The environment of what the platform starts: enough to run Node, and nothing secret. */
export function programEnvironment(from: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(from)) {
    if (value === undefined || kept.has(name)) continue;
    if (passed.has(name) || passedPrefixes.some((prefix) => name.startsWith(prefix))) {
      environment[name] = value;
    }
  }
  return environment;
}

/** Node's own options that decide how modules are found; a program of ours must find them as we did. */
export function programExecArgv(from: readonly string[] = process.execArgv): string[] {
  const argv: string[] = [];
  for (let i = 0; i < from.length; i++) {
    const argument = from[i] as string;
    if (argument === "-C" || argument === "--conditions") argv.push(`--conditions=${from[++i]}`);
    else if (/^(?:-C=?.+|--conditions=.+|--enable-source-maps|--preserve-symlinks)$/.test(argument))
      argv.push(argument);
  }
  return argv;
}
