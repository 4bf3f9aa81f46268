import { KerfError } from "@kerf/kernel";

// Numbers of the ELF-64 object file format (https://gabi.xinuos.com/elf/).
const loadable = { dynamic: 2, interpreter: 3 };
const tags = { needed: 1n, strings: 5n };
const headerBytes = 64;
const loadSegment = 1;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

/** What a program or shared library asks the system to load with it. */
export interface Needs {
  /** Absolute path of what loads it; undefined for a library or a static program. */
  readonly loader: string | undefined;
  /** File names of shared libraries. */
  readonly libraries: readonly string[];
}

/** Reads what a 64-bit little-endian ELF file needs. Throws `invalid_configuration` for what is none. */
export function needsOf(name: string, bytes: Buffer): Needs {
  const segments = segmentsOf(name, bytes);
  const loader = segments.find(({ type }) => type === loadable.interpreter);
  const dynamic = segments.find(({ type }) => type === loadable.dynamic);
  return {
    loader: loader && text(bytes, loader.offset),
    libraries: dynamic === undefined ? [] : librariesOf(bytes, dynamic, segments),
  };
}

/**
 * The same program without what no loader reads: symbols and debugging notes, a fifth of Node's. Stack traces of JavaScript do not need them.
 */
export function withoutSymbols(name: string, bytes: Buffer): Buffer {
  const end = Math.max(...segmentsOf(name, bytes).map(({ bytes: size, offset }) => offset + size));
  const program = Buffer.from(bytes.subarray(0, end));
  // The table of sections lay behind: its place, its length and the index of its names.
  program.writeBigUInt64LE(0n, 40);
  program.writeUInt16LE(0, 60);
  program.writeUInt16LE(0, 62);
  return program;
}

function segmentsOf(name: string, bytes: Buffer): Segment[] {
  const isElf = bytes.length > headerBytes && bytes.readUInt32BE(0) === 0x7f454c46;
  if (!isElf || bytes[4] !== 2 || bytes[5] !== 1) throw noProgram(name);
  const start = Number(bytes.readBigUInt64LE(32));
  const size = bytes.readUInt16LE(54);
  const count = bytes.readUInt16LE(56);
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size;
    return {
      type: bytes.readUInt32LE(at),
      offset: Number(bytes.readBigUInt64LE(at + 8)),
      address: Number(bytes.readBigUInt64LE(at + 16)),
      bytes: Number(bytes.readBigUInt64LE(at + 32)),
    };
  });
}

function librariesOf(bytes: Buffer, dynamic: Segment, segments: readonly Segment[]): string[] {
  const names: number[] = [];
  let strings = 0;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.bytes; at += 16) {
    const tag = bytes.readBigUInt64LE(at);
    const value = Number(bytes.readBigUInt64LE(at + 8));
    if (tag === tags.needed) names.push(value);
    else if (tag === tags.strings) strings = value;
  }
  const holds = segments.find(
    ({ address, bytes: size, type }) =>
      type === loadSegment && strings >= address && strings < address + size,
  );
  const table = strings - (holds?.address ?? 0) + (holds?.offset ?? 0);
  return names.map((offset) => text(bytes, table + offset));
}

function text(bytes: Buffer, at: number): string {
  return bytes.toString("latin1", at, bytes.indexOf(0, at));
}

function noProgram(name: string): KerfError {
  return new KerfError("invalid_configuration", {
    message: `${name} is no program of 64-bit Linux.`,
    why: "An image is made of the Node that runs here, and images run on Linux.",
    fix: "Make it on Linux, or name an image that has Node in it: --base REF",
  });
}
