/** Blocks that hold an image or a file: what their markers say of it. Whatever isn't as it should be is as if missing. */

import type { BlobInfo } from "../bindings/BlobInfo";
import { kindOf, marker, type Marker } from "./marker";

export interface Media {
  /** The blob's hash; null where the marker names none. */
  blob: string | null;
  name: string;
  /** In bytes; null where it isn't known. */
  size: number | null;
  /** In pixels; null where they aren't known. */
  pixels: { width: number; height: number } | null;
  /** What an image shows, in words. */
  alt: string;
}

/** The attributes that go when only the caption is to stay. */
export const MEDIA_ATTRIBUTES = ["blob", "name", "size", "width", "height", "alt"] as const;
const HASH = /^[a-z2-7]{52}$/;
const MAX_NAME = 200;
/** An image that claims to be longer than this in one direction is shown as if its size weren't known. */
const MAX_RATIO = 30;

export function isMedia(kind: string): boolean {
  return kind === "image" || kind === "file";
}

export function mediaOf(block: Marker): Media {
  const text = (key: string): string => (typeof block[key] === "string" ? block[key] : "");
  const number = (key: string): number | null => {
    const value = block[key];
    return typeof value === "number" && value > 0 ? value : null;
  };
  const [width, height] = [number("width"), number("height")];
  const known = width !== null && height !== null && Math.max(width / height, height / width) <= MAX_RATIO;
  return {
    blob: HASH.test(text("blob")) ? text("blob") : null,
    name: text("name").slice(0, MAX_NAME),
    size: typeof block.size === "number" && block.size >= 0 ? block.size : null,
    pixels: known ? { width, height } : null,
    alt: text("alt"),
  };
}

/** The marker for something that was added: an image if windows show it as one. */
export function mediaMarker(info: BlobInfo, name: string): Marker {
  const plain = name.split(/[\\/]/).at(-1)?.slice(0, MAX_NAME) ?? "";
  const rest = { blob: info.hash, size: info.size, ...(plain === "" ? {} : { name: plain }) };
  if (info.width === null || info.height === null) return marker("file", rest);
  return marker("image", { ...rest, width: info.width, height: info.height });
}

/** What stands for a block's image or file where there can be only text. */
export function mediaText(block: Marker): string {
  const { alt, name } = mediaOf(block);
  return isMedia(kindOf(block)) ? alt || name : "";
}
