import { clientPanel, type SocketEntry } from "./client_panel.ts";
import { escapeHtml } from "./escape_html.ts";
import LANDING_CSS from "./pages/landing.css" with { type: "text" };
import LANDING_HTML from "./pages/landing.html" with { type: "text" };

/** The page, with its style in it. */
const PAGE = LANDING_HTML.replace(
  '<link rel="stylesheet" href="landing.css">',
  () => `<style>${LANDING_CSS}</style>`,
);

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
 * The page at `/`: the services, with links. Needs no network, and without a client no script.
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
  const body = PAGE.replace(/\{\{ (\w+) \}\}/g, (_, name) => parts[name]!);
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
