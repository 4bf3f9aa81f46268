import type { IncomingMessage, ServerResponse } from "node:http";
import { type HttpListener, listenHttp } from "@kerf/call/http";
import { KerfError } from "@kerf/kernel";

/**
 * A port that is free now: `port` itself, or any for 0. Throws `start_failed`, saying who has it, when it is taken; what is
 * needed later is looked at before anything is started.
 */
export async function freePort(setting: string, host: string, port: number): Promise<number> {
  const handler = (_request: IncomingMessage, response: ServerResponse): void =>
    void response.destroy();
  const listener = await listenOnPort(setting, { host, port, handler });
  await listener.close();
  return listener.port;
}

/** Listens; what is wrong with the port is told with the name of its setting. */
export async function listenOnPort(
  setting: string,
  options: Parameters<typeof listenHttp>[0],
): Promise<HttpListener> {
  try {
    return await listenHttp(options);
  } catch (cause) {
    if (!(cause instanceof KerfError)) throw cause;
    const { code, message, why, fix, data } = cause;
    throw new KerfError(code, {
      message,
      why,
      fix: `${fix} It is set by ${setting}.`,
      data,
      cause,
    });
  }
}

/** How a person sets the port of the first gateway. */
export const gatewayPortSetting = "--port or PORT";
/** How a person sets the port of the control API. */
export const apiPortSetting = "--platform-port or KERF_PLATFORM_PORT";
