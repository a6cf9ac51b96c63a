/*
 * Rows do not move under the pointer or the focus: a new order waits until both have left, or for
 * five seconds. Rows that are gone go at once, new ones stand at the end while the order waits. What
 * somebody chose himself (`choice`) does not wait.
 */
import { useEffect, useRef, useState } from "preact/hooks";

const WAIT_MS = 5000;

/* `wanted` in the order of `shown`, what is new behind. */
export function heldOrder(shown: readonly string[], wanted: readonly string[]): string[] {
	const all = new Set(wanted);
	const old = shown.filter((id) => all.has(id));
	const known = new Set(old);
	return [...old, ...wanted.filter((id) => !known.has(id))];
}

interface StableOrder {
	ids: string[];
	isWaiting: boolean;
	hold: {
		onPointerEnter: () => void;
		onPointerLeave: () => void;
		onFocusIn: () => void;
		onFocusOut: () => void;
	};
}

export function useStableOrder(wanted: readonly string[], choice = ""): StableOrder {
	const shown = useRef<string[]>([]);
	const chose = useRef(choice);
	const [holds, setHolds] = useState(0); /* bit 0: pointer inside, bit 1: focus inside */
	const [, redraw] = useState(0);
	if (chose.current !== choice) shown.current = [];
	chose.current = choice;
	const held = heldOrder(shown.current, wanted);
	const isWaiting = holds !== 0 && shown.current.length > 0 && held.some((id, i) => id !== wanted[i]);
	shown.current = isWaiting ? held : [...wanted];
	useEffect(() => {
		if (!isWaiting) return undefined;
		const timer = setTimeout(() => {
			shown.current = [];
			redraw((n) => n + 1);
		}, WAIT_MS);
		return () => clearTimeout(timer);
	}, [isWaiting]);
	return {
		ids: shown.current,
		isWaiting,
		hold: {
			onPointerEnter: () => setHolds((h) => h | 1),
			onPointerLeave: () => setHolds((h) => h & ~1),
			onFocusIn: () => setHolds((h) => h | 2),
			onFocusOut: () => setHolds((h) => h & ~2),
		},
	};
}
