/*
 * One command from its form to its true end. The server checks each change of the form and says what
 * it would do to vans; only then it can be sent, once; afterwards the dialog follows it, and shows
 * nothing as done that the charger has not said.
 */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { CommandForm, CommandTry, CommandView, FirmwareList, StationView } from "../../api/types.ts";
import { command } from "../../api/client.ts";
import { useAsked, useAskedOf, useCommand, words } from "../../lib/ask.ts";
import { clockNear, kw } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { cannot, isOver } from "../../store/commands.ts";
import { blankStruct, merged, payloadOf, requestOf, typed, type Values } from "../../store/forms.ts";
import { isLost, now, zone } from "../../store/store.ts";
import { Act, Failure, type Permission } from "../../ui/act.tsx";
import { Course } from "./course.tsx";
import type { Wanted } from "./detail.tsx";
import { Struct } from "./form.tsx";

const SETTLE_MS = 350; /* typing goes on */

interface Trial {
	text: string; /* of the payload that it is about */
	data?: CommandTry;
	error?: string;
}

/* Who is there: when that changes, what a command does changes too. */
const vansOf = (s: StationView): string => s.evses.map((e) => `${e.state} ${e.vehicle ?? ""}`).join();

/* What the server says of the payload; undefined while it is asked. */
function useTrial(station: string, about: string, action: string, text: string | undefined): Trial | undefined {
	const [trial, setTrial] = useState<Trial | undefined>(undefined);
	useEffect(() => {
		if (text === undefined) return undefined;
		let isOver = false;
		const timer = setTimeout(() => {
			command<CommandTry>("POST", `/stations/${encodeURIComponent(station)}/commands/try`, { action, payload: JSON.parse(text) as unknown })
				.then((data) => !isOver && setTrial({ text, data }), (error: unknown) => !isOver && setTrial({ text, error: words(error) }));
		}, SETTLE_MS);
		return () => {
			isOver = true;
			clearTimeout(timer);
		};
	}, [station, about, action, text]);
	return trial?.text === text ? trial : undefined;
}

export function Effect({ trial }: { trial: CommandTry }) {
	return (
		<div class="effect" role="status" data-effect>
			<p><b>{trial.sentence}</b></p>
			{trial.vans.length > 0 && (
				<ul>
					{trial.vans.map((v) => (
						<li key={v.evse}>
							{say.evseNo(v.evse)}: <b>{v.name ?? v.vehicle ?? say.unknownVan}</b>, {say.evseStates[v.state] ?? v.state}
							{v.power_w !== undefined && `, ${kw(v.power_w, 1)}\u202f${say.unitKw}`}
							{v.departs_at !== undefined && `, ${say.leavesAt(clockNear(Date.parse(v.departs_at), now.value, zone.value))}`}
							{". "}<b>{say.vanEffects[v.effect]}</b>
						</li>
					))}
				</ul>
			)}
			<p class="cap">{say.endsWith(trial.waits_for)}</p>
		</div>
	);
}

/* Images that depotd has; the charger's own kind first said. */
function Images({ picked, pick }: { picked: string; pick: (id: string) => void }) {
	const list = useAsked<FirmwareList>("/firmware", 60_000);
	return (
		<label>{say.imageWord}
			<select required value={picked} onChange={(e) => pick(e.currentTarget.value)}>
				<option value="">{say.chooseOne}</option>
				{(list.data?.firmware ?? []).map((f) => (
					<option key={f.id} value={f.id}>{[f.vendor, f.model, f.version].filter(Boolean).join(" ")}{f.verified ? "" : ` (${say.notSigned})`}</option>
				))}
			</select>
			{list.data?.firmware.length === 0 && <span class="cap">{say.noImages}</span>}
			{list.error !== undefined && <span class="failure">{list.error}</span>}
		</label>
	);
}

interface BodyProps {
	station: StationView;
	wanted: Wanted;
	form: CommandForm;
	onSent: (k: CommandView) => void;
	onClose: () => void;
}

const keyNow = (): string => `console-${crypto.randomUUID()}`;

