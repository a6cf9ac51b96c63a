/*
 * Things that the stream does not carry: asked for while they are looked at, and again every so
 * often, or when the stream says that there is news. What came last stays when a later question fails; the error stands beside it.
 */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, command, get } from "../api/client.ts";
import { useWhenHeard } from "./heard.ts";

const RETRY_MS = 5000;

export interface Asked<T> {
	data: T | undefined;
	error: string | undefined;
	status: number; /* of the error; 0: no answer at all */
	again: () => void;
}

export const words = (error: unknown): string =>
	(error instanceof ApiError ? (error.detail ?? error.title) : String(error));

interface Held<T> {
	path: string;
	data: T | undefined;
	error: string | undefined;
	status: number;
}

/* Until somebody looks at the page, one that was opened behind another too. */
function whenSeen(stop: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (!document.hidden) {
			resolve();
			return;
		}
		document.addEventListener("visibilitychange", () => {
			if (!document.hidden) resolve();
		}, { signal: stop });
	});
}

/* `path` undefined asks nothing. A page in the background asks when it is looked at. Without `everyMs` it
 * asks once, and by again(). */
export function useAsked<T>(path: string | undefined, everyMs?: number): Asked<T> {
	const [held, setHeld] = useState<Held<T> | undefined>(undefined);
	const [turn, setTurn] = useState(0);
	useEffect(() => {
		if (path === undefined) return undefined;
		const over = new AbortController();
		let timer: ReturnType<typeof setTimeout> | undefined;
		const ask = async () => {
			let nextMs = everyMs;
			await whenSeen(over.signal);
			if (over.signal.aborted) return;
			try {
				const data = await get<T>(path);
				if (!over.signal.aborted) setHeld({ path, data, error: undefined, status: 200 });
			} catch (error) {
				if (over.signal.aborted) return;
				nextMs = Math.min(nextMs ?? RETRY_MS, RETRY_MS);
				const status = error instanceof ApiError ? error.status : 0;
				setHeld((old) => ({
					path, data: old?.path === path ? old.data : undefined, error: words(error), status,
				}));
			}
			if (!over.signal.aborted && nextMs !== undefined) timer = setTimeout(() => void ask(), nextMs);
		};
		void ask();
		return () => {
			over.abort();
			clearTimeout(timer);
		};
	}, [path, everyMs, turn]);
	const again = useCallback(() => setTurn((n) => n + 1), []);
	const mine = held?.path === path ? held : undefined;
	return { data: mine?.data, error: mine?.error, status: mine?.status ?? 200, again };
}

export interface Command {
	isBusy: boolean;
	error: string | undefined;
	send: <T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown, key?: string) => Promise<T | undefined>;
}

/* One command at a time: a second press while the first is under way does nothing. */
export function useCommand(): Command {
	const [isBusy, setBusy] = useState(false);
	const [error, setError] = useState<string | undefined>(undefined);
	const runs = useRef(false);
	const send = useCallback(async <T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown, key?: string) => {
		if (runs.current) return undefined;
		runs.current = true;
		setBusy(true);
		setError(undefined);
		try {
			return await command<T>(method, path, body, key);
		} catch (failure) {
			setError(words(failure));
			return undefined;
		} finally {
			runs.current = false;
			setBusy(false);
		}
	}, []);
	return { isBusy, error, send };
}

const RUNNING_MS = 1000;
const RESTING_MS = 10_000;

/* As useAsked, once a second while what came says that something is under way. */
export function useAskedWhile<T>(path: string, isRunning: (data: T) => boolean): Asked<T> {
	const [isFast, setFast] = useState(false);
	const asked = useAsked<T>(path, isFast ? RUNNING_MS : RESTING_MS);
	const wanted = asked.data !== undefined && isRunning(asked.data);
	useEffect(() => setFast(wanted), [wanted]);
	return asked;
}

/* As useAsked, again whenever the stream says that there is news of the station. */
export function useAskedOf<T>(path: string, station: string): Asked<T> {
	const asked = useAsked<T>(path);
	useWhenHeard(station, asked.again);
	return asked;
}
