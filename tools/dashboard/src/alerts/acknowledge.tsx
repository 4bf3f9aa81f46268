import type { AlertStatus } from "@kerf/control-api";
import { type ReactNode, useState } from "react";
import { client } from "../api/client.ts";
import { DeedWindow } from "../parts/deed.tsx";
import { word } from "../parts/word.ts";

/** Says that one takes care of an alert. */
export function AcknowledgeWindow({
  alert: { id, operation, service },
  onClose,
}: {
  readonly alert: AlertStatus;
  readonly onClose: () => void;
}): ReactNode {
  const [note, setNote] = useState("");
  return (
    <DeedWindow
      deed={{
        title: "Acknowledge the alert",
        effect: `Whoever looks sees that you take care of ${service}.${operation}.`,
        command: `kerf alerts ack ${id}${note === "" ? "" : ` --note ${word(note)}`}`,
        run: async () => {
          await client.acknowledgeAlert({ id, ...(note === "" ? {} : { note }) });
        },
      }}
      onClose={onClose}
    >
      <label>
        Note
        <input value={note} onChange={({ target }) => setNote(target.value)} />
      </label>
    </DeedWindow>
  );
}
