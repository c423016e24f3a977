/** The keys of a dialog that lies over the window: Escape closes it, and Tab stays in it. Its look is in `base.css`. */

const STOPS = "button:not(:disabled), input, [tabindex='0']";

export function modalKeys(event: KeyboardEvent, dialog: HTMLElement | undefined, close: () => void): void {
  event.stopPropagation();
  if (event.key === "Escape") close();
  else if (event.key === "Tab") {
    const stops = [...(dialog?.querySelectorAll<HTMLElement>(STOPS) ?? [])];
    const here = stops.indexOf(document.activeElement as HTMLElement);
    // From the dialog itself Tab leads to the first, Shift and Tab to the last.
    const next = event.shiftKey ? Math.max(here, 0) + stops.length - 1 : here + 1;
    stops[next % stops.length]?.focus();
  } else return;
  event.preventDefault();
}
