import { describe, expect, test } from "vitest";

import type { Health } from "../src/bindings/Health";
import { Twin } from "../src/host/twin";
import { headline, leaving, problems } from "../src/views/health/facts";

const anna = { replica: "a", person: "Anna", device: "laptop" };
const tor = { replica: "t", person: "Tor", device: "" };
const people = [anna, tor].map((who) => ({ peer: { ...who, reached: 1 }, seen: 1, awaited: 0 }));
const file = { path: "x.ink", author: anna, awaited: tor, number: 3, since: 0 };
const refused = { path: "y.ink", pending: false, reason: "it is damaged", remedy: "Restore it.", code: "file/incomplete" };

async function health(more: Partial<Health>): Promise<Health> {
  const twin = new Twin();
  return { ...(await twin.health()), folder: "/hut", words: "inTheFolder", people, ...more };
}

describe("how the folder stands, in a sentence", () => {
  const table: [string, Partial<Health>, string, string][] = [
    ["all is well", {}, "well", "All is well: everything has reached all 2 others."],
    ["with one other", { people: people.slice(0, 1) }, "well", "All is well: everything has reached Anna’s laptop."],
    ["nobody else", { people: [] }, "well", "All is well. Nobody else has joined yet."],
    ["on its way", { unpublished: { records: 0, files: 0, blobs: 1 } }, "well", "All is well. Your last changes are on their way to the folder."],
    ["not with everybody", { people: people.map((one, at) => ({ ...one, peer: { ...one.peer, reached: at === 0 ? null : 1 } })) }, "well", "All is well. Your last changes have reached 1 of 2 others so far."],
    ["not looked through", { looked: null }, "waiting", "The shared folder has not been looked through yet."],
    ["a file waits", { waiting: [file] }, "waiting", "1 file waits for changes of Tor."],
    ["files wait for several", { waiting: [file, { ...file, awaited: anna }] }, "waiting", "2 files wait for changes of several people."],
    ["an image is missing", { blobs: { in_folder: 0, here: 0, missing: 1 } }, "waiting", "1 image or attachment has not arrived."],
    ["a file is refused", { refused: [refused], waiting: [file] }, "alarm", "1 file can’t be used."],
    ["a place can't be read", { places: [{ path: "closed", message: "no permission" }] }, "alarm", "1 place in the folder can’t be read."],
    ["stopped", { stopped: true, looked: null }, "waiting", "Reading the shared folder is stopped."],
    ["no folder", { folder: null, looked: null }, "well", "This workspace is on this device only."],
    ["the folder is away", { trouble: "missing", refused: [refused] }, "alarm", "The shared folder is missing."],
    ["not saved", { words: "notSaved", trouble: "missing" }, "alarm", "Your last words are not saved yet. Leave this window open."],
  ];
  test.each(table)("%s", async (_, more, tone, text) => {
    expect(headline(await health(more))).toEqual({ tone, text });
  });
});

test("whatever isn't well says what to do", async () => {
  const all = problems(
    await health({
      trouble: "unwritable",
      stopped: true,
      refused: [refused],
      places: [{ path: "closed", message: "no permission" }],
      waiting: [file, { ...file, path: "z.ink", author: tor, number: null }],
      blobs: { in_folder: 0, here: 0, missing: 2 },
    }),
  );
  expect(all.map(({ path }) => path)).toEqual([null, null, "y.ink", "closed", "x.ink", "z.ink", null]);
  expect(all.map(({ what }) => what).slice(2)).toEqual([
    "It is damaged.",
    "This could not be read: no permission.",
    "Changes of Anna wait for changes of Tor that have not arrived yet (record 3).",
    "Changes of Tor wait for earlier ones that have not arrived yet.",
    "2 images or attachments have not arrived.",
  ]);
  for (const { remedy } of all) expect(remedy).toMatch(/\.$/);
  expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
});

test("what is on its way is counted", async () => {
  expect(leaving(await health({}))).toBeNull();
  expect(leaving(await health({ unpublished: { records: 2, files: 1, blobs: 0 } }))).toBe("2 changes, 1 file");
});
