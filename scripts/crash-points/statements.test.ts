import assert from "node:assert/strict";
import { test } from "node:test";
import { statementsOf } from "./statements.ts";

const found = (source: string) =>
  statementsOf("a.ts", source).map(({ within, text }) => `${within.join(".")}: ${text}`);

test("a statement is found wherever it stands", () => {
  const source = `
    const append = \`
      insert into kerf.event (id)
        values ($1)\`;
    class Store {
      #columns = "a, b";
      async claim(id) {
        const text = id ? \`select \${this.#columns} from kerf.saga\` : "delete from kerf.saga";
        return this.run({ text });
      }
    }
    function beat() {
      return [\`update kerf.saga set a = 'x; y' where b = \${1}\`, "commit"].join(";");
    }`;
  assert.deepEqual(found(source), [
    "append: insert into kerf.event (id) values ($1)",
    "Store.claim.text: select {} from kerf.saga",
    "Store.claim.text: delete from kerf.saga",
    "beat: update kerf.saga set a = 'x; y' where b = {}",
    "beat: commit",
  ]);
});

test("each statement of a message is one", () => {
  assert.deepEqual(found("query(`begin${mode}; set local transaction_timeout = ${left}`)"), [
    ": begin{}",
    ": set local transaction_timeout = {}",
  ]);
  assert.deepEqual(found("query(`${text}; savepoint ${effect}`)"), [": savepoint {}"]);
});

test("prose, words of the code and migrations are none", () => {
  const source = `
    type Phase = "begin" | "commit";
    if (control === "commit") throw new Error("Select the rows, then update them with care.");
    const words = { rollback: "rollback" };
    const schema = [{ name: "events-0001", sql: "create table kerf.event (id bigint)" }];`;
  assert.deepEqual(found(source), []);
});
