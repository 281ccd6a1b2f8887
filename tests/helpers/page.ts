import { assert } from "@std/assert";

/** The first block of this language on a page that contains a text. */
export function block(page: string, language: string, containing = ""): string {
  const blocks = Deno.readTextFileSync(page).matchAll(/^```(\w+)[^\n]*\n([^]*?)^```$/gm);
  const found = [...blocks].find((match) =>
    match[1] === language && match[2]!.includes(containing)
  );
  assert(found, `no ${language} block with ${containing} in ${page}`);
  return found[2]!;
}

/** The text with every one of these parts exchanged; a part that it does not have is an error. */
export function exchange(text: string, parts: Record<string, string>): string {
  for (const [part, other] of Object.entries(parts)) {
    assert(text.includes(part), `there is no "${part}" in:\n${text}`);
    text = text.replaceAll(part, other);
  }
  return text;
}
