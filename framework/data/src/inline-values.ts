import { escapeLiteral } from "pg";
import { KerfError } from "@kerf/kernel";
import type { Statement } from "./session.ts";

/**
 * A statement of the platform's own with its values written into the text, so that it can leave in one message with COMMIT: each message
 * costs the server as much as a small statement. The text has its placeholders outside of quotes. Throws `invalid_input` for a
 * value with a NUL, which PostgreSQL can neither keep nor read.
 */
export function inlineValues({ text, values = [] }: Statement): string {
  return text.replace(/\$(\d+)/g, (_, n: string) => literal(values[Number(n) - 1]));
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return `array[${value.map(literal).join(", ")}]`;
  // Without the parentheses a cast behind the placeholder would bind closer than the sign, and the smallest integer would be out of range.
  if (typeof value === "number" || typeof value === "bigint")
    return value < 0 ? `(${value})` : String(value);
  if (typeof value === "boolean") return String(value);
  const string = typeof value === "string" ? value : JSON.stringify(value);
  if (!string.includes("\0")) return escapeLiteral(string);
  throw new KerfError("invalid_input", {
    message: "A text holds the character NUL, which the database cannot keep.",
    fix: "Leave it out of keys and payloads.",
  });
}
