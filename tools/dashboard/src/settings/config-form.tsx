import { type ReactNode, useState } from "react";
import { client } from "../api/client.ts";
import { type Deed, DeedWindow } from "../parts/deed.tsx";
import { newChangeId } from "../api/changes.ts";
import { word } from "../parts/word.ts";
import { ActionsCell, TableHead } from "../parts/table-head.tsx";

interface Property {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly unknown[];
}

/** One setting after another: what is set, what holds otherwise, and a way to change it. */
export function ConfigForm({
  schema,
  service,
  values,
}: {
  readonly service: string;
  /** JSON Schema of an object. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly values: Readonly<Record<string, unknown>>;
}): ReactNode {
  const [changed, setChanged] = useState<string>();
  const [unset, setUnset] = useState<Deed>();
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, Property>>;
  return (
    <>
      <table className="rows">
        <TableHead columns={["Setting", "Value", "Default"]} actions />
        <tbody>
          {Object.entries(properties).map(([name, { default: preset, description }]) => (
            <tr key={name}>
              <th scope="row">
                <strong>{name}</strong>
                <div className="faint">{description}</div>
              </th>
              <td data-label="Value">
                {Object.hasOwn(values, name) ? (
                  <code>{JSON.stringify(values[name])}</code>
                ) : (
                  <span className="faint">not set</span>
                )}
              </td>
              <td data-label="Default">
                <code>{preset === undefined ? "none" : JSON.stringify(preset)}</code>
              </td>
              <ActionsCell>
                <button type="button" onClick={() => setChanged(name)}>
                  Set
                </button>
                {Object.hasOwn(values, name) ? (
                  <button
                    type="button"
                    onClick={() =>
                      setUnset({
                        title: `Unset ${name}`,
                        effect: `${service} starts anew with the default.`,
                        command: `kerf config unset ${word(service)} ${word(name)}`,
                        run: async () => {
                          const change = newChangeId();
                          await client.changeConfig({ change, service, unset: [name] });
                        },
                      })
                    }
                  >
                    Unset
                  </button>
                ) : null}
              </ActionsCell>
            </tr>
          ))}
        </tbody>
      </table>
      {changed === undefined ? null : (
        <SetWindow
          service={service}
          name={changed}
          now={values[changed] ?? properties[changed]?.default}
          onClose={() => setChanged(undefined)}
        />
      )}
      {unset === undefined ? null : <DeedWindow deed={unset} onClose={() => setUnset(undefined)} />}
    </>
  );
}

function SetWindow({
  name,
  now,
  onClose,
  service,
}: {
  readonly service: string;
  readonly name: string;
  readonly now: unknown;
  readonly onClose: () => void;
}): ReactNode {
  const [text, setText] = useState(typeof now === "string" ? now : (JSON.stringify(now) ?? ""));
  return (
    <DeedWindow
      deed={{
        title: `Set ${name}`,
        effect: `${service} starts anew with it, new copies first; they are watched for 10 s and go back by themselves when they do worse.`,
        command: `kerf config set ${word(service)} ${word(`${name}=${text}`)}`,
        run: async () => {
          const set = { [name]: valueOf(text) as never };
          const { version } = await client.changeConfig({ change: newChangeId(), service, set });
          return `version ${version}`;
        },
      }}
      onClose={onClose}
    >
      <label>
        Value: JSON, or plain text
        <input value={text} onChange={({ target }) => setText(target.value)} />
      </label>
    </DeedWindow>
  );
}

/** As `kerf config set` reads it: JSON where it is some, otherwise text. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
