/** Which pages of other origins may read this gateway's answers. */
export interface CorsSettings {
  /** Origins such as `https://shop.example`, compared whole; or all there are. */
  readonly origins: readonly string[] | "any";
  /** Whether pages may send cookies and client certificates along; not with `any`. Default false. */
  readonly credentials?: boolean;
  /** Request headers beyond those that Kerf's own clients send. */
  readonly headers?: readonly string[];
  /** How long a browser remembers what it was allowed, seconds. Default 600. */
  readonly maxAgeS?: number;
}

/** Everything that is wrong with the origins that a gateway lets in. */
export function corsProblems(given: unknown): string[] {
  if (given === undefined) return [];
  if (typeof given !== "object" || given === null)
    return ['cors must be { origins: [...] | "any" }'];
  const { origins, credentials, headers, maxAgeS, ...others } = given as Record<string, unknown>;
  const problems = Object.keys(others).map(
    (name) => `cors.${name} is no field; there are origins, credentials, headers, maxAgeS`,
  );
  if (credentials !== undefined && typeof credentials !== "boolean")
    problems.push("cors.credentials must be true or false");
  if (origins === "any") {
    if (credentials === true)
      problems.push("cors: any page could act for whoever visits it; name the origins");
  } else if (!Array.isArray(origins)) {
    problems.push('cors.origins must be a list of origins, or "any"');
  } else problems.push(...origins.flatMap((origin: unknown) => originProblems(origin)));
  const names = headers ?? [];
  if (!Array.isArray(names) || names.some((name) => !isFieldName(name)))
    problems.push("cors.headers must be a list of names of headers in small letters");
  if (maxAgeS !== undefined && !(Number.isSafeInteger(maxAgeS) && (maxAgeS as number) >= 0))
    problems.push("cors.maxAgeS must be whole seconds from 0");
  return problems;
}

function originProblems(given: unknown): string[] {
  const origin = typeof given === "string" ? URL.parse(given)?.origin : undefined;
  if (origin === undefined || origin === "null")
    return [`cors.origins: ${JSON.stringify(given)} is no origin such as "https://shop.example"`];
  return origin === given
    ? []
    : [`cors.origins: ${JSON.stringify(given)} must be ${JSON.stringify(origin)}`];
}

/** Whether it is the name of a header as settings have it. */
export function isFieldName(name: unknown): name is string {
  return typeof name === "string" && /^[a-z0-9-]{1,64}$/.test(name);
}
