import { type ReactNode, useState } from "react";
import { client } from "../api/client.ts";
import { DeedWindow } from "../parts/deed.tsx";
import { word } from "../parts/word.ts";

/** What is to be kept quiet. */
export interface Silenced {
  readonly service: string;
  readonly operation: string;
}

/** Spans that are offered, as the command takes them. */
const spans: Readonly<Record<string, number>> = {
  "30m": 1_800_000,
  "2h": 7_200_000,
  "8h": 28_800_000,
  "1d": 86_400_000,
  "7d": 604_800_000,
};

/** Keeps the alerts of an operation, or of its whole service, quiet for a while. */
export function SilenceWindow({
  of: { operation, service },
  onClose,
}: {
  readonly of: Silenced;
  readonly onClose: () => void;
}): ReactNode {
  const [span, setSpan] = useState("2h");
  const [because, setBecause] = useState("");
  const [isWhole, setWhole] = useState(false);
  const of = isWhole ? service : `${service}.${operation}`;
  return (
    <DeedWindow
      deed={{
        title: `Silence ${of}`,
        effect: "Nobody is told meanwhile; what still fires at its end is told then.",
        command: `kerf alerts silence ${of} --for ${span} --because ${word(because === "" ? "…" : because)}`,
        run: async () => {
          await client.addSilence({
            service,
            ...(isWhole ? {} : { operation }),
            forMs: spans[span] as number,
            because,
          });
        },
      }}
      disabled={because === ""}
      onClose={onClose}
    >
      <label>
        For
        <select value={span} onChange={({ target }) => setSpan(target.value)}>
          {Object.keys(spans).map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <label>
        Because
        <input value={because} onChange={({ target }) => setBecause(target.value)} />
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={isWhole}
          onChange={({ target }) => setWhole(target.checked)}
        />
        all operations of {service}
      </label>
    </DeedWindow>
  );
}
