/** Types of fields on protobuf's wire. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A varint of a whole number from 0 to 2^53. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

/** A field that holds a varint. */
export function numberField(field: number, value: number): Buffer {
  return Buffer.from([...varint(field * 8 + wire.varint), ...varint(value)]);
}

/** A field that holds a text. */
export function textField(field: number, text: string): Buffer {
  return messageField(field, Buffer.from(text));
}

/** A field that holds a message of these fields. */
export function messageField(field: number, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([messageHead(field, parts), ...parts]);
}

/** What stands before a message of these fields, which may be long. */
export function messageHead(field: number, parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, { length: one }) => sum + one, 0);
  return Buffer.from([...varint(field * 8 + wire.bytes), ...varint(length)]);
}

/** A field that holds a number with fractions. */
export function doubleField(field: number, value: number): Buffer {
  const bytes = Buffer.from([...varint(field * 8 + wire.fixed64), 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeDoubleLE(value, bytes.length - 8);
  return bytes;
}

/** The fields of a message that hold a varint or bytes, by number; the last one of each. Undefined when it is no message. */
export function readFields(message: Uint8Array): Map<number, number | Uint8Array> | undefined {
  const fields = new Map<number, number | Uint8Array>();
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined || scale > 2 ** 56) return Number.NaN;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = number();
    const type = tag % 8;
    if (type === wire.fixed64) at += 8;
    else if (type === wire.fixed32) at += 4;
    else if (type === wire.varint) fields.set(Math.floor(tag / 8), number());
    else if (type === wire.bytes) {
      const length = number();
      fields.set(Math.floor(tag / 8), message.subarray(at, at + length));
      at += length;
    } else return undefined;
    if (!(at <= message.length)) return undefined;
  }
  return fields;
}
