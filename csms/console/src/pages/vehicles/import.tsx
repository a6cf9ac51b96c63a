/* A yard list: looked at line by line, then taken as a whole or not at all. */
import { useState } from "preact/hooks";
import type { TripImportReply, TripLine } from "../../api/types_vehicles.ts";
import { useCommand } from "../../lib/ask.ts";
import { decimal } from "../../lib/format.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Panel } from "../../ui/panel.tsx";
import { State, type Status } from "../../ui/state.tsx";
import { nameOf, Table, time } from "./parts.tsx";
import { w } from "./words.ts";

const MOST = 1_000_000; /* of the API */

const ICONS: Record<string, Omit<Status, "word">> = {
	refused: { icon: "miss", tone: "miss", isTag: true }, new: { icon: "ok", tone: "ok", isTag: false },
	changed: { icon: "trk", tone: "plain", isTag: false }, unchanged: { icon: "free", tone: "plain", isTag: false },
};

const statusOf = (what: string): Status => ({ ...(ICONS[what] ?? ICONS.unchanged!), word: w.lineWords[what] ?? what });

function Line({ l }: { l: TripLine }) {
	return (
		<tr role="row" data-row data-line={l.line} tabIndex={-1} class={l.what === "refused" ? "tint-miss" : ""}>
			<th role="rowheader" scope="row" class="n">{l.line}</th>
			<td role="cell" class="wide"><State status={statusOf(l.what)} />{l.fault !== undefined && (
				<span class="cap why">{l.column !== undefined && `${w.column(l.column)}: `}{l.fault}</span>
			)}</td>
			<td role="cell" data-label={w.van}>{l.vehicle === undefined ? "" : nameOf(l.vehicle)}</td>
			<td role="cell" data-label={w.departs}>{time(l.departs)}</td>
			<td role="cell" data-label={w.returns}>{time(l.returns)}</td>
			<td role="cell" class="n" data-label={w.km}>{l.distance_km === undefined ? "" : decimal(l.distance_km, 0)}</td>
		</tr>
	);
}

function Judged({ reply }: { reply: TripImportReply }) {
	const refused = reply.refused ?? 0;
	return (
		<div role="status">
			<p class="pad-line" data-judged>
				{refused > 0 && <b>{w.importRefused(refused)} </b>}{w.importSays(reply.stored, reply.unchanged, reply.past)}
				{(reply.more ?? 0) > 0 && ` ${w.importMore(reply.more ?? 0)}`}
			</p>
			{reply.lines.length > 0 && (
				<Table id="import" heads={[[w.line, "n"], [w.becomes, ""], [w.van, ""], [w.departs, ""], [w.returns, ""], [w.km, "n"]]}>
					{reply.lines.map((l) => <Line key={l.line} l={l} />)}
				</Table>
			)}
		</div>
	);
}

export function Import({ onDone }: { onDone: () => void }) {
	const [csv, setCsv] = useState("");
	const [judged, setJudged] = useState<TripImportReply | undefined>(undefined);
	const [taken, setTaken] = useState<number | undefined>(undefined);
	const { isBusy, error, send } = useCommand();
	const put = (text: string) => {
		setCsv(text.slice(0, MOST));
		setJudged(undefined);
		setTaken(undefined);
	};
	const look = async () => setJudged(await send<TripImportReply>("POST", "/trips/import", { csv, check: true, each: true }));
	const take = async () => {
		const done = await send<TripImportReply>("POST", "/trips/import", { csv });
		if (done === undefined) return;
		put("");
		setTaken(done.stored);
		onDone();
	};
	const canTake = judged !== undefined && (judged.refused ?? 0) === 0 && judged.stored > 0;
	return (
		<Panel id="import" title={w.importTitle} caption={w.importCaption}>
			<form class="form pad" onSubmit={(event) => {
				event.preventDefault();
				void (canTake ? take() : look());
			}}>
				<p class="sub2">{w.importHelp}</p>
				<div class="two">
					<label>{w.importFile}
						<input type="file" accept=".csv,text/csv,text/plain" onChange={(e) => void e.currentTarget.files?.[0]?.text().then(put)} />
					</label>
					<label>{w.importText}
						<textarea class="mono" rows={3} value={csv} spellcheck={false} onInput={(e) => put(e.currentTarget.value)} />
					</label>
				</div>
				<div class="acts">
					{canTake ? <Act to="dispatch" isMain isOff={isBusy}>{w.importTake(judged.stored)}</Act>
						: <Act to="dispatch" isOff={isBusy || csv.trim() === ""}>{w.importCheck}</Act>}
					{taken !== undefined && <span role="status">{w.importTaken(taken)}</span>}
				</div>
				<Failure text={error} />
			</form>
			{judged && <Judged reply={judged} />}
		</Panel>
	);
}
