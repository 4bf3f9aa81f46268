import type { FetchHandler } from "./fetch-handler.ts";

/** What API Gateway (HTTP APIs, payload 2.0) and function URLs of AWS Lambda send, as far as it is read. */
export interface LambdaEvent {
  readonly version: string;
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly cookies?: readonly string[] | undefined;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly requestContext: {
    readonly domainName: string;
    readonly http: { readonly method: string };
  };
  readonly body?: string | undefined;
  readonly isBase64Encoded: boolean;
}

/** What they take as an answer. */
export interface LambdaAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

const textual = /^(?:text\/|application\/(?:[a-z.-]+\+)?json\b)/;

/** The same service as a handler of AWS Lambda. What it records has left before it answers, since the function may stop then. Answers are whole: streams end with their deadline. */
export function lambdaHandler(
  handler: FetchHandler,
): (event: LambdaEvent) => Promise<LambdaAnswer> {
  return async (event) => {
    const response = await handler(requestOf(event));
    const bytes = Buffer.from(await response.arrayBuffer());
    await handler.flush();
    const isText =
      textual.test(response.headers.get("content-type") ?? "text/") &&
      !response.headers.has("content-encoding");
    return {
      statusCode: response.status,
      headers: Object.fromEntries([...response.headers].filter(([name]) => name !== "set-cookie")),
      cookies: response.headers.getSetCookie(),
      body: bytes.toString(isText ? "utf8" : "base64"),
      isBase64Encoded: !isText,
    };
  };
}

function requestOf({ body, cookies, headers, isBase64Encoded, ...event }: LambdaEvent): Request {
  const { domainName, http } = event.requestContext;
  const query = event.rawQueryString === "" ? "" : `?${event.rawQueryString}`;
  const given = new Headers();
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) given.set(name, value);
  if (cookies !== undefined && cookies.length > 0) given.set("cookie", cookies.join("; "));
  const hasBody = body !== undefined && http.method !== "GET" && http.method !== "HEAD";
  return new Request(`https://${domainName}${event.rawPath}${query}`, {
    method: http.method,
    headers: given,
    ...(hasBody ? { body: Buffer.from(body, isBase64Encoded ? "base64" : "utf8") } : undefined),
  });
}
