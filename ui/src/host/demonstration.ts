/** A twin with something in it, for looking at the interface in a browser while it is being made. */

import type { Block } from "../bindings/Block";
import type { Inline } from "../bindings/Inline";
import type { Value } from "../bindings/Value";
import { Twin } from "./twin";

function text(text: string, marks: Inline["marks"] = {}): Inline {
  return { text, marks };
}

function block(kind: string, content: string | Inline[], rest: Record<string, Value> = {}): Block {
  const inlines = typeof content === "string" ? (content === "" ? [] : [text(content)]) : content;
  return { attrs: { kind, ...rest }, content: inlines };
}

const EVERY_KIND: Block[] = [
  block("paragraph", [
    text("The valley road closes on the first of October, so everything heavy has to go up before then. This is what we "),
    text("know so far", { bold: true }),
    text(", and what is "),
    text("still open", { italic: true }),
    text(". The old list is on the "),
    text("club’s page", { link: "https://example.org/huts" }),
    text("; its format is "),
    text("hut.toml", { code: true }),
    text("."),
  ]),
  block("heading1", "What has to go up"),
  block("bullet", "Roof battens, forty of them, and the long screws"),
  block("bullet", "Stove parts"),
  block("bullet", "the grate, which Anna has", { indent: 1 }),
  block("bullet", "two lengths of pipe", { indent: 1 }),
  block("number", "Load at the depot on Friday evening"),
  block("number", "Drive up early, before the frost is off the road"),
  block("number", "park above the second gate", { indent: 1 }),
  block("number", "leave the key with Marta", { indent: 1 }),
  block("number", "Carry the rest by hand"),
  block("heading2", "Before we leave"),
  block("task", "Ask the forester about the second gate", { checked: true }),
  block("task", "Book the trailer"),
  block("task", "Count the battens again", { indent: 1 }),
  block("heading3", "A note on the weather"),
  block("quote", "If the wind is from the north, wait a day. If it is from the south, wait two."),
  block("code", "[stove]\u2028pipe = 2        # lengths, 50 cm\u2028grate = \"with Anna\"", { language: "toml" }),
  block("divider", ""),
  block("paragraph", "Everything below the line is from last year, and only here to compare."),
  block("sketch", "A drawing of the gate, made with a newer version", { source: "gate.svg" }),
];

export function demonstration(query: URLSearchParams): Twin {
  const twin = new Twin();
  twin.delay = () => 8;
  if (query.has("first")) return twin;
  const folder = query.has("shared") ? "/home/ida/Dropbox/Hut" : null;
  const workspace = { id: "workspace", name: folder === null ? "My documents" : "Hut", folder, person: "Ida" };
  twin.workspaces = [workspace];
  twin.current = workspace.id;
  if (folder !== null) {
    const peers = [
      { replica: "anna", person: "Anna", device: "laptop", reached: Date.now() - 4 * 60_000 },
      { replica: "tor", person: "Tor", device: "studio", reached: null },
    ];
    twin.facts = { ...twin.facts, words: "inTheFolder", others: 2, peers, pending: 1, refused: 1 };
    const [anna, tor] = [
      { replica: "anna", person: "Anna", device: "laptop" },
      { replica: "tor", person: "Tor", device: "studio" },
    ];
    twin.healthFacts = {
      looked: Date.now() - 9_000,
      files: 1_204,
      bytes: 18_400_000,
      checkpoints: 2,
      records: 18_211,
      blobs: { in_folder: 14, here: 12, missing: query.has("well") ? 0 : 1 },
      people: peers.map((peer) => ({ peer, seen: Date.now() - (peer.replica === "anna" ? 3 : 1_900) * 60_000, awaited: peer.replica === "tor" ? 1 : 0 })),
    };
    if (query.has("well")) {
      twin.facts = { ...twin.facts, pending: 0, refused: 0, peers: peers.map((peer) => ({ ...peer, reached: Date.now() - 240_000 })) };
      twin.healthFacts.people = peers.map((peer) => ({ peer: { ...peer, reached: Date.now() - 240_000 }, seen: Date.now() - 240_000, awaited: 0 }));
    } else {
      twin.healthFacts.unpublished = { records: 3, files: 1, blobs: 0 };
      twin.healthFacts.waiting = [
        { path: "inkfold-data/k3v7c2ad/120-188-mf2qk7a4t5w3x6yz.ink", author: anna, awaited: tor, number: 12, since: Date.now() - 600_000 },
      ];
      twin.healthFacts.refused = [
        {
          path: "inkfold-data/k3v7c2ad/120-188 (Anna’s conflicted copy).ink",
          pending: false,
          reason: "the file is incomplete or damaged; usually the rest is still on its way",
          remedy: "Wait until the sync service has brought all of it; it is read again by itself. If this stays, restore the file in the sync service, or ask its author to open Inkfold.",
          code: "file/incomplete",
        },
      ];
    }
  }
  if (query.has("trouble")) twin.facts = { ...twin.facts, words: "onThisDevice", trouble: "missing" };
  if (query.has("several")) {
    twin.facts = { ...twin.facts, trouble: "severalWorkspaces" };
    twin.others = [{ id: "theirs", name: "Anna’s hut", file: "anna-s-hut.inkfold", mine: false }];
  }
  if (query.has("news")) {
    const aside = "/home/ida/.local/share/inkfold/workspaces/k3v/set-aside-1764090000000";
    twin.facts = { ...twin.facts, news: [{ type: "newIdentity" }, { type: "rebuilt", aside, records: 120 }] };
  }
  if (query.has("lost")) {
    twin.failing.set("start", { code: "database-lost", message: "The database with your documents is damaged. It was put aside, untouched, at /home/ida/.local/share/inkfold/workspaces/k3v/set-aside-1764090000000." });
  }

  if (query.has("reading")) {
    twin.facts = { ...twin.facts, reading: { files: 3_120, read: 1_204, percent: 38, stopped: false } };
  }
  if (query.has("unsaved")) twin.failing.set("edit", { code: "disk-full", message: "The disk is full." });
  const minutes = 60_000;
  if (query.has("full")) {
    twin.add("Letters to the forester", [block("paragraph", "Dear Mr Holm,")], Date.now() - 190 * minutes);
    twin.add("Minutes, spring meeting", [block("paragraph", "Present: Ida, Anna, Tor.")], Date.now() - 3_000 * minutes);
    twin.add("A title that is far too long for the place it is given in a narrow sidebar", [block("paragraph", "")], Date.now() - 40_000 * minutes);
    twin.add("Old shopping list", [block("paragraph", "")], Date.now() - 90_000 * minutes, true);
    twin.add("The hut before winter", EVERY_KIND, Date.now() - 2 * minutes);
  }
  const big = Number(query.get("big") ?? 0);
  if (big > 0) {
    const blocks = Array.from({ length: big }, (_, index) => EVERY_KIND[index % EVERY_KIND.length] ?? block("paragraph", ""));
    twin.add("A long one", blocks);
  }
  return twin;
}
