import { InvalidArgumentError } from "commander";

/** Headers of the handshake itself, each with the flag that sets it; null: it cannot be set. */
const RESERVED: Readonly<Record<string, string | null>> = {
  "connection": null,
  "upgrade": null,
  "content-length": null,
  "transfer-encoding": null,
  "sec-websocket-accept": null,
  "sec-websocket-extensions": null,
  "sec-websocket-key": null,
  "sec-websocket-version": null,
  "sec-websocket-protocol": "--subprotocol",
};

/** Characters of a header's name, and of a subprotocol's (RFC 9110, section 5.6.2). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** Headers by lower-case name; one that is given twice is sent twice. */
export type RequestHeaders = Record<string, string[]>;

/** Adds `Name: value` to those before it. */
export function addHeader(text: string, before: RequestHeaders = {}): RequestHeaders {
  const colon = text.indexOf(":");
  const name = text.slice(0, Math.max(0, colon)).trim().toLowerCase();
  if (!TOKEN.test(name)) {
    throw new InvalidArgumentError(
      "Expected 'Name: value', for example 'Origin: https://a.example'.",
    );
  }
  const value = text.slice(colon + 1).trim();
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    throw new InvalidArgumentError(
      "A header's value has no control characters, and none past U+00FF.",
    );
  }
  const instead = RESERVED[name];
  if (instead !== undefined) {
    throw new InvalidArgumentError(
      instead === null ? "The handshake sends this header itself." : `Say it with ${instead}.`,
    );
  }
  return { ...before, [name]: [...before[name] ?? [], value] };
}

/** Adds a subprotocol to those before it. */
export function addSubprotocol(name: string, before: string[] = []): string[] {
  if (!TOKEN.test(name)) {
    throw new InvalidArgumentError("A subprotocol is of letters, digits and !#$%&'*+-.^_`|~.");
  }
  if (before.includes(name)) throw new InvalidArgumentError("It was already given.");
  return [...before, name];
}
