import type { Trace } from "@kerf/kernel";
import { type SpanAttribute, type SpanKind, type SpanPlaceName, spanPlaces } from "./catalogue.ts";

/** Attributes with their values. */
export type Attributes<Name extends SpanAttribute = SpanAttribute> = Readonly<
  Partial<Record<Name, string | number>>
>;

/** A value of an attribute that an author or a library gives. */
export type AttributeValue = string | number | boolean | readonly (string | number | boolean)[];

/** Attributes of whatever name. */
export type AnyAttributes = Readonly<Record<string, AttributeValue | undefined>>;

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

/** The same of spans that authors and libraries make: their names are no places of the catalogue. */
export interface OwnTemplate {
  readonly kind: SpanKind;
  readonly service: string;
  readonly name: string;
  readonly attributes: AnyAttributes;
}

/** Something that happened at one moment within a span. */
export interface SpanEvent {
  readonly name: string;
  /** Monotonic milliseconds of the program's clock. */
  readonly at: number;
  readonly attributes: Attributes | AnyAttributes;
}

/** A piece of work that is over: one node of the tree of its trace. */
export interface Span {
  readonly of: SpanTemplate | OwnTemplate;
  /** Its trace, its own id, and the id of the span above it. */
  readonly trace: Trace;
  /** Monotonic milliseconds of the program's clock, with fractions. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Whether it counts as an error. */
  readonly failed: boolean;
  /** What is said of its failure, beside its code. */
  readonly message?: string | undefined;
  /** Beside those of its template. */
  readonly attributes: Attributes | AnyAttributes | undefined;
  readonly events?: readonly SpanEvent[] | undefined;
  /** Spans of other traces that it has to do with. */
  readonly links?: readonly Trace[] | undefined;
}
