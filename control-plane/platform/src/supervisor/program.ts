/** What is to run: a unit with its services, or a gateway; as many copies as wanted. */
export interface Program {
  /** A unit's name, or `gateway:NAME`. */
  readonly unit: string;
  readonly kind: "host" | "gateway";
  /** Of a unit: its one service is a program in any language, and the copy its sidecar. */
  readonly sidecar?: true;
  /** Services that a copy runs; of a gateway the name of its backend, when it has one. */
  readonly services: readonly string[];
  readonly copies: number;
  /** Of a gateway: where clients reach it; port 0 takes a free one. */
  readonly http?: { readonly host: string; readonly port: number };
}

/** The program's name where a colon may not stand: in ids, files and sockets. No unit can be called the same. */
export function plainName(unit: string): string {
  return unit.replace(":", ".");
}
