import { KerfError } from "@kerf/kernel";
import { longestSecret } from "@kerf/service";

/** How the name of a service looks: those that nobody has deployed yet become names of files too. */
const serviceForm = /^[a-z][a-z0-9-]{0,39}$/;
/** How the name of a secret looks. */
const secretForm = /^[a-z][A-Za-z0-9]{0,39}$/;

/** Throws unless what is set ahead of its code is declared by none that runs. `known`: the names that are; `secret`: the name of the secret that is set. */
export function assertAhead(service: string, known: readonly string[], secret?: string): void {
  if (!serviceForm.test(service) || (secret !== undefined && !secretForm.test(secret))) {
    throw new KerfError("invalid_input", {
      message: `${JSON.stringify(secret ?? service)} can be no name of a ${secret === undefined ? "service" : "secret"}.`,
      fix: "Correct the name: it is what the code that comes will declare.",
    });
  }
  if (known.length === 0) return;
  throw new KerfError("conflict", {
    message: `${known.join(", ")} of ${service} is declared by the code that runs.`,
    why: "--ahead is for what only code declares that comes.",
    fix: "Leave --ahead out: then what runs gets it.",
  });
}

/** @throws KerfError `not_found` with the secrets that there are */
export function assertDeclaredSecret(
  service: string,
  name: string,
  secrets: readonly { readonly name: string }[],
): void {
  if (secrets.some((each) => each.name === name)) return;
  throw new KerfError("not_found", {
    message: `${service} declares no secret ${JSON.stringify(name)}.`,
    fix: [
      secrets.length === 0
        ? `Declare it: service(contract, { secrets: [${JSON.stringify(name)}] }).`
        : `Give one of: ${secrets.map((each) => each.name).join(", ")}.`,
      "What only code declares that comes is set with --ahead.",
    ].join(" "),
  });
}

/** No message may quote the value. */
export function assertSecretValue(name: string, value: string): void {
  const size = Buffer.byteLength(value);
  if (size > 0 && size <= longestSecret) return;
  throw new KerfError("invalid_input", {
    message: `The value of ${name} is ${size === 0 ? "empty" : `${size} bytes long`}.`,
    why: `A secret has 1 to ${longestSecret} bytes.`,
    fix:
      size === 0
        ? "Give it on stdin or by --file."
        : "Keep large files elsewhere, and their keys here.",
  });
}
