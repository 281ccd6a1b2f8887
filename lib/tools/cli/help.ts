import { Help } from "commander";

/** Terminal width below which descriptions do not fit beside their options. */
const NARROW = 60;

/** The layout of help: on narrow terminals, descriptions are below their options. */
export const helpLayout: Pick<Help, "minWidthToWrap" | "formatItem"> = {
  minWidthToWrap: 20,
  formatItem(this: Help, term: string, width: number, description: string, helper: Help): string {
    const columns = helper.helpWidth ?? 80;
    if (columns >= NARROW || description === "") {
      return Help.prototype.formatItem.call(this, term, width, description, helper);
    }
    const below = helper.boxWrap(description, columns - 6).replaceAll("\n", "\n      ");
    return `  ${term}\n      ${below}`;
  },
};
