/** The colours of those who write, the same in every window. `styles/tokens.css` says what they are in light and in dark. */

export const COLOURS = 8;

/** A writer's colour, from the id under which he writes. */
export function colourOf(replica: string): string {
  let sum = 7;
  for (const character of replica) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return `var(--writer-${sum % COLOURS})`;
}
