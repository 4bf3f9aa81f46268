import type { Trace } from "@kerf/kernel";
import {
  type SpanAttribute,
  type spanEvents,
  type SpanKind,
  type SpanPlaceName,
  spanPlaces,
} from "./catalogue.ts";

/** Attributes with their values. */
export type Attributes<Name extends SpanAttribute = SpanAttribute> = Readonly<
  Partial<Record<Name, string | number>>
>;

/** The attributes that the catalogue allows at a place. */
export type AttributesAt<Place extends SpanPlaceName> = Attributes<
  (typeof spanPlaces)[Place]["attributes"][number]
>;

/** What all spans of one place have in common; made once and kept, so that a span copies nothing of it. */
export class SpanTemplate<Place extends SpanPlaceName = SpanPlaceName> {
  readonly kind: SpanKind;
  /** The service, or `gateway:NAME`, whose work it is. */
  readonly service: string;
  readonly name: string;
  readonly attributes: AttributesAt<Place>;

  constructor(place: Place, service: string, name: string, attributes: AttributesAt<Place>) {
    this.kind = spanPlaces[place].kind;
    this.service = service;
    this.name = name;
    this.attributes = attributes;
  }
}

/** Something that happened at one moment within a span. */
export interface SpanEvent {
  readonly name: keyof typeof spanEvents;
  /** Monotonic milliseconds of the program's clock. */
  readonly at: number;
  readonly attributes: Attributes;
}

/** A piece of work that is over: one node of the tree of its trace. */
export interface Span {
  readonly of: SpanTemplate;
  /** Its trace, its own id, and the id of the span above it. */
  readonly trace: Trace;
  /** Monotonic milliseconds of the program's clock, with fractions. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Whether it counts as an error. */
  readonly failed: boolean;
  /** Beside those of its template. */
  readonly attributes: Attributes | undefined;
  readonly events?: readonly SpanEvent[] | undefined;
}
