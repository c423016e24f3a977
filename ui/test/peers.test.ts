import { describe, expect, test } from "vitest";

import { summary, whom } from "../src/views/status/peers";

const now = new Date(2026, 10, 25, 15, 30).getTime();
const at = (hours: number, minutes: number) => new Date(2026, 10, 25, hours, minutes).getTime();
const anna = { replica: "a", person: "Anna", device: "laptop", reached: at(12, 4) };
const tor = { replica: "t", person: "Tor", device: "", reached: null };

describe("the others in words", () => {
  test("one is named, with the time", () => {
    expect(summary([anna], now)).toMatch(/^Reached Anna’s laptop 12:04/);
    expect(summary([{ ...anna, reached: at(12, 4) - 86_400_000 }], now)).toMatch(/24/);
    expect(summary([tor], now)).toBe("Not yet with Tor");
  });

  test("several are counted", () => {
    expect(summary([anna, tor], now)).toBe("Reached 1 of 2");
    expect(summary([anna, { ...tor, reached: now }], now)).toBe("Reached 2 of 2");
  });

  test("who has no name yet is somebody", () => {
    expect(whom({ person: "", device: "" })).toBe("Somebody");
    expect(whom({ person: "", device: "studio" })).toBe("Somebody’s studio");
  });
});
