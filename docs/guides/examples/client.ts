// A typed client of the gateway, for browsers and scripts.
import { safe } from "kerf/contract";
import { httpClient } from "kerf/browser";
import { notes } from "./notes/contract.ts";

/** The text of a note; undefined when there is none. */
export async function textOf(baseUrl: string, id: number): Promise<string | undefined> {
  const client = httpClient(notes, { baseUrl });
  const { ok, value } = await safe(client.get({ id }));
  return ok ? value.text : undefined;
}
