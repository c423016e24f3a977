/** How the shared folder stands, in words: one sentence for the whole, and what needs attention, each with what to do. */

import type { Health } from "../../bindings/Health";
import type { PersonHealth } from "../../bindings/PersonHealth";
import type { Who } from "../../bindings/Who";
import { t, when } from "../../messages";
import { whom } from "../status/peers";

/** All is well, time helps, or somebody has to do something. */
export type Tone = "well" | "waiting" | "alarm";

export interface Headline {
  tone: Tone;
  text: string;
}

/** Something that isn't well. */
export interface Problem {
  /** What it is called among the others; never shown. */
  key: string;
  tone: Exclude<Tone, "well">;
  what: string;
  remedy: string;
  /** Where; null where that is said already. */
  path: string | null;
}

/** The sentence on top. */
export function headline(health: Health): Headline {
  const { waiting, refused, places, blobs, people, unpublished } = health;
  const count = (tone: Tone, message: Parameters<typeof t>[0], of: number): Headline => ({ tone, text: t(message, { count: of }) });
  if (health.words === "notSaved") return { tone: "alarm", text: t("health.notSaved") };
  if (health.trouble !== null) return { tone: "alarm", text: t("health.sentence", { what: t(`trouble.${health.trouble}`) }) };
  if (health.folder === null) return { tone: "well", text: t("health.alone") };
  if (health.stopped) return { tone: "waiting", text: t("health.stopped") };
  if (refused.length > 0) return count("alarm", "health.refused", refused.length);
  if (places.length > 0) return count("alarm", "health.places", places.length);
  if (waiting.length > 0) {
    const [first] = waiting;
    const isOne = first !== undefined && waiting.every(({ awaited }) => awaited.replica === first.awaited.replica);
    const name = isOne ? person(first.awaited) : t("health.several");
    return { tone: "waiting", text: t("health.waiting", { count: waiting.length, whom: name }) };
  }
  if (blobs.missing > 0) return count("waiting", "health.missing", blobs.missing);
  if (health.looked === null) return { tone: "waiting", text: t("health.unlooked") };
  if (unpublished.records + unpublished.files + unpublished.blobs > 0) return { tone: "well", text: t("health.well.leaving") };
  const reached = people.filter(({ peer }) => peer.reached !== null);
  const [only] = people;
  if (only === undefined) return { tone: "well", text: t("health.well.alone") };
  if (reached.length < people.length) return { tone: "well", text: t("health.well.some", { count: reached.length, total: people.length }) };
  if (people.length === 1) return { tone: "well", text: t("health.well.one", { whom: whom(only.peer) }) };
  return { tone: "well", text: t("health.well.all", { count: people.length }) };
}

/** What needs attention, the worst first. */
export function problems(health: Health): Problem[] {
  const found: Problem[] = [];
  if (health.trouble !== null) {
    const what = t(`trouble.${health.trouble}`);
    found.push({ key: "trouble", tone: "alarm", what, remedy: t(`trouble.${health.trouble}.about`), path: null });
  }
  if (health.stopped) {
    found.push({ key: "stopped", tone: "waiting", what: t("health.stopped"), remedy: t("health.stopped.do"), path: null });
  }
  for (const file of health.refused) {
    found.push({ key: `refused ${file.path}`, tone: "alarm", what: sentence(file.reason), remedy: file.remedy, path: file.path });
  }
  for (const { path, message } of health.places) {
    found.push({ key: `place ${path}`, tone: "alarm", what: t("health.place", { message }), remedy: t("health.place.do"), path });
  }
  for (const file of health.waiting) {
    const [author, name] = [person(file.author), person(file.awaited)];
    const number = file.number === null ? "" : ` ${t("health.wait.number", { number: file.number })}`;
    const isOwn = file.author.replica === file.awaited.replica;
    const what = t(isOwn ? "health.wait.earlier" : "health.wait", { author, whom: name, number });
    found.push({ key: `waiting ${file.path}`, tone: "waiting", what, remedy: ask(file.awaited), path: file.path });
  }
  if (health.blobs.missing > 0) {
    const what = t("health.missing", { count: health.blobs.missing });
    found.push({ key: "missing", tone: "waiting", what, remedy: t("health.missing.do"), path: null });
  }
  return found;
}

/** What is on its way to the folder; null where everything is there. */
export function leaving({ unpublished: { records, files, blobs } }: Health): string | null {
  const parts = [
    records > 0 ? t("health.leaving.records", { count: records }) : "",
    files > 0 ? t("health.leaving.files", { count: files }) : "",
    blobs > 0 ? t("health.leaving.blobs", { count: blobs }) : "",
  ].filter(Boolean);
  return parts.length === 0 ? null : parts.join(", ");
}

/** Whether somebody has everything, and when something of theirs came last. */
export function standing({ peer, seen, awaited }: PersonHealth, now: number): { reached: string; seen: string; awaited: string | null } {
  return {
    reached: peer.reached === null ? t("health.person.hasnt") : t("health.person.has", { time: when(peer.reached, now) }),
    seen: seen === null ? t("health.person.unseen") : t("health.person.seen", { time: when(seen, now) }),
    awaited: awaited === 0 ? null : t("health.person.awaited", { count: awaited }),
  };
}

function ask(who: Who): string {
  return t(who.device === "" ? "health.wait.do" : "health.wait.do.device", { whom: person(who), device: who.device });
}

function person(who: Who): string {
  return who.person === "" ? t("status.peers.nobody") : who.person;
}

function sentence(text: string): string {
  const [first = ""] = text;
  return `${first.toUpperCase()}${text.slice(first.length)}${/[.!?]$/.test(text) ? "" : "."}`;
}
