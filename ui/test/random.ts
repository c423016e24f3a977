/** Random pages, and the random things that are done to them. A seed gives the same ones again. */

import type { Block } from "../src/bindings/Block";
import type { Change } from "../src/bindings/Change";
import type { Inline } from "../src/bindings/Inline";
import type { Value } from "../src/bindings/Value";
import { applyChange, textLength } from "../src/model/apply";
import { SOFT_BREAK, tidyInlines } from "../src/model/blocks";

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 2_654_435_761 + 1;
  }

  /** A number from 0 up to, but not including, `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * end);
  }

  chance(one: number): boolean {
    return this.below(one) === 0;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined) throw new RangeError("There is nothing to pick from.");
    return picked;
  }
}

const KINDS = ["paragraph", "paragraph", "heading1", "heading2", "heading3", "bullet", "number", "task", "quote", "code", "divider", "sketch"];
const WORDS = ["a", "bc ", "déf", "語", "ig ", SOFT_BREAK, "xyz", "👩‍🌾", " "];

export function randomMarks(random: Random): Inline["marks"] {
  const marks: Record<string, Value> = {};
  if (random.chance(4)) marks.bold = true;
  if (random.chance(5)) marks.italic = true;
  if (random.chance(7)) marks.code = true;
  if (random.chance(7)) marks.link = random.pick(["https://a.example/", "https://b.example/", "javascript:alert(1)"]);
  if (random.chance(12)) marks.highlight = random.pick(["red", "green"]);
  if (random.chance(12)) marks["comment/7"] = true;
  return marks;
}

export function randomInlines(random: Random): Inline[] {
  return tidyInlines(Array.from({ length: random.below(4) }, () => ({ text: random.pick(WORDS), marks: randomMarks(random) })));
}

export function randomAttrs(random: Random): Block["attrs"] {
  const attrs: Record<string, Value> = { kind: random.pick(KINDS) };
  if (random.chance(3)) attrs.indent = 1 + random.below(4);
  if (random.chance(5)) attrs.checked = random.chance(2);
  if (random.chance(8)) attrs.language = "js";
  if (random.chance(8)) attrs.source = "elsewhere";
  return attrs;
}

export function randomBlocks(random: Random, most = 6): Block[] {
  return Array.from({ length: 1 + random.below(most) }, () => ({ attrs: randomAttrs(random), content: randomInlines(random) }));
}

/** A change that fits the page. It never splits a surrogate pair, and never leaves the page without a block. */
export function randomChange(random: Random, blocks: readonly Block[]): Change {
  const point = (least = 0): { block: number; offset: number } => {
    const block = least + random.below(blocks.length - least);
    const text = (blocks[block]?.content ?? []).map((inline) => inline.text).join("");
    let offset = random.below(text.length + 1);
    if (/[\udc00-\udfff]/.test(text[offset] ?? "")) offset = Math.max(0, offset - 1);
    return { block, offset };
  };
  const range = (): { from: { block: number; offset: number }; to: { block: number; offset: number } } => {
    const from = point();
    const to = random.chance(2) ? point(from.block) : { ...from };
    return to.block === from.block && to.offset < from.offset ? { from: to, to: from } : { from, to };
  };
  switch (random.below(8)) {
    case 0:
      return { type: "split", at: point(), attrs: randomAttrs(random) };
    case 1:
      if (blocks.length > 1) return { type: "join", block: 1 + random.below(blocks.length - 1) };
      break;
    case 2:
      return { type: "insert", block: random.below(blocks.length + 1), blocks: randomBlocks(random, 2) };
    case 3:
      if (blocks.length > 1) {
        const block = random.below(blocks.length);
        const most = Math.min(blocks.length - block, blocks.length - 1);
        return { type: "remove", block, count: 1 + random.below(most) };
      }
      break;
    case 4:
      return {
        type: "set",
        block: random.below(blocks.length),
        attrs: { ...(random.chance(2) ? { kind: random.pick(KINDS) } : {}), indent: random.chance(2) ? null : 1 + random.below(3), source: random.chance(3) ? "x" : null },
      };
    case 5: {
      const { from, to } = range();
      const key = random.pick(["bold", "italic", "code", "link", "highlight"]);
      const value = random.chance(2) ? null : key === "link" ? "https://c.example/" : key === "highlight" ? "blue" : true;
      return { type: "mark", from, to, key, value };
    }
  }
  return { type: "splice", ...range(), insert: randomInlines(random) };
}

export function randomChanges(random: Random, blocks: readonly Block[], most = 4): Change[] {
  let page: readonly Block[] = blocks;
  return Array.from({ length: 1 + random.below(most) }, () => {
    const change = randomChange(random, page);
    page = applyChange(page, change);
    return change;
  });
}

export function pageLength(blocks: readonly Block[]): number {
  return blocks.reduce((length, block) => length + textLength(block.content), 0);
}
