// Boundary: light traffic as visitors of the shop send it, so that there is something to see: `kerf dev --traffic` starts it when the shop is ready, with
// the address of the web gateway as its argument, and ends it by closing its standard input. It knows the shop by its HTTP API alone, as a browser does.
import { setTimeout as wait } from "node:timers/promises";

/** Mean pause between two requests, milliseconds: about two and a half a second. */
const pauseMs = 400;
/** After a request that nobody answered: whatever was called is starting again. */
const awayMs = 2_000;
/** How long one request may take, milliseconds. */
const requestMs = 10_000;
/** An answer beyond this is not what the shop says, bytes. */
const longestAnswer = 1_000_000;
/** A visitor signs in anew after as many requests. */
const visitRequests = 40;
/** The visitors: the same accounts at every start. */
const visitors = ["grace", "edsger", "barbara", "tony", "frances"];
/** What they buy, a piece at a time; other tests and examples count the other products. */
const bought = ["oil-linseed", "glue-hide", "stone-1000"];
/** From as many pieces downwards nothing is bought any more, so that a shop that runs for weeks does not sell out; declined orders go on. */
const keptInStock = 2_000;
const words = ["saw", "plane", "chisel", "clamp", "steel", "beech"];
const looked = ["saw-dovetail", "plane-jack", "mallet-beech", "chisel-12", "spokeshave"];

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Always the same numbers for a seed (mulberry32), so that what visitors do can be told again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const url = process.argv[2];
if (url === undefined || !URL.canParse(url)) {
  process.stderr.write("node traffic.ts URL: the address of the shop's web gateway\n");
  process.exit(2);
}
// Whoever started us is gone, or has had enough.
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0));
process.stdin.resume();

const next = seeded(1);
const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
let token: string | undefined;

async function ask(path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(new URL(path, url), {
    method: body === undefined ? "GET" : "POST",
    headers: {
      ...(body === undefined ? undefined : { "content-type": "application/json" }),
      ...(token === undefined ? undefined : { authorization: `Bearer ${token}` }),
    },
    signal: AbortSignal.timeout(requestMs),
    ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (text.length > longestAnswer) throw new Error(`${path} answered ${text.length} characters`);
  const read: unknown = text === "" ? {} : JSON.parse(text);
  return { status: response.status, body: read as Answer["body"] };
}

/** Signs a visitor in; the first time there is no account yet. */
async function visit(name: string): Promise<void> {
  token = undefined;
  const account = { email: `${name}@visitors.example.com`, password: `${name} looks at tools` };
  let session = await ask("/sessions", account);
  if (session.status === 401) {
    await ask("/users", { ...account, name });
    session = await ask("/sessions", account);
  }
  if (session.status === 201) token = session.body["token"] as string;
}

async function order(): Promise<Answer> {
  const sku = pick(bought);
  const { body } = await ask(`/inventory/${sku}`);
  const isPaid = next() < 0.75 && (body["available"] as number) > keptInStock;
  return ask("/orders", {
    items: [{ sku, quantity: 1 }],
    payment: { method: isPaid ? "card-ok" : "card-declined" },
  });
}

/** What visitors do, and how much of it; the first to reach the number that is drawn. */
const wishes: readonly (readonly [share: number, wish: () => Promise<Answer>])[] = [
  [0.3, () => ask(`/search?q=${pick(words)}`)],
  [0.55, () => ask(`/products/${pick(looked)}`)],
  [0.65, () => ask("/products?limit=10")],
  [0.82, () => ask("/home")],
  [0.9, () => ask("/orders?limit=5")],
  [0.94, () => ask("/notifications?limit=5")],
  [1, order],
];

for (let requests = 0; ; requests += 1) {
  const drawn = next();
  const wish = wishes.find(([share]) => drawn < share)?.[1] ?? order;
  // What fails is what there is to see in the shop; here it is no more than a longer pause.
  const answered = await (async () => {
    if (requests % visitRequests === 0 || token === undefined) await visit(pick(visitors));
    return (await wish()).status;
  })().catch(() => 0);
  if (answered === 401) token = undefined;
  await wait(answered === 0 || answered >= 500 ? awayMs : next() * 2 * pauseMs);
}
