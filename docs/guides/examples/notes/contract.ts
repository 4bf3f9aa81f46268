import { command, contract, error, query } from "kerf/contract";
import { jsonSchema } from "kerf/json-schema";

const Text = jsonSchema<{ text: string }>({
  type: "object",
  properties: { text: { type: "string", minLength: 1, maxLength: 2000 } },
  required: ["text"],
  additionalProperties: false,
});
const Id = jsonSchema<{ id: number }>({
  type: "object",
  properties: { id: { type: "integer", minimum: 1 } },
  required: ["id"],
});
const Note = jsonSchema<{ id: number; text: string; label: string }>({
  type: "object",
  properties: {
    id: { type: "integer" },
    text: { type: "string" },
    label: { type: "string" },
  },
  required: ["id", "text", "label"],
  additionalProperties: false,
});

/** Notes, with a label each. */
export const notes = contract("notes", {
  version: "1.0.0",
  operations: {
    add: command({ http: { route: "POST /notes", status: 201 }, input: Text, output: Note }),
    get: query({
      http: "GET /notes/{id}",
      access: "public",
      input: Id,
      output: Note,
      errors: { notFound: error({ status: 404, message: "There is no such note.", data: Id }) },
    }),
  },
});
