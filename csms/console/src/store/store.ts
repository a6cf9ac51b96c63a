/*
 * The page's state: who is signed in, the overview as the stream keeps it, the link to the server
 * and the server's clock. Components read the signals; only this file and series.ts write them.
 */
import { computed, signal } from "@preact/signals";
import { API, ApiError, getSession, signIn, signInBy, useToken } from "../api/client.ts";
import type { SignInPost } from "../api/types_people.ts";
import { readStream, StreamEnded, type StreamEvent } from "../api/sse.ts";
import type { Overview, Session } from "../api/types.ts";
import { localTime } from "../lib/format.ts";
import { codeFromHash, tokenFromHash } from "../lib/sign_in_code.ts";
import { ServerClock } from "./clock.ts";
import { applyPatch, asOverview, asPatch, type Patch } from "./merge.ts";

const QUIET_MS = 12_000; /* two heartbeats of 5 s and some patience */
const RETRY_MS = [1000, 2000, 4000, 8000, 15_000];
const HIDDEN_MS = 60_000;
const DISPLAY_RETRY_MS = 10_000;
const HIDDEN_DRAW_MS = 1000;

/* "display": the token of a wall display is revoked or too old; "mighty": it may do more than look. */
export type SignIn = "asking" | "in" | "out" | "refused" | "failed" | "display" | "mighty";

export interface Link {
	state: "connecting" | "live" | "lost";
	sinceMs: number; /* lost: local monotonic time of the last byte heard */
	retryAtMs: number; /* local monotonic time of the next try */
}

export const session = signal<Session | undefined>(undefined);
export const signInState = signal<SignIn>("asking");
export const overview = signal<Overview | undefined>(undefined);
/* Parts of it: what shows only some of it is drawn again only when that changed. */
const part = <K extends keyof Overview>(key: K) => computed(() => overview.value?.[key]);
/* The day that it is in the depot, for names of files. */
export const depotDay = (): string => localTime(now.peek(), zone.peek()).day;
export const isHere = computed(() => overview.value !== undefined);
export const depotName = part("name");
export const stations = part("stations");
export const vehicles = part("vehicles");
export const alarms = part("alarms");
export const envelopes = part("envelopes");
export const nodes = computed(() => overview.value?.tree.nodes);
export const sentence = part("sentence");
export const subSentence = part("sub");
export const link = signal<Link>({ state: "connecting", sinceMs: 0, retryAtMs: 0 });
/* Whom the stream told something new of (messages, commands): pages that show these ask then. After a
 * snapshot that may be anybody. */
export const heard = signal<{ isAll: boolean; stations: ReadonlySet<string> }>({ isAll: true, stations: new Set() });
/* Counts snapshots: whoever keeps history of its own fills its gap when it grows. */
export const snapshots = signal(0);

const clock = new ServerClock();
const beat = signal(0);

/* Depot time in ms, read once a second and at each snapshot. */
export const now = computed(() => {
	beat.value;
	return clock.now(performance.now()) ?? Date.now();
});
/* Local monotonic time, of the same beat. */
export const localNow = computed(() => {
	beat.value;
	return performance.now();
});
export const isLost = computed(() => link.value.state === "lost");
export const speed = computed(() => overview.value?.speed ?? 1);
export const zone = computed(() => overview.value?.timezone ?? "UTC");

/* Depot time at a moment of the local clock. */
export function depotTime(localMs: number): number {
	return clock.now(localMs) ?? Date.now();
}

/* The same when depotd was last heard: a charger is silent by that clock, not because we hear nothing. */
export const heardNow = computed(() => (isLost.value ? depotTime(link.value.sinceMs) : now.value));

function tick(): void {
	beat.value += 1;
}

function parse(data: string): unknown {
	try {
		return JSON.parse(data) as unknown;
	} catch {
		return undefined;
	}
}

function take(next: Overview): void {
	clock.observe(Date.parse(next.at), performance.now(), next.speed);
	overview.value = next;
}

function onEvent(event: StreamEvent): void {
	const data = parse(event.data);
	if (event.type === "overview") {
		const snapshot = asOverview(data);
		if (!snapshot) return;
		clock.reset();
		take(snapshot);
		tick();
		heard.value = { isAll: true, stations: new Set() };
		snapshots.value += 1;
		waiting = [];
	} else if (event.type === "patch") {
		const patch = asPatch(data);
		if (patch) waiting.push(patch);
		if (waiting.length === 1) whenDrawing(takeWaiting);
	}
	lastId = event.id;
}

/* Before the next frame; a page that nobody sees draws none, so soon. */
function whenDrawing(what: () => void): void {
	if (document.hidden) setTimeout(what, HIDDEN_DRAW_MS);
	else requestAnimationFrame(what);
}

