import { KerfError } from "@kerf/kernel";

/** Turns what PostgreSQL printed before it gave up into an error that says what to do. */
export function explainFailure(what: string, output: string): KerfError {
  const reasons: [RegExp, string][] = [
    [/No space left on device/i, "Free disk space, then start again."],
    [
      /Cannot allocate memory|could not map anonymous shared memory/i,
      "Free memory, or lower max_connections and shared_buffers.",
    ],
    [
      /Permission denied/i,
      "Give the directory to the user that runs PostgreSQL, or move KERF_HOME to a directory of your own.",
    ],
    [
      /incompatible|not compatible/i,
      "Install the PostgreSQL version that wrote the data, or move the directory away.",
    ],
    [
      /ENOENT|No such file or directory/,
      "The embedded PostgreSQL needs a system with glibc (not Alpine's musl). Use a server of your own and give its URL.",
    ],
    [/too long/i, "Use a shorter directory for the socket: its path may have 107 bytes."],
  ];
  const tail = output.trim().split("\n").slice(-8).join("\n");
  const known = reasons.find(([pattern]) => pattern.test(output) || pattern.test(what));
  return new KerfError("start_failed", {
    message: `PostgreSQL did not start: ${what}.`,
    why: tail === "" ? undefined : tail,
    fix: known?.[1] ?? "Read the server's log; it names the cause.",
  });
}

/** Turns a failure of the file system into an error that says what to do; what is explained already stays as it is. */
export function explainFileError(directory: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof KerfError || code === undefined) return error;
  const denied = code === "EACCES" || code === "EPERM";
  return new KerfError("start_failed", {
    message: `PostgreSQL cannot be set up in ${directory}.`,
    why: message,
    fix: denied
      ? "Start as the same user as before (files made as root belong to root and postgres), or give KERF_HOME to a directory of your own."
      : code === "ENOSPC"
        ? "Free disk space, then start again."
        : "Give KERF_HOME a directory that can be written to.",
    cause: error,
  });
}
