import { homeToStart } from "../connection/home.ts";

/** How this very command is called from another shell in the same folder, to reach what keeps its state in `home`. */
export function ownCommand(
  home: string,
  env: NodeJS.ProcessEnv,
  cwd: string,
): (words: string) => string {
  // npm puts the programs of a project on its own PATH only.
  const program = env["npm_execpath"] === undefined ? "kerf" : "npx kerf";
  const isUsual = home === homeToStart(undefined, {}, cwd);
  return (words) => `${program} ${words}${isUsual ? "" : ` --home ${home}`}`;
}
