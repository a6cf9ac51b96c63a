/* Light, dark, or as the system says. Remembered by this browser only. */
import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

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

/* A wall has its own, whatever this browser remembers. */
export function useWallTheme(to: "light" | "dark"): void {
	useEffect(() => {
		document.documentElement.dataset.theme = to;
	}, [to]);
}

effect(() => {
	if (theme.value === "auto") delete document.documentElement.dataset.theme;
	else document.documentElement.dataset.theme = theme.value;
	try {
		localStorage.setItem(KEY, theme.value);
	} catch {
		/* then it holds until the page is closed */
	}
});
