/** Which addresses a link may have. Everything that shows, follows or takes in a link asks here. */

const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/** The address in the form in which it may be opened, or null where it may not be one. */
export function safeLink(address: string): string | null {
  // Browsers drop these characters inside an address, so that `java\nscript:` would become a scheme.
  if (/[\u0000-\u001f\u007f]/.test(address)) return null;
  const trimmed = address.trim();
  if (trimmed === "") return null;
  try {
    const url = new URL(trimmed);
    if (!SCHEMES.has(url.protocol)) return null;
    // `https:foo` parses, with `foo` as the host; people never mean that.
    if (url.protocol !== "mailto:" && !/^https?:\/\//i.test(trimmed)) return null;
    return trimmed;
  } catch {
    return null;
  }
}

/** What somebody typed as an address: without a scheme it is a site or a mail address. */
export function linkFromInput(typed: string): string | null {
  const trimmed = typed.trim();
  if (/^[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+$/.test(trimmed)) return safeLink(`mailto:${trimmed}`);
  if (/^[a-z][a-z0-9+.-]*:/i.test(trimmed) && !/^[^/]+\.[^/]+:\d+/.test(trimmed)) return safeLink(trimmed);
  if (/\s/.test(trimmed) || !/^[^/]+\.[^/]+/.test(trimmed)) return null;
  return safeLink(`https://${trimmed}`);
}
