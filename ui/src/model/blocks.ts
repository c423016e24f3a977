/** Blocks as they go over the wire, to and from ProseMirror's nodes. */

import { Fragment, Mark, type Node } from "prosemirror-model";

import type { Block } from "../bindings/Block";
import type { Inline } from "../bindings/Inline";
import type { Value } from "../bindings/Value";
import type { Marker } from "./marker";
import { markerOf, schema, typeFor } from "./schema";

export type Marks = Inline["marks"];

/** The soft line break, one unit long like its node. */
export const SOFT_BREAK = "\u2028";

/** The mark for a key and a value of the wire. */
export function markFor(key: string, value: Value): Mark {
  if (value === true && (key === "bold" || key === "italic" || key === "code")) return schema.marks[key].create();
  if (key === "link" && typeof value === "string") return schema.marks.link.create({ href: value });
  return schema.marks.opaque.create({ key, value });
}

/** The key and the value of the wire for a mark. */
export function wireMark(mark: Mark): { key: string; value: Value } {
  switch (mark.type.name) {
    case "link":
      return { key: "link", value: String(mark.attrs.href) };
    case "opaque":
      return { key: String(mark.attrs.key), value: mark.attrs.value as Value };
    default:
      return { key: mark.type.name, value: true };
  }
}

function toMarks(marks: Marks): readonly Mark[] {
  const found = Object.entries(marks).flatMap(([key, value]) => (value === undefined ? [] : [markFor(key, value)]));
  return Mark.setFrom(found);
}

function toMap(marks: readonly Mark[]): Marks {
  const entries = marks.map(wireMark).map(({ key, value }): [string, Value] => [key, value]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function sameMarks(a: Marks, b: Marks): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** The inlines with empty ones left out and neighbours of like marks made one. */
export function tidyInlines(inlines: readonly Inline[]): Inline[] {
  const tidy: Inline[] = [];
  for (const inline of inlines) {
    const last = tidy.at(-1);
    if (inline.text === "") continue;
    if (last !== undefined && sameMarks(last.marks, inline.marks)) {
      tidy[tidy.length - 1] = { text: last.text + inline.text, marks: last.marks };
    } else {
      tidy.push(inline);
    }
  }
  return tidy;
}

export function toFragment(inlines: readonly Inline[]): Fragment {
  const found: Node[] = [];
  for (const { text, marks } of inlines) {
    const set = toMarks(marks);
    for (const part of text.split(/([\u2028\n])/)) {
      if (part === SOFT_BREAK || part === "\n") found.push(schema.nodes.soft_break.create(null, null, set));
      else if (part !== "") found.push(schema.text(part, set));
    }
  }
  return Fragment.fromArray(found);
}

export function toInlines(content: Fragment): Inline[] {
  const found: Inline[] = [];
  content.forEach((node) => {
    const text = node.isText ? (node.text ?? "").replaceAll("\n", SOFT_BREAK) : SOFT_BREAK.repeat(node.nodeSize);
    found.push({ text, marks: toMap(node.marks) });
  });
  return tidyInlines(found);
}

export function blockNode(marker: Marker, content: Fragment = Fragment.empty): Node {
  return typeFor(marker).create({ marker }, content);
}

export function toNode(block: Block): Node {
  return blockNode(block.attrs, toFragment(block.content));
}

export function toBlock(node: Node): Block {
  return { attrs: { ...markerOf(node) }, content: toInlines(node.content) };
}

export function toDoc(blocks: readonly Block[]): Node {
  return schema.nodes.doc.create(null, blocks.map(toNode));
}

export function toBlocks(doc: Node): Block[] {
  const blocks: Block[] = [];
  doc.forEach((node) => blocks.push(toBlock(node)));
  return blocks;
}
