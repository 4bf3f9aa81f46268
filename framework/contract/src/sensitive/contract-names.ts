import type { Contract } from "../contract.ts";
import type { ContractDescription } from "../description.ts";
import type { ErrorDeclaration } from "../declared-error.ts";
import type { EventDeclaration } from "../event.ts";
import type { Operation } from "../operation.ts";
import { isSchema, type JsonSchema, type Schema } from "../schema.ts";
import { sensitiveFields, sensitiveFieldsOf } from "./fields.ts";

/** The names of all fields that a contract marks: of its inputs, outputs, errors and events. */
export function sensitiveNames(contract: Contract<any, any, any>): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (schema: unknown, side: "input" | "output"): void => {
    if (!isSchema(schema)) return;
    for (const name of sensitiveFields(schema as Schema, side)?.names ?? []) names.add(name);
  };
  for (const operation of Object.values(contract.operations as Record<string, Operation>)) {
    add(operation.input, "input");
    add(operation.output, "output");
    const errors = operation.errors as Record<string, ErrorDeclaration<Schema | undefined>>;
    for (const { data } of Object.values(errors)) add(data, "output");
  }
  for (const { schema } of Object.values(contract.events as Record<string, EventDeclaration>))
    add(schema, "output");
  return names;
}

/** The same of contracts as data. */
export function sensitiveNamesIn(contracts: readonly ContractDescription[]): ReadonlySet<string> {
  const schemas: (JsonSchema | undefined)[] = contracts.flatMap(({ events, operations }) => [
    ...Object.values(operations).flatMap(({ errors, input, output }) => [
      input,
      output,
      ...Object.values(errors).map(({ data }) => data),
    ]),
    ...Object.values(events).map(({ schema }) => schema),
  ]);
  return new Set(
    schemas.flatMap((json) =>
      json === undefined ? [] : [...(sensitiveFieldsOf(json)?.names ?? [])],
    ),
  );
}
