/** What a writer loses with changes that the session refuses. */

import type { Change } from "../bindings/Change";
import type { Inline } from "../bindings/Inline";
import { SOFT_BREAK } from "./blocks";

function plain(content: readonly Inline[]): string {
  return content.map(({ text }) => text.replaceAll(SOFT_BREAK, "\n")).join("");
}

/** The text that these changes put on the page, a block a line. */
export function writtenText(changes: readonly Change[]): string {
  let text = "";
  for (const change of changes) {
    if (change.type === "splice") text += plain(change.insert);
    else if (change.type === "split") text += "\n";
    else if (change.type === "insert") text += `\n${change.blocks.map(({ content }) => plain(content)).join("\n")}\n`;
  }
  return text.replace(/\n{2,}/g, "\n").trim();
}
