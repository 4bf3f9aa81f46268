/** An option of a command: how it is written, what it may be, and what it is when it is not given. */
export interface Option<Value> {
  /** What stands behind its name in the help; undefined for one without a value. */
  readonly placeholder: string | undefined;
  readonly about: string;
  /** The value when it is not given. */
  readonly otherwise: Value;
  /** Its default in the help; undefined where there is none to tell. */
  readonly shown: string | undefined;
  /** What may be given, for `Give …`. */
  readonly wanted: string;
  /** The value that a text stands for; undefined when it is none. */
  read(text: string): Value | undefined;
}

/** An option without a value: it is given or not. */
export function flag(about: string): Option<boolean> {
  return {
    placeholder: undefined,
    about,
    otherwise: false,
    shown: undefined,
    wanted: "no value",
    read: () => undefined,
  };
}

/** Any text. */
export function text<const Otherwise extends string | undefined>(
  about: string,
  placeholder: string,
  otherwise: Otherwise,
): Option<string | Otherwise> {
  return {
    placeholder,
    about,
    otherwise,
    shown: otherwise,
    wanted: placeholder,
    read: (given) => (given === "" ? undefined : given),
  };
}

/** One of some names. */
export function choice<const Name extends string, Otherwise extends Name | undefined>(
  about: string,
  names: readonly Name[],
  otherwise: Otherwise,
): Option<Name | Otherwise> {
  return {
    placeholder: "NAME",
    about: `${about}: ${names.join(", ")}`,
    otherwise,
    shown: otherwise,
    wanted: `one of ${names.join(", ")}`,
    read: (given) => names.find((name) => name === given),
  };
}

/** The bounds of a number, both of them allowed. */
interface Bounds {
  readonly from: number;
  readonly to: number;
}

/** A whole number. */
export function whole<Otherwise extends number | undefined>(
  about: string,
  bounds: Bounds,
  otherwise: Otherwise,
): Option<number | Otherwise> {
  return {
    ...number(about, bounds, otherwise),
    ...numeric("a whole number", bounds, Number.isInteger),
  };
}

/** Any number. */
export function number<Otherwise extends number | undefined>(
  about: string,
  bounds: Bounds,
  otherwise: Otherwise,
): Option<number | Otherwise> {
  return {
    placeholder: "N",
    about,
    otherwise,
    shown: otherwise?.toString(),
    ...numeric("a number", bounds, Number.isFinite),
  };
}

function numeric(kind: string, { from, to }: Bounds, fits: (value: number) => boolean) {
  return {
    wanted: `${kind} from ${from} to ${to}`,
    read(given: string): number | undefined {
      const value = Number(given);
      return given.trim() !== "" && fits(value) && value >= from && value <= to ? value : undefined;
    },
  };
}
