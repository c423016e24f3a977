/** Every word that the interface shows is in a catalogue; this finds it there. */

import { en } from "./en";

export type Message = keyof typeof en;
export type Parameters = Record<string, string | number>;

const plurals = new Intl.PluralRules("en");

/**
 * The message with its parameters put in. A message with several forms takes the one for the parameter `count`.
 */
export function t(message: Message, parameters: Parameters = {}): string {
  const entry: string | { one: string; other: string } = en[message];
  let text: string;
  if (typeof entry === "string") text = entry;
  else text = plurals.select(Number(parameters.count ?? 0)) === "one" ? entry.one : entry.other;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = parameters[name];
    return typeof value === "number" ? value.toLocaleString("en") : (value ?? whole);
  });
}

/** The catalogue's message with this name, where it has one. */
export function known(name: string): Message | null {
  return Object.hasOwn(en, name) ? (name as Message) : null;
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["week", 7 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });

const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** When something was: the time alone where it was today. */
export function when(time: number, now: number = Date.now()): string {
  const isToday = new Date(time).toDateString() === new Date(now).toDateString();
  return (isToday ? hour : day).format(time);
}

/** How long ago something was, in the largest unit that fits. */
export function ago(time: number, now: number = Date.now()): string {
  const seconds = Math.max(0, (now - time) / 1_000);
  for (const [unit, length] of STEPS) {
    if (seconds >= length) return relative.format(-Math.floor(seconds / length), unit);
  }
  return t("time.now");
}
