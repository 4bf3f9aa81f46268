import { useMutation } from "@tanstack/react-query";
import { client } from "./client.ts";
import { queries } from "./queries.ts";

/** What an operator asks of a service. */
export interface Ask {
  readonly service: string;
  readonly action: string;
  readonly input?: Readonly<Record<string, unknown>>;
}

/** Asks a service for what it keeps, or to mend it. */
export async function operate<Output>({ action, input = {}, service }: Ask): Promise<Output> {
  const { output } = await client.operate({
    service,
    action,
    input: input as Record<string, never>,
  });
  return output as Output;
}

/** Mends something, and looks at everything again. */
export const useOperate = () =>
  useMutation({
    mutationFn: (ask: Ask) => operate<unknown>(ask),
    onSettled: () => queries.invalidateQueries(),
  });
