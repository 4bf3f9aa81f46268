import { isPlatformOnly } from "../request-headers.ts";

/** One field of a head. */
export interface FieldLine {
  /** The name as it came. */
  readonly raw: string;
  /** In lower case. */
  readonly name: string;
  readonly value: string;
  /** Whether only the platform may set it. */
  readonly isPlatforms: boolean;
}

/** A name in one spelling. */
interface Spelling {
  readonly raw: string;
  readonly name: string;
  readonly isPlatforms: boolean;
  /** How many of its lines were remembered. */
  lines: number;
}

/** Longest line that is remembered, characters: longer ones are credentials and cookies, which differ. */
const maxLineLength = 128;
/** Most lines of a name that are remembered: one that has more is another in each request. */
const maxLinesOfName = 32;
/** Most that are remembered of each kind, so at most 130 kB of lines; then it begins anew. */
const maxRemembered = 1_024;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible ASCII and blanks: no line can end within. */
const lineText = /^[\t -~]*$/;

const lines = new Map<string, FieldLine>();
const spellings = new Map<string, Spelling>();

/**
 * Reads one line of a head, without its end. Most lines come with every request of a client, so that one look at what was
 * read before is most of the work.
 * @returns undefined when it is no field of visible ASCII
 */
export function readFieldLine(line: string): FieldLine | undefined {
  if (line.length > maxLineLength) return parse(line);
  return lines.get(line) ?? parse(line);
}

function parse(line: string): FieldLine | undefined {
  const colon = line.indexOf(":");
  if (colon < 1 || !lineText.test(line)) return undefined;
  const written = line.slice(0, colon);
  const spelling = spellings.get(written) ?? learn(written);
  if (spelling === undefined) return undefined;
  let first = colon + 1;
  let last = line.length;
  while (first < last && isBlank(line.charCodeAt(first))) first++;
  while (last > first && isBlank(line.charCodeAt(last - 1))) last--;
  const { isPlatforms, name, raw } = spelling;
  if (line.length > maxLineLength || spelling.lines >= maxLinesOfName)
    return { raw, name, value: line.slice(first, last), isPlatforms };
  if (lines.size >= maxRemembered) lines.clear();
  spelling.lines++;
  const whole = apart(line);
  const field = { raw, name, value: apart(line.slice(first, last)), isPlatforms };
  lines.set(whole, field);
  return field;
}

function learn(written: string): Spelling | undefined {
  if (!token.test(written)) return undefined;
  if (spellings.size >= maxRemembered) spellings.clear();
  const raw = apart(written);
  const name = raw.toLowerCase();
  const spelling = { raw, name, isPlatforms: isPlatformOnly(name), lines: 0 };
  spellings.set(raw, spelling);
  return spelling;
}

/** The same text in memory of its own: a part of a head would keep all of the head. */
function apart(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
