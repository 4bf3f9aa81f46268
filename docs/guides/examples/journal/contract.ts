import { command, contract, event, query } from "kerf/contract";
import { jsonSchema } from "kerf/json-schema";

const Entry = jsonSchema<{ text: string }>({
  type: "object",
  properties: { text: { type: "string", minLength: 1, maxLength: 2000 } },
  required: ["text"],
  additionalProperties: false,
});
const Tag = jsonSchema<{ text: string; tag: string }>({
  type: "object",
  properties: { text: { type: "string" }, tag: { type: "string" } },
  required: ["text", "tag"],
});
const Nothing = jsonSchema<Record<string, never>>({ type: "object" });
const Tags = jsonSchema<{ tags: readonly { text: string; tag: string }[] }>({
  type: "object",
  properties: { tags: { type: "array" } },
  required: ["tags"],
});

/** Entries, and the tags that somebody else finds for them. */
export const journal = contract("journal", {
  version: "1.0.0",
  operations: {
    write: command({
      http: { route: "POST /entries", status: 201 },
      access: "public",
      input: Entry,
      output: Entry,
    }),
    tags: query({ http: "GET /entries/tags", access: "public", input: Nothing, output: Tags }),
  },
  events: { added: event({ schema: Entry, key: "text" }) },
});

/** What an image emits that runs as `counts`; it has no contract of its own. */
export const counts = contract("counts", {
  version: "1.0.0",
  operations: {},
  events: { tagged: event({ schema: Tag, key: "text" }) },
});
