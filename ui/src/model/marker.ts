/** A block's marker: its attributes on the wire, all of them, those not known here too. */

import type { Block } from "../bindings/Block";
import type { Value } from "../bindings/Value";

export type Marker = Block["attrs"];
/** New values by key; null takes one away. */
export type MarkerChange = Record<string, Value | null>;

export type Kind =
  | "paragraph"
  | "heading1"
  | "heading2"
  | "heading3"
  | "bullet"
  | "number"
  | "task"
  | "quote"
  | "code"
  | "divider"
  | "image"
  | "file";

/** The node types; a heading's level is in its marker's kind. */
export type Family =
  | "paragraph"
  | "heading"
  | "bullet"
  | "number"
  | "task"
  | "quote"
  | "code_block"
  | "divider"
  | "image"
  | "file"
  | "opaque_block";

const FAMILIES: Record<Kind, Family> = {
  paragraph: "paragraph",
  heading1: "heading",
  heading2: "heading",
  heading3: "heading",
  bullet: "bullet",
  number: "number",
  task: "task",
  quote: "quote",
  code: "code_block",
  divider: "divider",
  image: "image",
  file: "file",
};

export function familyOf(marker: Marker): Family {
  const kind = kindOf(marker);
  return Object.hasOwn(FAMILIES, kind) ? FAMILIES[kind as Kind] : "opaque_block";
}

/** The deepest level that is shown and that the keyboard can reach. */
export const MAX_INDENT = 8;

export function marker(kind: Kind, rest: Record<string, Value> = {}): Marker {
  return { ...rest, kind };
}

export function kindOf(marker: Marker): string {
  return typeof marker.kind === "string" ? marker.kind : "paragraph";
}

export function indentOf(marker: Marker): number {
  const indent = marker.indent;
  if (typeof indent !== "number" || !Number.isFinite(indent)) return 0;
  return Math.max(0, Math.min(MAX_INDENT, Math.trunc(indent)));
}

export function isChecked(marker: Marker): boolean {
  return marker.checked === true;
}

export function languageOf(marker: Marker): string {
  return typeof marker.language === "string" ? marker.language : "";
}

/** Whether blocks of this kind are items of a list. */
export function isItem(kind: string): boolean {
  return kind === "bullet" || kind === "number" || kind === "task";
}

/** The change that leads from one marker to another. */
export function markerDiff(before: Marker, after: Marker): MarkerChange {
  const change: MarkerChange = {};
  for (const [key, value] of Object.entries(after)) {
    if (value !== undefined && before[key] !== value) change[key] = value;
  }
  for (const key of Object.keys(before)) {
    if (!(key in after)) change[key] = null;
  }
  return change;
}

export function changeMarker(marker: Marker, change: MarkerChange): Marker {
  const changed: Marker = { ...marker };
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete changed[key];
    else changed[key] = value;
  }
  return changed;
}
