import { type Act, NotAsPromised } from "../act.ts";
import { eventually } from "../eventually.ts";
import { untraced } from "../recorded-trace.ts";

/** Programs send what they recorded every few seconds, so that it takes as long until it is known; with room for a busy machine, milliseconds. */
const knownMs = 30_000;

/** Why an order failed. */
export const why: Act = {
  name: "why",
  shows: "Why an order was rejected, in one sentence that names the service and the cause.",
  leftOut: untraced,
  async play({ connection, signal, visitor }) {
    const { id } = await visitor.ordered("card-declined", signal);
    let said = "nothing";
    const sentence = await eventually(
      "payments are named",
      { withinMs: knownMs, signal },
      async () => {
        // Before the first spans have arrived there is nothing to ask about.
        const told = await connection.client.why({ of: id }).catch((thrown: Error) => {
          said = thrown.message;
        });
        said = told?.sentence ?? said;
        return told?.cause?.service === "payments" && told.cause.kind === "declined"
          ? told.sentence
          : undefined;
      },
    ).catch((thrown: unknown) => {
      throw thrown instanceof NotAsPromised
        ? new NotAsPromised(`${thrown.message}; said was: ${said}`)
        : thrown;
    });
    return { lines: [sentence], again: (kerf) => [kerf(`why ${id}`)] };
  },
};
