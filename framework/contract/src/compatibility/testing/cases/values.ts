import { z } from "zod";
import { query } from "../../../operation.ts";

/** The id of a product. */
export const sku = z.string();

/** A line of an order, whose quantity is what cases change. */
export const line = <Quantity extends z.ZodType>(quantity: Quantity) => z.object({ sku, quantity });

/** Ways to pay, told apart by `method`. */
export const card = z.object({ method: z.literal("card"), token: z.string() });
export const invoice = z.object({ method: z.literal("invoice"), days: z.int() });
export const cash = z.object({ method: z.literal("cash") });

/** An answer with nothing in it. */
export const done = z.object({});

/** An operation that cases leave as it is. */
export const same = query({ input: done, output: done });
