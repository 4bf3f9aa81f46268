import { checkNumber } from "./bounds.ts";
import type { RouteTarget } from "./routes.ts";

/** Sends copies of requests elsewhere and compares the answers; clients never see those. */
export interface Mirror {
  readonly to: RouteTarget;
  /** Share of the requests that are copied, from 0 to 1. */
  readonly share: number;
  /** Methods that are copied. Default GET and HEAD; more only where a second effect does no harm. */
  readonly methods?: readonly string[];
  readonly compare?: {
    /** Fields that may differ: `$.updatedAt`, `$.items[*].price`; everything below them too. */
    readonly ignore?: readonly string[];
    /** Whether the values that differ are logged, shortened; they may be somebody's data. Default false. */
    readonly values?: boolean;
  };
  /** Copies under way; more are dropped. Default 32. */
  readonly maxInFlight?: number;
}

/** `$.a.b[*].c`: fields and list items, from the whole (`$`) down. */
const fieldPath = /^\$(?:\.[^.[\]]+|\[(?:\d+|\*)\])*$/;

/** What is wrong with a mirror. */
export function mirrorProblems(
  where: string,
  mirror: Mirror | undefined,
  upstreams: ReadonlySet<string>,
): string[] {
  if (mirror === undefined) return [];
  const problems: string[] = [];
  const { to, share, methods = [], compare, maxInFlight } = mirror;
  if (share === undefined) problems.push(`${where}: mirror.share is missing`);
  checkNumber(problems, `${where}: mirror.share`, share, [0, 1], false);
  checkNumber(problems, `${where}: mirror.maxInFlight`, maxInFlight, [1, 1_024]);
  if (to !== "services" && !upstreams.has(to.upstream))
    problems.push(
      `${where}: mirror.to names the upstream ${JSON.stringify(to.upstream)}, which is not in upstreams`,
    );
  const effects = methods.filter((method) => method !== "GET" && method !== "HEAD");
  if (to === "services" && effects.length > 0)
    problems.push(
      `${where}: mirror.methods has ${effects.join(", ")}; services are sent copies of GET and HEAD only, since commands have effects`,
    );
  for (const path of compare?.ignore ?? []) {
    if (!fieldPath.test(path))
      problems.push(
        `${where}: mirror.compare.ignore ${JSON.stringify(path)} is no path such as "$.items[*].price"`,
      );
  }
  return problems;
}
