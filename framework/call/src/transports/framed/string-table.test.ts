import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { Decoder } from "./decoder.ts";
import { frameType } from "./frame.ts";
import { prefaceFor } from "./hello.ts";
import { Output } from "./output.ts";
import { DefinedStrings, KnownStrings } from "./string-table.ts";

test("what the other side looks up is what was meant, however often slots change hands", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 6 }), { maxLength: 300 }), (texts) => {
      const written: Buffer[] = [];
      const socket = new Socket();
      socket.write = ((bytes: Buffer, done: () => void) => {
        written.push(Buffer.from(bytes));
        done();
        return true;
      }) as Socket["write"];
      const output = new Output(socket, () => {});
      const defined = new DefinedStrings(output, 8);
      const known = new KnownStrings(8, 100);
      const decoder = new Decoder(
        {
          preface: () => {},
          frame: (type, id, bytes, start, end) => {
            assert.equal(type, frameType.define);
            known.define(id, bytes, start, end);
          },
        },
        1000,
      );
      decoder.push(prefaceFor());
      for (const text of texts) {
        const id = defined.idOf(text);
        output.flush();
        for (const bytes of written.splice(0)) decoder.push(bytes);
        assert.equal(known.get(id), Buffer.from(text).toString());
        assert.equal(defined.idOf(text), id);
      }
      assert.equal(defined.idOf(undefined), 0);
    }),
  );
});
