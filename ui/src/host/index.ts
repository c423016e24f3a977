/** Which host this window has: the app, or in a development build in a browser the in-memory twin. */

import type { Host } from "./host";
import { tauriHost } from "./tauri";

export type { Host } from "./host";
export { failureOf } from "./host";

export async function connect(): Promise<Host> {
  // The condition is a constant of the build, so the twin is no part of what is shipped.
  if (import.meta.env.MODE !== "production" && !("__TAURI_INTERNALS__" in window)) {
    const { demonstration } = await import("./demonstration");
    return demonstration(new URLSearchParams(window.location.search));
  }
  return tauriHost();
}
