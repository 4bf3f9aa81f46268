import type { ServiceDatabase } from "@kerf/data";
import { KerfError } from "@kerf/kernel";
import type { SagaDefinition } from "./saga.ts";

/** A version of a saga that the program does not have, and how many instances of it are not at their end. */
export interface UnknownVersion {
  readonly name: string;
  readonly version: number;
  readonly count: number;
}

/**
 * Throws `invalid_app` when sagas are not at their end whose versions the program does not have: nobody could go on with them,
 * nor undo what they did. `deadline` in monotonic milliseconds of the database's clock.
 */
export async function assertVersionsKnown(
  service: string,
  database: ServiceDatabase,
  definitions: readonly SagaVersion[],
  deadline: number,
): Promise<void> {
  const { raw } = database.reads({ deadline });
  const rows = await unknownVersions((text, values) => raw.query(text, values), definitions);
  if (rows.length === 0) return;
  const list = rows.map(unknownVersionText);
  throw new KerfError("invalid_app", {
    message: `${service} no longer declares sagas of which instances are not at their end: ${list.join(", ")}.`,
    why: "A saga ends by the version that it began with: without its function nobody can go on with it, nor undo what it did.",
    fix: `Declare that version beside the new one until kerf saga ls ${service} is empty of it; or let the code before this one run, and end them: kerf saga cancel ID`,
    data: { service, versions: rows },
  });
}

/** A version of a saga that code can go on with. */
type SagaVersion = Pick<SagaDefinition, "name" | "version">;

/** Versions of which instances are not at their end, and which are not among `definitions`. `query` runs a statement in the service's database. */
export async function unknownVersions(
  query: (text: string, values: unknown[]) => Promise<{ rows: unknown[] }>,
  definitions: readonly SagaVersion[],
): Promise<UnknownVersion[]> {
  const { rows } = await query(
    `select name, version, count(*)::int as count from kerf.saga
      where state in ('running', 'undoing', 'stuck')
        and (name, version) not in (select * from unnest($1::text[], $2::int[]))
      group by name, version order by name, version`,
    [definitions.map(({ name }) => name), definitions.map(({ version }) => version)],
  );
  return rows as UnknownVersion[];
}

/** `checkout version 1 (3 instances)`. */
export function unknownVersionText({ name, version, count }: UnknownVersion): string {
  return `${name} version ${version} (${count} ${count === 1 ? "instance" : "instances"})`;
}
