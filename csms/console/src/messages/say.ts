/*
 * The words of this browser's language: the one chosen in the menu, or else the first of the
 * browser's own that there is a file of. A change takes effect with a new page.
 */
import { de } from "./de.ts";
import { en, type Messages } from "./en.ts";

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;

export type Language = keyof typeof LANGUAGES;

const FILES: Record<Language, Messages> = { en, de };
const KEY = "depotd.language";

const isLanguage = (x: string | null): x is Language => x !== null && Object.hasOwn(FILES, x);

export function pickLanguage(kept: string | null, wanted: readonly string[]): Language {
	if (isLanguage(kept)) return kept;
	for (const tag of wanted) {
		const first = tag.slice(0, 2).toLowerCase();
		if (isLanguage(first)) return first;
	}
	return "en";
}

function current(): Language {
	if (typeof document === "undefined") return "en"; /* unit tests */
	let kept: string | null = null;
	try {
		kept = localStorage.getItem(KEY);
	} catch {
		/* storage may be switched off */
	}
	const picked = pickLanguage(kept, navigator.languages);
	document.documentElement.lang = picked;
	return picked;
}

export const language: Language = current();
export const say: Messages = FILES[language];

/* Words of a page that is a file of its own: they come with it. */
export const inLanguage = <T>(words: Record<Language, T>): T => words[language];

export function setLanguage(to: Language): void {
	try {
		localStorage.setItem(KEY, to);
	} catch {
		return; /* nothing would remember it over the new page */
	}
	location.reload();
}
