import { userInfo } from "node:os";

/** Who changes something: the user of the operating system that runs this command. The platform keeps it as it is claimed. */
export function operator(): string {
  try {
    return userInfo().username.slice(0, 64) || "unknown";
  } catch {
    // A user id without a name, as in a container.
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
