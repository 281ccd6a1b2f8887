const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** An extension with its parameters (RFC 6455, section 9.1). */
const EXTENSION = new RegExp(
  `^${TOKEN}(?:[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|"${TOKEN}"))?)*$`,
);
/** A window's size, as the power of two that it is. */
const BITS = /^(?:[89]|1[0-5])$/;

/** Allowed values of parameters of `permessage-deflate` (RFC 7692, section 7.1). */
const PARAMETERS: Readonly<Record<string, (value: string | undefined) => boolean>> = {
  server_no_context_takeover: (value) => value === undefined,
  client_no_context_takeover: (value) => value === undefined,
  server_max_window_bits: (value) => value !== undefined && BITS.test(value),
  client_max_window_bits: (value) => value === undefined || BITS.test(value),
};

/**
 * The first offer of compression that can be accepted; null: there is none, and the socket goes without. One that
 * is not understood is to be declined, and not to be refused (RFC 7692, section 5.1).
 *
 * @param header `Sec-WebSocket-Extensions`. What is not a list of extensions comes back as it is, to be refused.
 */
export function acceptableOffer(header: string): string | null {
  const extensions = header.split(",").map((extension) => extension.trim());
  if (!extensions.every((extension) => EXTENSION.test(extension))) return header;
  return extensions.find(isAcceptable) ?? null;
}

function isAcceptable(extension: string): boolean {
  const [name, ...parameters] = extension.split(";").map((part) => part.trim());
  const seen = new Set<string>();
  return name === "permessage-deflate" && parameters.every((parameter) => {
    const [key, value] = parameter.split("=").map((part) => part.trim().replaceAll('"', ""));
    const isNew = !seen.has(key!);
    seen.add(key!);
    return isNew && Object.hasOwn(PARAMETERS, key!) && PARAMETERS[key!]!(value);
  });
}
