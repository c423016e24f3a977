/**
 * What foreign HTML means here. Pasted text goes through these rules and no other way; whatever no rule names
 * keeps its text and loses its looks.
 */

import type { TagParseRule, ParseRule } from "prosemirror-model";

import { safeLink } from "./links";
import { familyOf, kindOf, marker, MAX_INDENT, type Family, type Kind, type Marker } from "./marker";

/** The attribute in which copied blocks carry their markers, so that a paste into Inkfold loses nothing. */
export const MARKER_ATTRIBUTE = "data-inkfold-marker";

const BLOCKS = "p,div,ul,ol,li,pre,blockquote,h1,h2,h3,h4,h5,h6,table,hr";

function listDepth(element: Element): number {
  let depth = 0;
  for (let up = element.parentElement; up !== null; up = up.parentElement) {
    if (up.nodeName === "UL" || up.nodeName === "OL") depth += 1;
  }
  return Math.max(0, Math.min(MAX_INDENT, depth - 1));
}

function indented(kind: Kind, indent: number): Marker {
  return indent > 0 ? marker(kind, { indent }) : marker(kind);
}

/** The marker of a list item of HTML, which may be a task as GitHub and others write them. */
function itemMarker(item: Element): Marker {
  const depth = listDepth(item);
  const checkbox = item.querySelector(":scope > input[type=checkbox], :scope > label > input[type=checkbox], :scope > p > input[type=checkbox]");
  if (checkbox !== null) {
    const checked = checkbox.hasAttribute("checked");
    return { ...indented("task", depth), ...(checked ? { checked: true } : {}) };
  }
  return indented(item.closest("ul, ol")?.nodeName === "OL" ? "number" : "bullet", depth);
}

/** What an element of foreign HTML becomes, or null where it is no block of its own. */
function meaning(element: HTMLElement): Marker | null {
  const name = element.nodeName;
  switch (name) {
    case "P": {
      const parent = element.parentElement;
      if (parent?.nodeName === "LI") {
        return parent.firstElementChild === element ? itemMarker(parent) : indented("paragraph", listDepth(parent) + 1);
      }
      return element.closest("blockquote") !== null ? marker("quote") : marker("paragraph");
    }
    case "TD":
    case "TH":
      return element.querySelector(BLOCKS) === null ? marker("paragraph") : null;
    case "LI":
      return element.firstElementChild?.nodeName === "P" ? null : itemMarker(element);
    case "BLOCKQUOTE":
      return element.querySelector(BLOCKS) === null ? marker("quote") : null;
    case "PRE": {
      const language = /(?:language|lang)-([\w+#.-]+)/.exec(`${element.className} ${element.firstElementChild?.className ?? ""}`);
      return language?.[1] ? marker("code", { language: language[1] }) : marker("code");
    }
    case "HR":
      return marker("divider");
    default:
      if (/^H[1-6]$/.test(name)) return marker(`heading${Math.min(3, Number(name[1]))}` as Kind);
      return null;
  }
}

function carriedMarker(element: HTMLElement): Marker | null {
  try {
    const carried: unknown = JSON.parse(element.getAttribute(MARKER_ATTRIBUTE) ?? "null");
    if (typeof carried !== "object" || carried === null || Array.isArray(carried)) return null;
    const entries = Object.entries(carried).filter(
      (entry): entry is [string, string | number | boolean] =>
        typeof entry[1] === "string" || typeof entry[1] === "boolean" || Number.isInteger(entry[1]),
    );
    const block: Marker = Object.fromEntries(entries);
    return { ...block, kind: kindOf(block) };
  } catch {
    return null;
  }
}

const TAGS: Record<Family, string[]> = {
  paragraph: ["p", "td", "th"],
  heading: ["h1", "h2", "h3", "h4", "h5", "h6"],
  bullet: ["li", "li > p"],
  number: ["li", "li > p"],
  task: ["li", "li > p"],
  quote: ["blockquote", "blockquote p"],
  code_block: ["pre"],
  divider: ["hr"],
  // Only what carries a marker: an image of foreign HTML lies somewhere on the web, and nothing is fetched from there.
  image: [],
  file: [],
  opaque_block: [],
};

/** The rules of one node type: each takes an element only if it means a block of that type. */
export function blockRules(family: Family): TagParseRule[] {
  const rule = (tag: string, priority: number, read: (element: HTMLElement) => Marker | null): TagParseRule => ({
    tag,
    priority,
    ...(family === "code_block" ? { preserveWhitespace: "full" as const } : {}),
    getAttrs: (element) => {
      const found = read(element);
      return found !== null && familyOf(found) === family ? { marker: found } : false;
    },
  });
  return [rule(`[${MARKER_ATTRIBUTE}]`, 80, carriedMarker), ...TAGS[family].map((tag) => rule(tag, 60, meaning))];
}

export const markRules: Record<"link" | "bold" | "italic" | "code", ParseRule[]> = {
  link: [
    {
      tag: "a[href]",
      getAttrs: (element) => {
        const href = safeLink(element.getAttribute("href") ?? "");
        return href === null ? false : { href };
      },
    },
  ],
  bold: [
    { tag: "strong" },
    // Google Docs wraps whatever is copied in a <b> that isn't bold.
    { tag: "b", getAttrs: (element) => element.style.fontWeight !== "normal" && null },
    { style: "font-weight", getAttrs: (value) => /^(bold(er)?|[6-9]\d{2})$/.test(value) && null },
  ],
  italic: [
    { tag: "em" },
    { tag: "i", getAttrs: (element) => element.style.fontStyle !== "normal" && null },
    { style: "font-style=italic" },
  ],
  code: ["code", "tt", "kbd"].map((tag) => ({ tag, getAttrs: (element) => element.closest("pre") === null && null })),
};
