import defer * as nodeCrypto from "node:crypto";
import { resolve } from "@std/path";
import { messageOf, SwitchboardError } from "../base/errors.ts";

/** A certificate chain and its key, PEM. */
export interface KeyPair {
  cert: string;
  key: string;
}

/**
 * Reads a certificate and its key.
 *
 * @param root The folder that the paths are relative to.
 * @throws {SwitchboardError} `SB_TLS`, if one cannot be read, or is none.
 */
export function readKeyPair(root: string, paths: { cert: string; key: string }): KeyPair {
  const cert = read(root, paths.cert, "cert", /-----BEGIN CERTIFICATE-----/);
  const key = read(root, paths.key, "key", /-----BEGIN (?:RSA |EC )?PRIVATE KEY-----/);
  return { cert, key };
}

/**
 * Makes sure that a key is that of its certificate, without opening a port.
 *
 * @throws {SwitchboardError} `SB_TLS`, if it is not, or one of them is none.
 */
export function checkKeyPair({ cert, key }: KeyPair): void {
  let isPair: boolean;
  try {
    isPair = new nodeCrypto.X509Certificate(cert)
      .checkPrivateKey(nodeCrypto.createPrivateKey(key));
  } catch (error) {
    throw new SwitchboardError(
      "SB_TLS",
      `Cannot use the certificate and the key: ${messageOf(error)}`,
      { cause: error },
    );
  }
  if (isPair) return;
  throw new SwitchboardError(
    "SB_TLS",
    "Cannot use the certificate and the key: the key is not that of the certificate",
  );
}

function read(root: string, path: string, what: "cert" | "key", pattern: RegExp): string {
  const name = what === "cert" ? "a certificate" : "a private key";
  let text: string;
  try {
    text = Deno.readTextFileSync(resolve(root, path));
  } catch (error) {
    throw new SwitchboardError("SB_TLS", `Cannot read ${name} from "${path}": ${messageOf(error)}`);
  }
  if (pattern.test(text)) return text;
  throw new SwitchboardError(
    "SB_TLS",
    `Cannot read ${name} from "${path}": expected PEM, "-----BEGIN ${
      what === "cert" ? "CERTIFICATE" : "PRIVATE KEY"
    }-----"`,
  );
}
