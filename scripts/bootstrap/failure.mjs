/** A failure that the person at the keyboard can do something about: what happened, and what to do. */
export class SetupFailure extends Error {
  constructor(what, fix) {
    super(what);
    this.fix = fix;
  }
}

/** The text to print for whatever went wrong during the set-up. */
export function explain(error) {
  if (error instanceof SetupFailure) return `\n${error.message}\nWhat to do: ${error.fix}\n`;
  if (error?.code === "EACCES" || error?.code === "EROFS" || error?.code === "EPERM") {
    return `\nThis checkout cannot be written to: ${error.message}\nWhat to do: run as the user who owns it, or clone it into a folder of your own.\n`;
  }
  if (error?.code === "ENOSPC") {
    return `\nThe disk is full: ${error.message}\nWhat to do: free about 1 GB, then run the same command again.\n`;
  }
  return `\nThe set-up failed in a way it does not know.\n${error?.stack ?? error}\n`;
}
