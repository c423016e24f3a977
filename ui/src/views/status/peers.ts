/** The others, in words: who they are, and who has everything that was written here. */

import type { Peer } from "../../bindings/Peer";
import { t, when } from "../../messages";

/** A person, and on which device, as far as that is known. */
export function whom({ person, device }: Pick<Peer, "person" | "device">): string {
  const known = person === "" ? t("status.peers.nobody") : person;
  return device === "" ? known : t("status.peers.device", { person: known, device });
}

/** What the status line says of all of them. */
export function summary(peers: readonly Peer[], now: number = Date.now()): string {
  const [peer] = peers;
  if (peers.length !== 1 || peer === undefined) {
    const count = peers.filter(({ reached }) => reached !== null).length;
    return t("status.peers.some", { count, total: peers.length });
  }
  if (peer.reached === null) return t("status.peers.waiting.short", { whom: whom(peer) });
  return t("status.peers.reached.short", { whom: whom(peer), time: when(peer.reached, now) });
}
