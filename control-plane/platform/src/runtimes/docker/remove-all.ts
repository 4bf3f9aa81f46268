import { removeSecretFiles } from "./image-secrets.ts";
import { labels } from "./labels.ts";
import type { Engine } from "./engine.ts";

/** How long containers that no platform looks after any more may finish what they have begun, seconds. */
const drainSeconds = 6;

/** What the engine says of a container in a list. */
interface Listed {
  readonly Id: string;
  readonly State: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

/** What it says of a network. */
export interface Network {
  readonly Id: string;
  readonly Name: string;
  readonly IPAM: { readonly Config?: readonly { readonly Gateway?: string }[] };
}

/** Ends and removes every container of a home, its networks, and the files of secrets. Answers how many ran. */
export async function removeAll(engine: Engine, home: string): Promise<number> {
  const all = await listed(engine, home);
  const running = all.filter(({ State }) => State === "running");
  // Backing services last: the others finish with them what they have begun.
  const isBacking = ({ Labels }: Listed): boolean => Labels?.[labels.backing] !== undefined;
  const [backing, others] = [all.filter(isBacking), all.filter((one) => !isBacking(one))];
  for (const these of [others, backing])
    await Promise.all(these.map(({ Id }) => endContainer(engine, Id)));
  for (const { Id } of await networksOf(engine, home))
    // Something else has joined it.
    await engine.call("DELETE", `/networks/${Id}`).catch(() => {});
  removeSecretFiles(home);
  return running.length;
}

/** Every container of a home, whether it runs or not. */
export function listed(engine: Engine, home: string): Promise<Listed[]> {
  return engine.call("GET", "/containers/json", { query: { all: "1", filters: ofHome(home) } });
}

/** The networks of a home. */
export function networksOf(engine: Engine, home: string): Promise<Network[]> {
  return engine.call("GET", "/networks", { query: { filters: ofHome(home) } });
}

/** Lets a container finish what it has begun, and removes it. Never rejects. */
export async function endContainer(engine: Engine, id: string): Promise<void> {
  const query = { t: String(drainSeconds) };
  // It has ended by itself.
  await engine.call("POST", `/containers/${id}/stop`, { query }).catch(() => {});
  await removeContainer(engine, id);
}

/** Ends a container by force and removes it; what is left is found by its label again. */
export async function removeContainer(engine: Engine, id: string): Promise<void> {
  const query = { force: "1", v: "1" };
  await engine.call("DELETE", `/containers/${id}`, { query }).catch(() => {});
}

function ofHome(home: string): string {
  return JSON.stringify({ label: [`${labels.home}=${home}`] });
}
