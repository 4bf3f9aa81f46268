/** What a program sent that is no HTTP/1.1 response, or one that could be read in two ways (RFC 9112). */
export class MalformedResponse extends Error {
  override readonly name = "MalformedResponse";
  readonly code: string;

  /** @param code short and stable: what is wrong, for a message to the client; nothing of the bytes themselves */
  constructor(code: string) {
    super(`The answer is not HTTP/1.1: ${code}.`);
    this.code = code;
  }
}
