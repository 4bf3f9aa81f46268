import { sessionRoutes } from "./authentication/session.ts";
import { compressionProblems } from "./compression.ts";
import { corsProblems } from "./cors.ts";
import { headersProblems } from "./headers.ts";
import { limitsProblems } from "./limits.ts";
import type { GatewaySettings } from "./settings.ts";

/**
 * What is wrong with how a gateway holds requests back and shapes answers.
 * @param operations what it routes by contracts, as `contract.operation`
 */
export function shapingProblems(
  settings: GatewaySettings,
  operations: readonly string[],
): string[] {
  const { authentication = [], routes = [] } = settings;
  const hasSessions = authentication.some(({ method }) => method === "session");
  const routed = [
    ...operations,
    ...routes.map(({ path }) => path),
    ...(hasSessions ? [sessionRoutes] : []),
  ];
  return [
    ...limitsProblems(settings.limits, routed),
    ...corsProblems(settings.cors),
    ...headersProblems(settings.headers),
    ...compressionProblems(settings.compression),
  ];
}
