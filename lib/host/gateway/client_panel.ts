import { CLIENT_SCRIPT } from "./client_script.ts";
import { escapeHtml } from "./escape_html.ts";

/** Where a client can connect. */
export interface SocketEntry {
  service: string;
  /** Path, with parameters as `:name`. */
  path: string;
  /** Parameters as they stand in the path. */
  params: readonly string[];
  /** What to know before; "": nothing. */
  note: string;
}

/** A small client for the landing page, and what the page's headers must allow for it. */
export function clientPanel(
  sockets: readonly SocketEntry[],
  host: string,
): { html: string; policy: string } {
  const nonce = crypto.getRandomValues(new Uint8Array(16)).toBase64();
  // Not every browser takes 'self' for websockets; and a host that is none must not get into the header.
  const own = /^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : "";
  return {
    html: PANEL.replace("{{options}}", () => sockets.map(option).join("")) +
      `<script nonce="${nonce}">${CLIENT_SCRIPT}</script>`,
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

const PANEL = `<style>
  .client { margin-top: 2.5rem; padding: 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
  .client h2 { margin-bottom: .75rem; font-size: 1.5rem; letter-spacing: -.02em; }
  .client form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; }
  .client label { display: grid; gap: .25rem; color: var(--soft); font-size: .875rem; min-width: 0; }
  .client .wide { flex: 2 1 14rem; } .client form > label:first-child:not(.wide) { flex: 1 1 12rem; }
  .client :is(select, input:not([type]), textarea) { width: 100%; min-width: 0; padding: .5rem .625rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--paper); color: var(--ink); font: .9375rem/1.4 ui-monospace, monospace; text-overflow: ellipsis; }
  .client textarea { display: block; resize: vertical; }
  .client button { min-height: 2.5rem; padding: .5rem 1rem; border: 1px solid var(--accent); border-radius: .5rem; background: var(--accent); color: var(--card); font: 600 .9375rem/1.2 system-ui, sans-serif; cursor: pointer; }
  .client button.quiet { background: none; border-color: var(--line); color: var(--ink); }
  .client :is(select, input, textarea, button, #frames):focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
  .client fieldset { display: flex; gap: 1rem; margin: 0; padding: 0; border: 0; flex: 1 1 12rem; }
  .client fieldset label { display: flex; align-items: center; gap: .4rem; min-height: 2.5rem; color: var(--ink); }
  .client legend { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .client input[type=radio] { accent-color: var(--accent); margin: 0; }
  .client .line { display: flex; flex-wrap: wrap; gap: .25rem .75rem; margin: .75rem 0 .5rem; font-size: .875rem; color: var(--soft); }
  .client .line :last-child { margin-left: auto; }
  #state::before { content: ""; display: inline-block; width: .5rem; height: .5rem; margin-right: .4rem; border-radius: 50%; background: var(--soft); }
  #state.on::before { background: #3a9a5c; } #state.wait::before { background: #c9982b; }
  #problem { color: #b3372f; } @media (prefers-color-scheme: dark) { #problem { color: #f08a80; } }
  #frames { height: 16rem; overflow: auto; margin-bottom: .75rem; padding: .5rem .625rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--paper); font: .8125rem/1.5 ui-monospace, monospace; }
  #frames:empty::before { content: "What is sent and received is shown here."; color: var(--soft); }
  .frame { display: grid; grid-template-columns: 6rem 1.25rem 4.5rem 1fr; gap: .625rem; padding: .0625rem 0; }
  .frame :is(time, .size) { color: var(--soft); } .frame .size { text-align: right; white-space: nowrap; }
  .frame .arrow { color: var(--accent); text-align: center; font: 700 1rem/1.2 system-ui, sans-serif; } .frame.in .arrow { color: #3a9a5c; }
  .frame bdi { min-width: 0; white-space: pre-wrap; overflow-wrap: anywhere; } .frame .bytes { font-style: italic; }
  .frame.note { grid-template-columns: 6rem 1fr; color: var(--soft); }
  @media (max-width: 34rem) {
    .client { padding: 1rem; } .client .wide, .client fieldset { flex-basis: 100%; } .client form > label:first-child:not(.wide) { flex-basis: 100%; }
    #connect button, #compose button[type=submit] { flex: 1; }
    .frame { grid-template-columns: auto auto 1fr; gap: 0 .5rem; padding: .25rem 0; } .frame .size { text-align: left; } .frame bdi { grid-column: 1 / -1; }
    .frame.note { grid-template-columns: 1fr; }
  }
</style>
<section class="client" aria-labelledby="client">
  <h2 id="client">Client</h2>
  <form id="connect" autocomplete="off">
    <label>Service <select id="service">{{options}}</select></label>
    <label class="wide">URL <input id="url" spellcheck="false" autocapitalize="off" placeholder="/services/hello?name=Ada"></label>
    <button>Connect</button>
  </form>
  <p class="line"><span id="state" role="status">Not connected</span><span id="problem" role="alert"></span><span id="count"></span></p>
  <div id="frames" role="log" aria-label="Frames" tabindex="0"></div>
  <form id="compose" autocomplete="off">
    <label class="wide" style="flex-basis: 100%">Message (Enter sends, Shift+Enter is a new line) <textarea id="message" rows="2" spellcheck="false"></textarea></label>
    <fieldset><legend>Send as</legend><label><input type="radio" name="as" value="text" checked> Text</label><label><input type="radio" name="as" value="bytes"> Bytes (hex)</label></fieldset>
    <button type="button" id="clear" class="quiet">Clear</button>
    <button type="submit">Send</button>
  </form>
</section>
`;
