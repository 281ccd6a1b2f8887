import { clientPanel, type SocketEntry } from "./client_panel.ts";
import { escapeHtml } from "./escape_html.ts";

/** One service on the landing page. */
export interface LandingEntry {
  name: string;
  system: string;
  state: string;
  /** Its own URL. */
  url: string;
  /** Where a browser can go; null: it has nothing for one. */
  link: string | null;
  /** Its flows, drawn as SVG; null: too large. */
  flows: { name: string; drawing: string | null }[];
}

/**
 * The page at `/`: what is served here, and links to it. Needs no network, and without a client no script.
 *
 * @param client Where a client can connect, and the server's host; null: the page has none.
 */
export function landingPage(
  app: string,
  entries: readonly LandingEntry[],
  client: { sockets: readonly SocketEntry[]; host: string } | null = null,
): Response {
  const panel = client === null ? null : clientPanel(client.sockets, client.host);
  const count = entries.length === 1 ? "1 service" : `${entries.length} services`;
  const parts: Record<string, string> = {
    app: escapeHtml(app),
    count,
    services: entries.length === 0 ? EMPTY : `<ul>${entries.map(card).join("")}</ul>`,
    client: panel?.html ?? "",
    flows: figures(entries),
  };
  const body = PAGE.replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]!);
  return new Response(body, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:" +
        (panel === null ? "" : `; ${panel.policy}`),
      "cache-control": "no-store",
    },
  });
}

/** The flows of all services, drawn; nothing, if there are none. */
function figures(entries: readonly LandingEntry[]): string {
  const all = entries.flatMap(({ name: service, flows }) =>
    flows.map(({ name, drawing }) => {
      const title = name === service ? name : `${service}/${name}`;
      const picture = drawing ??
        `<p>Too large to be drawn here: <code>flow ${escapeHtml(service)}</code> prints it.</p>`;
      return `<figure><figcaption>${escapeHtml(title)}</figcaption>` +
        `<div tabindex="0" role="group" aria-label="Flow ${
          escapeHtml(title)
        }">${picture}</div></figure>`;
    })
  );
  return all.length === 0 ? "" : `<h2 id="flows">Flows</h2>${all.join("")}`;
}

function card({ name, system, state, url, link }: LandingEntry): string {
  const title = state === "running" && link !== null
    ? `<a href="${escapeHtml(link)}">${escapeHtml(name)}</a>`
    : `<span>${escapeHtml(name)}</span>`;
  return `<li class="${escapeHtml(state)}"><h2>${title}</h2><p class="facts"><span>${
    escapeHtml(system)
  }</span>` +
    `<span class="state">${escapeHtml(state)}</span></p><code>${escapeHtml(url)}</code></li>`;
}

const EMPTY = `<p>No services yet. Put a controller at <code>services/hello/hello.ts</code>.</p>`;

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{app}} · Switchboard</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; --ink: #1d2433; --soft: #5c667a; --paper: #f6f4ef; --card: #fff; --line: #e0dccf; --accent: #b4501e; }
  @media (prefers-color-scheme: dark) { :root { --ink: #ece8df; --soft: #a39e92; --paper: #17191e; --card: #20232a; --line: #343842; --accent: #f0935a; } }
  * { box-sizing: border-box; }
  body { margin: 0; min-height: 100dvh; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
  main { max-width: 60rem; margin: 0 auto; padding: clamp(1.5rem, 6vw, 5rem) 1.25rem; }
  h1 { margin: 0; font-size: clamp(2rem, 7vw, 3.25rem); line-height: 1.1; letter-spacing: -.03em; }
  h1 + p { margin: .5rem 0 2.5rem; color: var(--soft); }
  ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); }
  li { position: relative; padding: 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; transition: border-color .15s, transform .15s; }
  li.running:hover, li.running:focus-within { border-color: var(--accent); transform: translateY(-2px); }
  h2 { margin: 0 0 .25rem; font-size: 1.25rem; overflow-wrap: anywhere; }
  a { color: inherit; text-decoration: none; }
  a::after { content: ""; position: absolute; inset: 0; border-radius: inherit; }
  a:focus-visible { outline: none; }
  a:focus-visible::after { outline: 3px solid var(--accent); outline-offset: 2px; }
  .facts { margin: 0 0 .75rem; display: flex; gap: .75rem; color: var(--soft); font-size: .875rem; }
  .state::before { content: ""; display: inline-block; width: .5rem; height: .5rem; margin-right: .4rem; border-radius: 50%; background: #3a9a5c; }
  .failed .state::before { background: #c23b3b; } :is(.starting, .restarting) .state::before { background: #c9982b; }
  code { font: .8125rem/1.4 ui-monospace, monospace; color: var(--soft); overflow-wrap: anywhere; }
  #flows { margin: 2.5rem 0 1rem; font-size: 1.5rem; letter-spacing: -.02em; }
  figure { margin: 0 0 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
  figcaption { padding: 1rem 1.25rem 0; font-weight: 600; overflow-wrap: anywhere; }
  figure div { overflow-x: auto; padding: .5rem .75rem .75rem; border-radius: .75rem; } figure p { margin: 0; padding: .5rem; color: var(--soft); }
  figure div:focus-visible { outline: 3px solid var(--accent); outline-offset: -3px; }
  svg { display: block; } svg text { font: 13px ui-monospace, monospace; text-anchor: middle; fill: var(--soft); }
  svg .name { font-weight: 600; fill: var(--ink); } svg rect { fill: var(--paper); stroke: var(--line); stroke-width: 1.5; }
  .trigger rect { stroke: var(--accent); } .library rect { stroke-dasharray: 5 4; stroke: var(--soft); }
  .edge path { fill: none; stroke: var(--soft); stroke-width: 1.25; } .edge .head { fill: var(--soft); stroke: none; }
  svg .label rect { fill: var(--card); stroke: none; }
  footer { margin-top: 3rem; color: var(--soft); font-size: .875rem; }
  footer a { position: relative; color: var(--accent); text-decoration: underline; } footer a::after { inset: -.25rem; }
  @media (prefers-reduced-motion: reduce) { li { transition: none; } }
</style>
<main>
  <h1>Switchboard</h1>
  <p>{{count}} in application “{{app}}”</p>
  {{services}}
  {{client}}
  {{flows}}
  <footer><a href="/readyz">Readiness</a> &nbsp; <a href="/healthz">Health</a></footer>
</main>
</html>
`;
