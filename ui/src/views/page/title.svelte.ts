/** The title of the shown document: typed here, told to the session after a pause, and tried again until it is stored. */

import { failureOf } from "../../host";
import type { Saving } from "../../model/exchange";

const PAUSE = 500;
const RETRY = 3_000;

export class Title {
  text: string = $state("");
  /** What the session has. */
  #stored: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #underWay = false;
  input: HTMLTextAreaElement | null = null;
  #focusWanted = false;

  constructor(
    title: string,
    private readonly store: (text: string) => Promise<void>,
    private readonly onSaving: (saving: Saving) => void,
  ) {
    this.text = title;
    this.#stored = title;
  }

  attach(input: HTMLTextAreaElement): void {
    this.input = input;
    if (this.#focusWanted) this.focus();
  }

  focus(): void {
    this.#focusWanted = this.input === null;
    this.input?.focus();
    this.input?.setSelectionRange(this.text.length, this.text.length);
  }

  type(text: string): void {
    this.text = text.replace(/\s*[\r\n\u2028\u2029]+\s*/g, " ");
    if (this.text === this.#stored && !this.#underWay) return;
    this.onSaving({ state: "saving" });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#send(), PAUSE);
  }

  /** Stores what was typed now. */
  flush(): void {
    clearTimeout(this.#timer);
    void this.#send();
  }

  /** Somebody else gave the document another title; what is being typed here wins for now. */
  arrived(title: string): void {
    const typing = this.text !== this.#stored || this.#underWay;
    if (typing) return;
    this.text = title;
    this.#stored = title;
  }

  async #send(): Promise<void> {
    if (this.#underWay) return;
    const text = this.text.trim();
    if (text === this.#stored) {
      this.onSaving({ state: "saved" });
      return;
    }
    this.#underWay = true;
    try {
      await this.store(text);
      this.#stored = text;
      this.#underWay = false;
      if (this.text.trim() === text) this.onSaving({ state: "saved" });
      else this.flush();
    } catch (error) {
      this.#underWay = false;
      this.onSaving({ state: "failing", failure: failureOf(error) });
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#send(), RETRY);
    }
  }
}
