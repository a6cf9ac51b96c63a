/* Light, dark, or as the system says. Remembered by this browser only. */
import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";

const KEY = "depotd.theme";

function read(): Theme {
	try {
		const kept = localStorage.getItem(KEY);
		return kept === "light" || kept === "dark" ? kept : "auto";
	} catch {
		return "auto"; /* storage may be switched off */
	}
}

export const theme = signal<Theme>(read());

effect(() => {
	if (theme.value === "auto") delete document.documentElement.dataset.theme;
	else document.documentElement.dataset.theme = theme.value;
	try {
		localStorage.setItem(KEY, theme.value);
	} catch {
		/* then it holds until the page is closed */
	}
});
