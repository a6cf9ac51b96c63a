/*
 * Who answers on a gateway or bus, and what it may be.
 */
import { useState } from "preact/hooks";
import type { MeterGuess, MeterScanList, MeterScanPost, MeterScanUnit, MeterScanView } from "../../api/types.ts";
import { type Asked, useAskedWhile, useCommand } from "../../lib/ask.ts";
import { clockNear, decimal, kw } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { parseLink } from "../../store/meters.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { Progress } from "../../ui/progress.tsx";

const SHOWN = 3;

export const isRunning = (list: MeterScanList): boolean => list.scans.some((s) => s.state === "running");

export const useScans = (): Asked<MeterScanList> => useAskedWhile<MeterScanList>("/meters/scans", isRunning);

function Guess({ guess }: { guess: MeterGuess }) {
	const reads = [
		guess.power_w === undefined ? undefined : `${kw(guess.power_w, 1)}\u202f${say.unitKw}`,
		guess.voltages_v.length ? `${guess.voltages_v.map((v) => decimal(v, 0)).join(" · ")}\u202fV` : undefined,
		guess.frequency_hz === undefined ? undefined : `${decimal(guess.frequency_hz, 2)}\u202fHz`,
	].filter((x) => x !== undefined);
	return (
		<li>
			<b>{guess.about || guess.map}</b> <span class="cap">{guess.map}, {say.points(guess.points)}</span>
			{reads.length > 0 && <div class="cap">{reads.join(", ")}</div>}
		</li>
	);
}

function Unit({ unit }: { unit: MeterScanUnit }) {
	return (
		<li class="found" data-unit={unit.unit}>
			<div><b>{say.unitNo(unit.unit)}</b> <span class="cap">
				{unit.answers === "refuses" ? say.unitRefuses : say.unitAnswers}, {decimal(unit.latency_ms, 0)}{"\u202f"}{say.unitMs}
			</span></div>
			{unit.guesses.length > 0
				? <ul>{unit.guesses.map((g) => <Guess key={g.map} guess={g} />)}</ul>
				: <p class="cap">{say.unitUnknown}</p>}
		</li>
	);
}

export function ScanCourse({ scan, again }: { scan: MeterScanView; again: () => void }) {
	const { isBusy, error, send } = useCommand();
	const all = scan.last_unit - scan.first_unit + 1;
	const asked = Math.max(0, scan.next_unit - scan.first_unit);
	const stop = async () => {
		await send("DELETE", `/meters/scans/${encodeURIComponent(scan.id)}`);
		again();
	};
	return (
		<div class="pad-line scan" data-scan={scan.state}>
			<p role="status">
				<b class="mono">{scan.link}</b> {say.scanStates[scan.state] ?? scan.state}, {clockNear(Date.parse(scan.started), now.value, zone.value)}
			</p>
			<Progress value={asked} most={all} label={say.scanProgress(asked, all, scan.units.length)} />
			{scan.error !== undefined && <Failure text={scan.error} />}
			<Failure text={error} />
			{scan.state === "running" && (
				<div class="acts"><Act to="set-up" isOff={isBusy} onAct={() => void stop()}>{say.scanStop}</Act></div>
			)}
			<ul>{scan.units.map((u) => <Unit key={u.unit} unit={u} />)}</ul>
			{scan.state === "done" && scan.units.length === 0 && <p class="sub2">{say.scanNobody}</p>}
		</div>
	);
}

interface Form {
	isSerial: boolean;
	host: string;
	port: string;
	device: string;
	baud: string;
	parity: "none" | "even" | "odd";
	first: string;
	last: string;
}

function firstGateway(): { host: string; port: string } {
	for (const m of overview.value?.meters ?? []) {
		const bus = parseLink(m.link);
		if (bus?.host !== undefined) return { host: bus.host, port: String(bus.port) };
	}
	return { host: "", port: "502" };
}

const postOf = (f: Form): MeterScanPost => ({
	...(f.isSerial ? { device: f.device, baud: Number(f.baud), parity: f.parity } : { host: f.host, port: Number(f.port) }),
	first_unit: Number(f.first), last_unit: Number(f.last),
});

function Fields({ form, set }: { form: Form; set: (change: Partial<Form>) => void }) {
	const text = (name: "host" | "device", label: string, hint: string) => (
		<label class="wide">{label}
			<input required maxLength={200} value={form[name]} placeholder={hint} spellcheck={false} autocapitalize="off"
				onInput={(e) => set({ [name]: e.currentTarget.value })} />
		</label>
	);
	const digits = (name: "port" | "baud" | "first" | "last", label: string, least: number, most: number) => (
		<label>{label}
			<input required type="number" min={least} max={most} value={form[name]}
				onInput={(e) => set({ [name]: e.currentTarget.value })} />
		</label>
	);
	return (
		<div class="fields">
			{form.isSerial ? (
				<>
					{text("device", say.scanDevice, "/dev/ttyUSB1")}
					{digits("baud", say.scanBaud, 1200, 115200)}
					<label>{say.scanParity}
						<select value={form.parity} onChange={(e) => set({ parity: e.currentTarget.value as Form["parity"] })}>
							{(["none", "even", "odd"] as const).map((p) => <option key={p} value={p}>{say.parities[p]}</option>)}
						</select>
					</label>
				</>
			) : (
				<>
					{text("host", say.scanHost, "10.0.0.20")}
					{digits("port", say.scanPort, 1, 65535)}
				</>
			)}
			{digits("first", say.scanFirst, 0, 247)}
			{digits("last", say.scanLast, 0, 247)}
		</div>
	);
}

export function Scan() {
	const asked = useScans();
	const [form, setForm] = useState<Form>(() => ({
		isSerial: false, ...firstGateway(), device: "", baud: "9600", parity: "none", first: "1", last: "10",
	}));
	const set = (change: Partial<Form>) => setForm((old) => ({ ...old, ...change }));
	const { isBusy, error, send } = useCommand();
	const begin = async () => {
		await send("POST", "/meters/scans", postOf(form));
		asked.again();
	};
	return (
		<Panel id="scan" title={say.scanTitle} caption={say.scanSub}>
			<form class="form pad" onSubmit={(event) => {
				event.preventDefault();
				void begin();
			}}>
				<div class="seg" role="group" aria-label={say.scanWhere}>
					<button type="button" aria-pressed={!form.isSerial} onClick={() => set({ isSerial: false })}>{say.scanNetwork}</button>
					<button type="button" aria-pressed={form.isSerial} onClick={() => set({ isSerial: true })}>{say.scanSerial}</button>
				</div>
				<Fields form={form} set={set} />
				<Failure text={error} />
				<div class="acts"><Act to="set-up" isMain isOff={isBusy}>{isBusy ? say.sending : say.scanStart}</Act></div>
			</form>
			{asked.data?.scans.slice(0, SHOWN).map((s) => <ScanCourse key={s.id} scan={s} again={asked.again} />)}
			{asked.data?.scans.length === 0 && <Empty title={say.scanNone} />}
			<Answer of={asked} />
		</Panel>
	);
}
