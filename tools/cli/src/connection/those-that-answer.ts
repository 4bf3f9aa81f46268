import { exitCodes } from "../exit-code.ts";
import { oneLine } from "../output/printable.ts";

/**
 * Asks several services, and answers what those say that are there. Who is missing is told on stderr, once each (`told` remembers), and by the exit code;
 * throws when nobody answers.
 */
export async function thoseThatAnswer<T>(
  services: readonly string[],
  ask: (service: string) => Promise<T>,
  told: Set<string> = new Set(),
): Promise<T[]> {
  const asked = await Promise.allSettled(services.map(ask));
  const silent = asked.flatMap((answer, index) =>
    answer.status === "rejected"
      ? [{ service: services[index] ?? "", reason: answer.reason as Error }]
      : [],
  );
  const [first] = silent;
  if (first !== undefined && silent.length === services.length) throw first.reason;
  for (const { reason, service } of silent.filter((each) => !told.has(each.service))) {
    process.stderr.write(`! ${service} is missing here. ${oneLine(reason.message)}\n`);
    process.exitCode = exitCodes.failed;
    told.add(service);
  }
  return asked.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
}
