/**
 * What each change means, on plain blocks: the simplest thing that can be right. The twin keeps its documents
 * with it, and tests and development builds hold what capture and project do against it.
 */

import type { Block } from "../bindings/Block";
import type { Change } from "../bindings/Change";
import type { Inline } from "../bindings/Inline";
import { tidyInlines } from "./blocks";
import { changeMarker } from "./marker";

export function textLength(content: readonly Inline[]): number {
  return content.reduce((length, inline) => length + inline.text.length, 0);
}

export function sliceInlines(content: readonly Inline[], from: number, to = Infinity): Inline[] {
  const found: Inline[] = [];
  let offset = 0;
  for (const { text, marks } of content) {
    const part = text.slice(Math.max(0, from - offset), Math.max(0, to - offset));
    if (part !== "") found.push({ text: part, marks });
    offset += text.length;
  }
  return found;
}

function blockAt(blocks: readonly Block[], index: number): Block {
  const block = blocks[index];
  if (block === undefined) throw new RangeError(`The page has no block ${index}.`);
  return block;
}

function checkOffset(block: Block, offset: number): void {
  if (offset < 0 || offset > textLength(block.content)) throw new RangeError(`The block has no offset ${offset}.`);
}

function setMark(content: readonly Inline[], from: number, to: number, key: string, value: Inline["marks"][string] | null): Inline[] {
  const middle = sliceInlines(content, from, to).map(({ text, marks }) => {
    const { [key]: _, ...rest } = marks;
    return { text, marks: value === null || value === undefined ? rest : { ...rest, [key]: value } };
  });
  return tidyInlines([...sliceInlines(content, 0, from), ...middle, ...sliceInlines(content, to)]);
}

/** The page after one change. The blocks given are left as they are. */
export function applyChange(blocks: readonly Block[], change: Change): Block[] {
  const page = [...blocks];
  switch (change.type) {
    case "splice": {
      const { from, to, insert } = change;
      const [first, last] = [blockAt(page, from.block), blockAt(page, to.block)];
      checkOffset(first, from.offset);
      checkOffset(last, to.offset);
      const content = tidyInlines([...sliceInlines(first.content, 0, from.offset), ...insert, ...sliceInlines(last.content, to.offset)]);
      page.splice(from.block, to.block - from.block + 1, { attrs: first.attrs, content });
      return page;
    }
    case "split": {
      const { at, attrs } = change;
      const block = blockAt(page, at.block);
      checkOffset(block, at.offset);
      page.splice(
        at.block,
        1,
        { attrs: block.attrs, content: sliceInlines(block.content, 0, at.offset) },
        { attrs, content: sliceInlines(block.content, at.offset) },
      );
      return page;
    }
    case "join": {
      const [before, block] = [blockAt(page, change.block - 1), blockAt(page, change.block)];
      page.splice(change.block - 1, 2, { attrs: before.attrs, content: tidyInlines([...before.content, ...block.content]) });
      return page;
    }
    case "insert":
      if (change.block > page.length) throw new RangeError(`The page has no place ${change.block}.`);
      page.splice(change.block, 0, ...change.blocks);
      return page;
    case "remove":
      blockAt(page, change.block + change.count - 1);
      page.splice(change.block, change.count);
      return page;
    case "set": {
      const block = blockAt(page, change.block);
      page[change.block] = { attrs: changeMarker(block.attrs, definedOnly(change.attrs)), content: block.content };
      return page;
    }
    case "mark": {
      const { from, to, key, value } = change;
      for (let index = from.block; index <= to.block; index += 1) {
        const block = blockAt(page, index);
        const start = index === from.block ? from.offset : 0;
        const end = index === to.block ? to.offset : Infinity;
        page[index] = { attrs: block.attrs, content: setMark(block.content, start, end, key, value) };
      }
      return page;
    }
  }
}

/** The generated types allow a key without a value; JSON has no such thing. */
export function definedOnly<T>(values: { [key in string]?: T }): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined));
}

export function applyChanges(blocks: readonly Block[], changes: readonly Change[]): Block[] {
  return changes.reduce<Block[]>(applyChange, [...blocks]);
}
