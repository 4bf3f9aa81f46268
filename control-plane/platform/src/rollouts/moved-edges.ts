import type { Deployment } from "../placement/deployment.ts";

/** Who calls whom, by a network or within one program, that was the other way round before a change. */
export interface MovedEdges {
  /** `orders → inventory`. */
  readonly nowOverNetwork: string[];
  readonly nowInProcess: string[];
}

/** Calls between services that a move of some of them put onto the network, or took off it. */
export function movedEdges(
  before: Deployment,
  after: Deployment,
  moved: readonly string[],
): MovedEdges {
  const nowOverNetwork: string[] = [];
  const nowInProcess: string[] = [];
  for (const { name, uses } of before.manifest.services) {
    for (const { name: used } of uses) {
      if (!moved.includes(name) && !moved.includes(used)) continue;
      const [was, is] = [together(before, name, used), together(after, name, used)];
      if (was && !is) nowOverNetwork.push(`${name} → ${used}`);
      else if (is && !was) nowInProcess.push(`${name} → ${used}`);
    }
  }
  return { nowOverNetwork, nowInProcess };
}

function together({ units }: Deployment, one: string, other: string): boolean {
  return Object.values(units).some(
    (services) => services.includes(one) && services.includes(other),
  );
}
