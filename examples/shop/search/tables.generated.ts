import type { Generated } from "kysely";
export interface Tables {
  documents: { sku: string; name: string; description: string; words: Generated<string | null> };
}
