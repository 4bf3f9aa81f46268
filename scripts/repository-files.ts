import { execFileSync } from "node:child_process";

/** Every file that is in the repository or, being new and not ignored, about to be; from the top of the checkout. */
export function repositoryFiles(root: string): string[] {
  const list = execFileSync(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    {
      cwd: root,
      encoding: "utf8",
    },
  );
  return [...new Set(list.split("\0").filter((path) => path !== ""))];
}
