/** What came of a change of a service's settings. */
export interface Applied {
  readonly version: number;
  readonly instances: readonly string[];
  readonly waitsFor?: string | undefined;
  readonly ahead?: boolean | undefined;
}

/** A change of a service's settings, in a sentence or two. */
export function appliedText(what: string, service: string, applied: Applied): string {
  const { ahead, instances, version, waitsFor } = applied;
  const made = `${what} of ${service}: version ${version}.`;
  if (waitsFor !== undefined) return `${made} Nothing was started with it yet: ${waitsFor}\n`;
  if (ahead === true) return `${made} It is kept for the next deploy of ${service}.\n`;
  if (instances.length === 0) return `${made} Nothing of it runs here.\n`;
  return `${made} It serves with it: ${instances.join(", ")}.\n`;
}
