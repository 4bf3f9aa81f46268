import { command, contract, error, query, stream } from "@kerf/contract";
import { DeclaredError } from "@kerf/kernel";
import { z } from "zod";
import type { ServedArguments, ServedService } from "../inbound/served.ts";

/** A contract with one operation for each thing that the call path does; for the tests of this package. */
export const shelf = contract("shelf", {
  version: "1.0.0",
  operations: {
    get: query({
      access: "public",
      input: z.object({ id: z.string() }),
      output: z.object({ id: z.string(), title: z.string() }),
      errors: { notFound: error({ status: 404, data: z.object({ id: z.string() }) }) },
    }),
    put: command({
      access: "public",
      input: z.object({ id: z.string() }),
      output: z.object({ id: z.string() }),
    }),
    many: query({
      access: "public",
      input: z.object({ ids: z.array(z.string()) }),
      output: z.object({ count: z.number() }),
    }),
    anything: query({
      access: "public",
      input: z.object({ value: z.unknown() }),
      output: z.object({ value: z.unknown() }),
    }),
    mine: query({ access: "user", input: z.object({}), output: z.object({ subject: z.string() }) }),
    internal: query({
      access: "service",
      input: z.object({}),
      output: z.object({ caller: z.string() }),
    }),
    count: stream({
      access: "public",
      input: z.object({ to: z.number() }),
      output: z.object({ n: z.number() }),
      cursor: "n",
      errors: { tooFar: error({ data: z.object({ most: z.number() }) }) },
    }),
  },
});

type Run = (args: ServedArguments) => unknown;

/** The shelf with handlers that work; tests replace those that they look at. */
export function shelfService(
  handlers: Partial<Record<keyof (typeof shelf)["operations"], Run>> = {},
): ServedService {
  const runs: Record<string, Run> = {
    get: async ({ input }) => {
      const { id } = input as { id: string };
      if (id === "none") throw new DeclaredError("notFound", { id });
      return { id, title: `The ${id}`, secret: "not in the contract" };
    },
    put: async ({ input }) => input,
    many: async ({ input }) => ({ count: (input as { ids: string[] }).ids.length }),
    anything: async ({ input }) => input,
    mine: async ({ context }) => ({ subject: context.principal?.subject }),
    internal: async ({ context }) => ({ caller: context.caller }),
    async *count({ input, after }) {
      const { to } = input as { to: number };
      if (to > 1_000) throw new DeclaredError("tooFar", { most: 1_000 });
      for (let n = Number(after ?? 0) + 1; n <= to; n++) yield { n };
    },
    ...handlers,
  };
  const operations = Object.fromEntries(Object.entries(runs).map(([name, run]) => [name, { run }]));
  return { contract: shelf, operations };
}
