/** How many words a page has. Blocks are counted once: their nodes never change, so the count can be kept by node. */

import type { Node } from "prosemirror-model";

const counts = new WeakMap<Node, number>();
const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });

function wordsIn(text: string): number {
  let words = 0;
  for (const segment of segmenter.segment(text)) if (segment.isWordLike) words += 1;
  return words;
}

export function countWords(doc: Node): number {
  let words = 0;
  doc.forEach((node) => {
    let count = counts.get(node);
    if (count === undefined) {
      count = wordsIn(node.textBetween(0, node.content.size));
      counts.set(node, count);
    }
    words += count;
  });
  return words;
}
