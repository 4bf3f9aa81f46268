import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { httpClient } from "@kerf/call/browser";
import type { Client } from "@kerf/contract";
import { platform } from "@kerf/control-api";

/** A client of the platform of a home, as `kerf` has one: what is asked often needs no process for each question. `token`: another one than the operator's. */
export async function platformClient(
  home: string,
  token?: string,
): Promise<Client<typeof platform>> {
  const read = (name: string): Promise<string> => readFile(join(home, name), "utf8");
  const { url } = JSON.parse(await read("platform.json")) as { url: string };
  const bearer = token ?? (await read("token")).trim();
  const headers = { authorization: `Bearer ${bearer}` };
  return httpClient(platform, { baseUrl: url, headers: () => headers });
}