function Fill({ station, wanted, form, onSent, onClose }: BodyProps) {
	const { offer } = wanted;
	const isImage = offer.id === "firmware";
	const [values, setValues] = useState<Values>(() => merged(blankStruct(form, requestOf(form)), typed(offer.payload) as Values));
	const [image, setImage] = useState("");
	const [why, setWhy] = useState("");
	const key = useRef({ text: "", key: "" });
	const { isBusy, error, send } = useCommand();
	const made = useMemo(() => {
		if (isImage) return { payload: { firmware: { location: `firmware:${image}` } }, faults: image === "" ? [{ path: "firmware", is: "missing" as const }] : [] };
		return wanted.isFixed ? { payload: offer.payload, faults: [] } : payloadOf(form, values);
	}, [values, image]);
	const text = made.faults.length === 0 ? JSON.stringify(made.payload) : undefined;
	const trial = useTrial(station.id, vansOf(station), offer.action, text);
	const off = cannot(station);
	const go = async () => {
		if (!trial?.data || off !== undefined) return;
		const body = { action: offer.action, payload: made.payload, wait: "none", ...(why.trim() !== "" && { why: why.trim() }) };
		const whole = JSON.stringify(body);
		/* The same once more, because its answer was lost, is not sent twice. */
		if (key.current.text !== whole) key.current = { text: whole, key: keyNow() };
		const sent = await send<CommandView>("POST", `/stations/${encodeURIComponent(station.id)}/commands`, body, key.current.key);
		if (sent) onSent(sent);
	};
	return (
		<form class="form" noValidate onSubmit={(event) => {
			event.preventDefault();
			void go();
		}}>
			{wanted.note}
			{isImage && <Images picked={image} pick={setImage} />}
			{!isImage && !wanted.isFixed && (
				<Struct form={form} struct={requestOf(form)} path="" values={values} set={setValues} faults={made.faults} skip={offer.fixed ?? []} />
			)}
			{trial?.data && <Effect trial={trial.data} />}
			{trial?.error !== undefined && <Failure text={trial.error} />}
			{!trial && <p class="cap" role="status">{text === undefined ? say.fillNeeded : say.asksServer}</p>}
			<label>{say.whyLabel} <input maxLength={200} value={why} autocomplete="off" placeholder={say.whyHint} onInput={(e) => setWhy(e.currentTarget.value)} /></label>
			{off !== undefined && <Failure text={say.cannot[off]} />}
			<Failure text={error} />
			<div class="acts">
				<Act to={form.needs as Permission} isMain isOff={isBusy || !trial?.data || off !== undefined}>
					{isBusy ? say.sending : (say.offers[offer.id]?.send ?? say.sendAction(offer.action))}
				</Act>
				<button type="button" class="btn" onClick={onClose}>{say.cancel}</button>
			</div>
		</form>
	);
}

function Follow({ sent, onClose }: { sent: CommandView; onClose: () => void }) {
	const seen = useAskedOf<CommandView>(`/commands/${encodeURIComponent(sent.id)}`, sent.station);
	const k = seen.data ?? sent;
	return (
		<div class="form">
			<Course command={k} isWhole />
			{seen.error !== undefined && <Failure text={say.notFollowed(seen.error)} />}
			{!isOver(k) && <p class="cap">{say.goesOnAlone}</p>}
			<div class="acts"><button type="button" class="btn" onClick={onClose}>{say.keysClose}</button></div>
		</div>
	);
}

interface DialogProps {
	station: StationView;
	wanted: Wanted;
	onSent: () => void;
	onClose: () => void;
}

export function CommandDialog({ station, wanted, onSent, onClose }: DialogProps) {
	const box = useRef<HTMLDialogElement>(null);
	const [sent, setSent] = useState<CommandView | undefined>(undefined);
	const form = useAsked<CommandForm>(`/command-forms/${wanted.offer.action}`, 3_600_000);
	useEffect(() => {
		const before = document.activeElement;
		box.current?.showModal();
		return () => {
			if (before instanceof HTMLElement) before.focus();
		};
	}, []);
	return (
		<dialog ref={box} class="command" aria-labelledby="command-h" onClose={onClose} data-command-dialog={wanted.offer.action}>
			<h2 id="command-h">{wanted.title}</h2>
			<p class="cap">{wanted.offer.action}{form.data ? ` (${form.data.use})` : ""}{isLost.value && `, ${say.lostShort}`}</p>
			{sent && <Follow sent={sent} onClose={onClose} />}
			{!sent && form.data && (
				<Fill station={station} wanted={wanted} form={form.data} onClose={onClose} onSent={(k) => {
					setSent(k);
					onSent();
				}} />
			)}
			{!sent && !form.data && <p class="cap">{form.error ?? say.loading}</p>}
		</dialog>
	);
}
