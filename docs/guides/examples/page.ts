// A page that lives without any of its parts.
import { contract, query } from "kerf/contract";
import { optional, service } from "kerf";
import { z } from "zod";
import { labels } from "./labels/contract.ts";
import { notes } from "./notes/contract.ts";

export const page = contract("page", {
  version: "1.0.0",
  operations: {
    show: query({
      http: "GET /pages/{id}",
      access: "public",
      input: z.object({ id: z.int() }),
      output: z.object({ text: z.string(), label: z.string(), degraded: z.array(z.string()) }),
    }),
    label: query({
      http: "GET /labels/{text}",
      access: "public",
      input: z.object({ text: z.string() }),
      output: z.object({ label: z.string() }),
    }),
  },
});

export default service(page, {
  owner: "notes-team",
  uses: {
    notes: optional(notes),
    labels: optional(labels, { fallback: { suggest: () => ({ label: "none" }) } }),
  },
}).implement({
  // Each part within its own time, and named when it is missing.
  async show({ compose, input }) {
    const { parts, degraded } = await compose({
      text: {
        withinMs: 300,
        from: async ({ notes }) => (await notes.get(input)).text,
        otherwise: "",
      },
      label: {
        withinMs: 200,
        from: async ({ labels }) => (await labels.suggest({ text: String(input.id) })).label,
        otherwise: "none",
      },
    });
    return { ...parts, degraded };
  },

  // One call that is over after 100 ms, whatever else is set; then the fallback answers.
  label: ({ clients, input }) => clients.labels.suggest(input, { deadlineMs: 100 }),
});
