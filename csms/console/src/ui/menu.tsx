/* A sheet that opens below its button: closes by Esc, by a press beside it, and by a choice of a link. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface MenuProps {
	label?: string; /* where the summary's own words do not say it */
	kind?: string;
	summary: ComponentChildren;
	children: ComponentChildren;
}

export function Menu({ label, kind, summary, children }: MenuProps) {
	const box = useRef<HTMLDetailsElement>(null);
	useEffect(() => {
		const close = (event: Event) => {
			const isKey = event instanceof KeyboardEvent;
			if (isKey && event.key !== "Escape") return;
			if (!isKey && box.current?.contains(event.target as Node)) return;
			if (box.current?.open) {
				box.current.open = false;
				if (isKey) box.current.querySelector("summary")?.focus();
			}
		};
		document.addEventListener("keydown", close);
		document.addEventListener("pointerdown", close);
		return () => {
			document.removeEventListener("keydown", close);
			document.removeEventListener("pointerdown", close);
		};
	}, []);
	const onClick = (event: MouseEvent) => {
		if (box.current && event.target instanceof Element && event.target.closest("a")) box.current.open = false;
	};
	return (
		<details class={kind === undefined ? "menu" : `menu ${kind}`} ref={box} onClick={onClick}>
			<summary aria-label={label}>{summary}</summary>
			<div class="sheet">{children}</div>
		</details>
	);
}
