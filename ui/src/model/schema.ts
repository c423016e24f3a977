/**
 * The page as ProseMirror sees it: a flat list of blocks, each with text in it.
 *
 * A block's node type follows from its marker's kind, and the node carries the whole marker, so that attributes
 * not known here go round untouched. Every kind of block holds text, a divider too: a position on the page is
 * then one and the same thing for the window and for the session, one unit a UTF-16 unit. A soft line break
 * (U+2028 on the wire) is a leaf of size one.
 */

import { Schema, type DOMOutputSpec, type MarkSpec, type NodeSpec, type NodeType, type Node } from "prosemirror-model";

import { safeLink } from "./links";
import { familyOf, isChecked, kindOf, languageOf, marker, type Family, type Kind, type Marker } from "./marker";
import { blockRules, markRules } from "./parse";

/**
 * The attributes for style sheets and screen readers that blocks of every kind have. The level is not among them: it
 * hangs on the blocks above.
 */
function shown(node: Node, more: Record<string, string> = {}): Record<string, string> {
  return { class: `block ${node.type.name}`, "data-kind": kindOf(markerOf(node)), ...more };
}

function item(node: Node): Record<string, string> {
  return shown(node, { role: "listitem" });
}

function block(family: Family, kind: Kind, toDOM: (node: Node) => DOMOutputSpec, more: Partial<NodeSpec> = {}): NodeSpec {
  return {
    content: "inline*",
    group: "block",
    // Blocks can't be selected as objects: a selection always has a place in text at both ends.
    selectable: false,
    defining: family !== "paragraph",
    attrs: { marker: { default: marker(kind) } },
    toDOM,
    parseDOM: blockRules(family),
    ...more,
  };
}

const nodes = {
  doc: { content: "block*" },
  paragraph: block("paragraph", "paragraph", (node) => ["p", shown(node), 0]),
  heading: block("heading", "heading1", (node) => [`h${headingLevel(markerOf(node))}`, shown(node), 0]),
  bullet: block("bullet", "bullet", (node) => ["div", item(node), 0]),
  number: block("number", "number", (node) => ["div", item(node), 0]),
  task: block("task", "task", (node) => [
    "div",
    { ...item(node), "data-checked": String(isChecked(markerOf(node))) },
    0,
  ]),
  quote: block("quote", "quote", (node) => ["blockquote", shown(node), 0]),
  code_block: block(
    "code_block",
    "code",
    (node) => {
      const language = languageOf(markerOf(node));
      return ["pre", shown(node, { spellcheck: "false", ...(language ? { "data-language": language } : {}) }), ["code", 0]];
    },
    // Marks stay on the text of a code block, unseen, so that they are back when it becomes a paragraph again.
    { code: true, whitespace: "pre" },
  ),
  divider: block("divider", "divider", (node) => ["div", shown(node), 0]),
  // The text of an image or a file is its caption.
  image: block("image", "image", (node) => ["figure", shown(node), 0]),
  file: block("file", "file", (node) => ["figure", shown(node), 0]),
  opaque_block: block("opaque_block", "paragraph", (node) => ["div", shown(node, { contenteditable: "false" }), 0]),
  text: { group: "inline" },
  soft_break: {
    group: "inline",
    inline: true,
    selectable: false,
    leafText: () => "\n",
    parseDOM: [{ tag: "br.Apple-interchange-newline", ignore: true }, { tag: "br" }],
    toDOM: () => ["br"],
  },
} satisfies Record<string, NodeSpec>;

const marks = {
  link: {
    attrs: { href: {} },
    inclusive: false,
    parseDOM: markRules.link,
    toDOM: (mark) => {
      const href = safeLink(String(mark.attrs.href));
      return href === null ? ["span", { class: "refused-link" }, 0] : ["a", { href, rel: "noopener noreferrer", title: href }, 0];
    },
  },
  bold: { parseDOM: markRules.bold, toDOM: () => ["strong", 0] },
  italic: { parseDOM: markRules.italic, toDOM: () => ["em", 0] },
  code: { parseDOM: markRules.code, toDOM: () => ["code", { spellcheck: "false" }, 0] },
  /** A mark that this version doesn't know. Several of them may stand on the same text. */
  opaque: {
    attrs: { key: {}, value: {} },
    inclusive: false,
    excludes: "",
    toDOM: (mark) => ["span", { class: "opaque-mark", "data-mark": String(mark.attrs.key) }, 0],
  },
} satisfies Record<string, MarkSpec>;

export const schema = new Schema<keyof typeof nodes, keyof typeof marks>({ nodes, marks });

export function markerOf(node: Node): Marker {
  return node.attrs.marker as Marker;
}

export function typeFor(marker: Marker): NodeType {
  return schema.nodes[familyOf(marker)];
}

export function headingLevel(marker: Marker): 1 | 2 | 3 {
  const kind = kindOf(marker);
  return kind === "heading3" ? 3 : kind === "heading2" ? 2 : 1;
}
