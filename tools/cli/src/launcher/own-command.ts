/** How this very command is called from the shell that started it, for texts that say what to try next. */
export function ownCommand(env: NodeJS.ProcessEnv): string {
  // npm puts the programs of a project on its own PATH only.
  return env["npm_execpath"] === undefined ? "kerf" : "npx kerf";
}
