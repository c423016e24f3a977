/** Light or dark: as the system says, or as the person chose on this device. */

export type Theme = "system" | "light" | "dark";

const KEY = "inkfold.theme";

function stored(): Theme {
  const value = read(KEY);
  return value === "light" || value === "dark" ? value : "system";
}

/** Storage may be switched off; a choice then lasts as long as the window. */
export function read(key: string): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function write(key: string, value: string): void {
  try {
    window.localStorage.setItem(key, value);
  } catch {
    // Nothing hangs on it but how the next window looks.
  }
}

export const theme = $state({ choice: stored() });

export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.choice;
}

export function chooseTheme(choice: Theme): void {
  theme.choice = choice;
  write(KEY, choice);
  applyTheme();
}
