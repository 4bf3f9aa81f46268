import { type Act, promised, type Stage } from "../act.ts";
import { eventually } from "../eventually.ts";
import { unitOf } from "../units.ts";
import { text } from "../visitor.ts";

/** How long it may take until the page tells that a part is missing, and until it is whole again, milliseconds. */
const noticedMs = 15_000;
const wholeMs = 30_000;
const part = "recommendations";

/** A service is killed that others can do without. */
export const degraded: Act = {
  name: "degraded",
  shows:
    "Recommendations are killed: the home page goes on and says what it lacks, until they are back by themselves.",
  async leftOut({ connection }) {
    const { instances } = unitOf(await connection.client.status({}), part);
    return instances.some(({ state }) => state === "ready")
      ? undefined
      : "recommendations do not run here: they are a Python program, and this machine may lack python3";
  },
  async play(stage) {
    await home(stage, noticedMs, "the home page is whole before", (lacks) => lacks.length === 0);
    const { instances, name } = unitOf(await stage.connection.client.status({}), part);
    for (const { pid } of instances) if (pid > 0) process.kill(pid, "SIGKILL");
    const killed = performance.now();
    stage.say(`killed: process ${instances.map(({ pid }) => pid).join(", ")}`);
    const lacking = await home(stage, noticedMs, "the home page says what it lacks", (lacks) =>
      lacks.includes(part),
    );
    promised(lacking.featured > 0, "the home page has lost its other parts too");
    stage.say("GET /home: 200, degraded: recommendations");
    await home(stage, wholeMs, "the home page is whole again", (lacks) => lacks.length === 0);
    const away = ((performance.now() - killed) / 1_000).toFixed(1);
    return {
      lines: [
        "every GET /home was answered with 200",
        `whole again ${away} s after the kill, with nobody's help`,
      ],
      again: (kerf) => [
        `kill -9 $(${kerf("status --json")} | jq '.units[] | select(.name == "${name}") | .instances[].pid')`,
        kerf("status --watch"),
      ],
    };
  },
};

/** Asks for the home page until it is as wanted; each answer has to be one. */
function home(
  { signal, visitor }: Stage,
  withinMs: number,
  what: string,
  isRight: (degraded: readonly string[]) => boolean,
): Promise<{ readonly featured: number }> {
  return eventually(what, { withinMs, signal }, async () => {
    const answer = await visitor.get("/home");
    promised(answer.status === 200, `GET /home answered ${text(answer)}`);
    const { degraded: lacks, featured } = answer.body as { degraded: string[]; featured: [] };
    return isRight(lacks) ? { featured: featured.length } : undefined;
  });
}
