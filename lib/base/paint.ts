import { styleText } from "node:util";

const STYLES = ["bold", "dim", "red", "green", "yellow", "blue", "magenta", "cyan"] as const;

/** Functions that style a text for a terminal. */
export type Paint = Record<typeof STYLES[number], (text: string) => string>;

/** @param isColored Whether to style; otherwise texts stay as they are. */
export function painter(isColored: boolean): Paint {
  const styled = (style: typeof STYLES[number]) => (text: string) =>
    isColored ? styleText(style, text, { validateStream: false }) : text;
  return Object.fromEntries(STYLES.map((style) => [style, styled(style)])) as Paint;
}