/* All that came since the last frame is drawn once. */
function takeWaiting(): void {
	const patches = waiting;
	waiting = [];
	if (!overview.value || patches.length === 0) return;
	take(patches.reduce(applyPatch, overview.value));
	const stations = new Set(patches.flatMap((p) => Object.keys(p.heard ?? {})));
	if (stations.size > 0) heard.value = { isAll: false, stations };
}

let waiting: Patch[] = [];

let lastId = "";
let heardMs = 0;
let stopStream: AbortController | undefined;

function wait(ms: number, stop: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);
		stop.addEventListener("abort", () => {
			clearTimeout(timer);
			resolve();
		});
	});
}

/* Keeps one stream open until `stop`; 401 ends it and shows the sign-in page. */
async function runStream(stop: AbortSignal): Promise<void> {
	let tries = 0;
	const onBytes = () => {
		tries = 0;
		heardMs = performance.now();
		if (link.value.state !== "live") link.value = { state: "live", sinceMs: 0, retryAtMs: 0 };
	};
	while (!stop.aborted) {
		try {
			await readStream(API + "/stream", lastId, QUIET_MS, stop, onBytes, onEvent);
		} catch (error) {
			if (stop.aborted) return;
			if (error instanceof StreamEnded && (error.status === 401 || error.status === 403)) {
				session.value = undefined;
				signInState.value = isDisplay() ? "display" : "out";
				return;
			}
		}
		const delay = (RETRY_MS[tries] ?? 15_000) * (0.8 + 0.4 * Math.random());
		tries += 1;
		/* The first quick retry is not worth a bar over the page. */
		if (tries > 1 || !overview.value) {
			link.value = { state: "lost", sinceMs: heardMs, retryAtMs: performance.now() + delay };
		}
		await wait(delay, stop);
	}
}

function openStream(): void {
	stopStream?.abort();
	stopStream = new AbortController();
	void runStream(stopStream.signal);
}

function closeStream(): void {
	stopStream?.abort();
	stopStream = undefined;
}

export function retryNow(): void {
	openStream();
}

/* A hidden page costs the server nothing after a minute; it asks for a snapshot when it is back. */
function watchVisibility(): void {
	let timer: ReturnType<typeof setTimeout> | undefined;
	document.addEventListener("visibilitychange", () => {
		clearTimeout(timer);
		if (document.hidden) {
			timer = setTimeout(closeStream, HIDDEN_MS);
		} else if (session.value && !stopStream) {
			lastId = "";
			openStream();
		}
	});
}

/* With name and password, or the second factor that is still owed. Throws why not. */
export async function enterBy(post: SignInPost): Promise<void> {
	session.value = await signInBy(post);
	signInState.value = "in";
	openStream();
}

/* Somebody changed what the session says of them: the second factor, a password. */
export async function askSession(): Promise<void> {
	session.value = await getSession();
}

async function enter(code: string | undefined): Promise<void> {
	try {
		session.value = code === undefined ? await getSession() : await signIn(code);
		signInState.value = "in";
		openStream();
	} catch (error) {
		const status = error instanceof ApiError ? error.status : 0;
		if (status === 0 || status >= 500 || status === 429) signInState.value = "failed";
		else if (code === undefined) signInState.value = "out";
		else await enterAgain();
	}
}

/* A used link in a browser that is still signed in is no reason to turn its user away. */
async function enterAgain(): Promise<void> {
	try {
		session.value = await getSession();
		signInState.value = "in";
		openStream();
	} catch {
		signInState.value = "refused";
	}
}

const isDisplay = (): boolean => location.pathname === "/wall" && tokenFromHash(location.hash) !== undefined;

/* A wall display, by the token in its address. It hangs where anybody walks by: a token that may do more
 * than look is not taken. While depotd is away it tries again by itself; nobody is there to press. */
async function enterDisplay(token: string): Promise<void> {
	useToken(token);
	for (;;) {
		try {
			const who = await getSession();
			if (who.may.some((m) => m !== "self" && m !== "read" && m !== "knock")) {
				signInState.value = "mighty";
				return;
			}
			session.value = who;
			signInState.value = "in";
			openStream();
			return;
		} catch (error) {
			const status = error instanceof ApiError ? error.status : 0;
			signInState.value = status === 401 || status === 403 ? "display" : "failed";
			if (signInState.value === "display") return;
			await new Promise((r) => setTimeout(r, DISPLAY_RETRY_MS));
		}
	}
}

export async function start(): Promise<void> {
	const token = location.pathname === "/wall" ? tokenFromHash(location.hash) : undefined;
	if (token !== undefined) {
		setInterval(tick, 1000);
		watchVisibility();
		await enterDisplay(token);
		return;
	}
	const code = codeFromHash(location.hash);
	if (code !== undefined) history.replaceState(null, "", location.pathname + location.search);
	setInterval(tick, 1000);
	watchVisibility();
	window.addEventListener("hashchange", () => {
		const late = codeFromHash(location.hash);
		if (late === undefined) return;
		history.replaceState(null, "", location.pathname + location.search);
		void enter(late);
	});
	await enter(code);
}
