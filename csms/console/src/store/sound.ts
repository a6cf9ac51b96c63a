/*
 * A soft tone for a new urgent alarm, and again each five minutes while nobody has taken it. Off unless
 * this browser was told otherwise. A browser plays nothing before somebody pressed something on the
 * page: until then `isMute` says so.
 */
import { effect, signal } from "@preact/signals";
import type { AlarmView } from "../api/types.ts";
import { urgent } from "./alarms.ts";
import { alarms, isHere, now } from "./store.ts";

export const AGAIN_MS = 300_000;

const KEY = "depotd.sound";

function read(): boolean {
	try {
		return localStorage.getItem(KEY) === "on";
	} catch {
		return false; /* storage may be switched off */
	}
}

export const isSoundOn = signal(typeof localStorage !== "undefined" && read());
export const isMute = signal(false); /* wanted, and the browser waits for a press */

/* Which of the urgent alarms sound now: new ones, and those that nobody has for so long. `told`: when each
 * sounded last; it is kept up to date. */
export function toSound(list: readonly AlarmView[], told: Map<string, number>, nowMs: number): string[] {
	const open = new Set(list.map((a) => a.id));
	for (const id of told.keys()) if (!open.has(id)) told.delete(id);
	const due = list.filter((a) => {
		const last = told.get(a.id);
		return last === undefined || (a.owner === undefined && nowMs - last >= AGAIN_MS);
	});
	for (const a of due) told.set(a.id, nowMs);
	return due.map((a) => a.id);
}

let context: AudioContext | undefined;

/* Two soft notes, together 0.6 s. */
function tone(): void {
	if (!context) return;
	const at = context.currentTime;
	for (const [hz, from] of [[660, 0], [880, 0.22]] as const) {
		const note = context.createOscillator();
		const loud = context.createGain();
		note.frequency.value = hz;
		loud.gain.setValueAtTime(0, at + from);
		loud.gain.linearRampToValueAtTime(0.12, at + from + 0.04);
		loud.gain.exponentialRampToValueAtTime(0.001, at + from + 0.38);
		note.connect(loud).connect(context.destination);
		note.start(at + from);
		note.stop(at + from + 0.4);
	}
}

async function wake(): Promise<void> {
	context ??= new AudioContext();
	/* Never settles while the browser waits for a press. */
	if (context.state !== "running") await Promise.race([context.resume(), new Promise((r) => setTimeout(r, 200))]);
	isMute.value = isSoundOn.peek() && context.state !== "running";
}

/* Switched by a press: so the browser lets it sound, and one hears at once how it will. */
export async function switchSound(on: boolean): Promise<void> {
	isSoundOn.value = on;
	try {
		localStorage.setItem(KEY, on ? "on" : "off");
	} catch {
		/* then it holds until the page is closed */
	}
	if (!on) {
		isMute.value = false;
		return;
	}
	await wake();
	tone();
}

/* For as long as the page stands. Alarms that were there when it was opened do not sound at once. */
export function followAlarms(): () => void {
	const told = new Map<string, number>();
	let isKnown = false;
	const press = () => {
		if (isMute.peek()) void wake();
	};
	document.addEventListener("pointerdown", press);
	document.addEventListener("keydown", press);
	if (isSoundOn.peek()) void wake();
	const stop = effect(() => {
		if (!isHere.value) return;
		const due = toSound(urgent(alarms.value ?? []), told, now.value);
		if (isKnown && isSoundOn.value && due.length > 0) tone();
		isKnown = true;
	});
	return () => {
		stop();
		document.removeEventListener("pointerdown", press);
		document.removeEventListener("keydown", press);
	};
}
