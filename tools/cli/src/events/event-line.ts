import type { Paint } from "../output/paint.ts";
import { printable } from "../output/printable.ts";

/** An event as a service tells it. */
export interface ToldEvent {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly payload: unknown;
  readonly at: string;
  readonly trace: string;
}

/** One line for people: when, what, under which key, with what. */
export function eventLine(service: string, event: ToldEvent, paint: Paint): string {
  const time = event.at.slice(0, 23).replace("T", " ");
  const what = paint("strong", `${service}.${event.name}`);
  return `${paint("faint", time)}  ${what}  ${printable(event.key)}  ${paint("faint", printable(JSON.stringify(event.payload)))}`;
}
