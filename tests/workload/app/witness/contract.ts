import { contract } from "kerf/contract";

/** Writes down every event that it is given, in the order in which it is. */
export const witness = contract("witness", { version: "1.0.0", operations: {} });
