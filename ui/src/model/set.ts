/**
 * The step that sets attributes of a block's marker. ProseMirror's own ways of changing a block's type put a
 * whole node in the place of another; this one names the keys that change, so that undoing it takes back only
 * those, and what others set meanwhile stays.
 */

import type { Node } from "prosemirror-model";
import { Step, StepMap, StepResult, type Mappable, type Transform } from "prosemirror-transform";

import { blockNode } from "./blocks";
import { changeMarker, type MarkerChange } from "./marker";
import { markerOf, schema } from "./schema";

export class SetStep extends Step {
  constructor(
    /** The position before the block. */
    readonly position: number,
    readonly change: MarkerChange,
  ) {
    super();
  }

  override apply(doc: Node): StepResult {
    const resolved = doc.resolve(this.position);
    const node = resolved.depth === 0 ? resolved.nodeAfter : null;
    if (node === null) return StepResult.fail("There is no block to set.");
    const changed = blockNode(changeMarker(markerOf(node), this.change), node.content);
    return StepResult.ok(doc.copy(doc.content.replaceChild(resolved.index(), changed)));
  }

  override getMap(): StepMap {
    return StepMap.empty;
  }

  override invert(doc: Node): Step {
    const node = doc.nodeAt(this.position);
    if (node === null) throw new RangeError("There is no block to set.");
    const before = markerOf(node);
    return new SetStep(this.position, Object.fromEntries(Object.keys(this.change).map((key) => [key, before[key] ?? null])));
  }

  override map(mapping: Mappable): Step | null {
    const mapped = mapping.mapResult(this.position, 1);
    return mapped.deletedAfter ? null : new SetStep(mapped.pos, this.change);
  }

  override toJSON(): unknown {
    return { stepType: "setMarker", position: this.position, change: this.change };
  }

  static override fromJSON(_schema: typeof schema, json: { position: number; change: MarkerChange }): SetStep {
    return new SetStep(json.position, json.change);
  }
}

Step.jsonID("setMarker", SetStep);

/** Sets attributes of the block that starts at `position`, leaving out what is so already. */
export function setMarker<T extends Transform>(tr: T, position: number, change: MarkerChange): T {
  const node = tr.doc.nodeAt(position);
  if (node === null) throw new RangeError("There is no block to set.");
  const before = markerOf(node);
  const needed = Object.entries(change).filter(([key, value]) => (before[key] ?? null) !== value);
  if (needed.length > 0) tr.step(new SetStep(position, Object.fromEntries(needed)));
  return tr;
}
