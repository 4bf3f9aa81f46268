import { alive, describe } from "./processes.mjs";

const isNpm = (command) => /(^|[/\s])(npm|pnpm|yarn)(-cli\.js|\.c?js)?(\s|$)/.test(command);
const isShell = (command) => /^-?(\S*\/)?(sh|dash|bash|zsh|ash|busybox)(\s|$)/.test(command);

/** Furthest look upwards; npm and the shell between take two places each time one `npm run` calls another. */
const furthest = 8;

/** The processes from this one's parent up to the npm that started it; empty when no npm did. */
function npmChain() {
  if (process.env.npm_lifecycle_event === undefined) return [];
  const chain = [];
  let lastNpm = 0;
  let pid = process.ppid;
  while (pid > 1 && chain.length < furthest) {
    const found = describe(pid);
    if (found === undefined || !(isNpm(found.command) || isShell(found.command))) break;
    chain.push(pid);
    if (isNpm(found.command)) lastNpm = chain.length;
    pid = found.parent;
  }
  return chain.slice(0, lastNpm);
}

// Taken at the start: whoever dies while the workspace is being installed is missed just as well.
const chain = npmChain();
const parent = process.ppid;

/** Calls `gone` once when the npm that started this, or a shell between, has ended: npm passes no kill -9 on, so somebody has to look. Returns how to stop looking; the period is in milliseconds. */
export function watchNpm(gone, period = 500) {
  if (chain.length === 0) return () => {};
  const timer = setInterval(() => {
    if (process.ppid === parent && chain.every(alive)) return;
    clearInterval(timer);
    gone();
  }, period);
  timer.unref();
  return () => clearInterval(timer);
}
