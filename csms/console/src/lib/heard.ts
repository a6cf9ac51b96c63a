/*
 * What the stream says that there is news of is asked for at once, and once more a moment later: what
 * was just said may not be on disk yet. However much is said, no more often than that.
 */
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { heard } from "../store/store.ts";

const AGAIN_MS = 700;

/* `station` undefined: of any. */
export function useWhenHeard(station: string | undefined, then: () => void): void {
	const latest = useRef(then);
	latest.current = then;
	useEffect(() => {
		let timer: ReturnType<typeof setTimeout> | undefined;
		let isFirst = true;
		let isMore = false;
		const rest = () => {
			timer = setTimeout(() => {
				timer = undefined;
				latest.current();
				if (isMore) rest();
				isMore = false;
			}, AGAIN_MS);
		};
		const stop = effect(() => {
			const { isAll, stations } = heard.value;
			const isMine = isAll || (station === undefined ? stations.size > 0 : stations.has(station));
			if (isFirst || !isMine) {
				isFirst = false;
				return;
			}
			isMore = timer !== undefined;
			if (isMore) return;
			latest.current();
			rest();
		});
		return () => {
			stop();
			clearTimeout(timer);
		};
	}, [station]);
}
