import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { watchNpm } from "./ancestors.mjs";
import { root } from "./checkout.mjs";

/** The file descriptor of the lifeline in the child; its end-of-file says that this process is gone. */
const lifelineFd = 5;
/** One Ctrl-C arrives up to three times: from the terminal, from npm and from npm's shell. Within this many milliseconds it is the same one. */
const sameSignal = 1_000;
/** The command has 10 s to stop by itself; after this many milliseconds its lifeline is cut. */
const patience = 12_000;
/** From the end of the lifeline to kill -9, in milliseconds; a stop at once is bounded by 5 s. */
const lastSeconds = 5_000;
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a TypeScript file of the workspace with the given Node and answers its exit code. `ownSession` takes the command
 * out of the terminal's process group, so that it gets each signal once, from here.
 */
export function launch(node, args, { ownSession }) {
  const child = spawn(node, ["--conditions=kerf-source", ...args], {
    cwd: root,
    detached: ownSession,
    stdio: ["inherit", "inherit", "inherit", "ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      PATH: `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}`,
      NODE_COMPILE_CACHE:
        process.env.NODE_COMPILE_CACHE ?? join(root, "node_modules", ".cache", "compile"),
      KERF_PARENT_LIFELINE_FD: String(lifelineFd),
      // The variables go further down than the descriptor: it is meant for our own child alone.
      KERF_PARENT_PID: String(process.pid),
    },
  });
  const lifeline = child.stdio[lifelineFd];
  lifeline.on("error", () => {}); // The child closed its end: it is about to exit, and says so itself.
  lifeline.resume();

  let deadline;
  /** First the lifeline, which the command obeys even when it no longer handles signals; then there is nothing left to ask. */
  const stopWithin = (milliseconds) => {
    deadline ??= setTimeout(() => {
      lifeline.destroy();
      setTimeout(() => child.kill("SIGKILL"), lastSeconds).unref();
    }, milliseconds).unref();
  };

  const unwatch = watchNpm(() => {
    if (deadline !== undefined) return; // It is stopping already, in good order.
    stopWithin(0);
    // A command in the terminal's own group may know no lifeline.
    if (!ownSession) child.kill("SIGTERM");
  });

  const lastPassed = {};
  const pass = (signal) => {
    // In the terminal's group the command has had the Ctrl-C already.
    if (!ownSession && signal === "SIGINT") return;
    const now = Date.now();
    if (now - (lastPassed[signal] ?? -Infinity) < sameSignal) return;
    lastPassed[signal] = now;
    stopWithin(patience);
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, pass);

  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      clearTimeout(deadline);
      unwatch();
      lifeline.destroy();
      resolve(code ?? 128 + constants.signals[signal]);
      for (const name of signals) process.off(name, pass);
    });
  });
}
