import { escapeHtml } from "./escape_html.ts";
import CLIENT_CSS from "./pages/client.css" with { type: "text" };
import CLIENT_HTML from "./pages/client.html" with { type: "text" };
import CLIENT_JS from "./pages/client.js" with { type: "text" };

/** Where a client can connect. */
export interface SocketEntry {
  service: string;
  /** Path, with parameters as `:name`. */
  path: string;
  /** Parameters as they stand in the path. */
  params: readonly string[];
  /** A note for the user; "": none. */
  note: string;
}

/** A small client for the landing page, and the permissions that the page's headers must grant. */
export function clientPanel(
  sockets: readonly SocketEntry[],
  host: string,
): { html: string; policy: string } {
  const nonce = crypto.getRandomValues(new Uint8Array(16)).toBase64();
  // Not every browser accepts 'self' for websockets; and an invalid host must not get into the header.
  const own = /^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : "";
  return {
    html: `<style>${CLIENT_CSS}</style>` +
      CLIENT_HTML.replace("{{ options }}", () => sockets.map(option).join("")) +
      `<script nonce="${nonce}">${CLIENT_JS}</script>`,
    policy: `script-src 'nonce-${nonce}'; connect-src 'self'${own}; ` +
      "base-uri 'none'; form-action 'none'",
  };
}

function option({ service, path, params, note }: SocketEntry): string {
  const more = [
    ...params.length > 0 ? [` data-params="${escapeHtml(params.join(" "))}"`] : [],
    ...note !== "" ? [` data-note="${escapeHtml(note)}"`] : [],
  ].join("");
  return `<option value="${escapeHtml(path)}"${more}>${escapeHtml(service)}: ${
    escapeHtml(path)
  }</option>`;
}
