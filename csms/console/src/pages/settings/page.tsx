/*
 * Settings: the tree as it is described, changed as text with a check before anything counts; what was
 * changed when and by whom; what depotd was started with.
 */
import { useState } from "preact/hooks";
import type { Settings } from "../../api/types_settings.ts";
import type { JournalEvent } from "../../api/types_sessions.ts";
import { type Asked, useAsked } from "../../lib/ask.ts";
import { csvText, saveFile } from "../../lib/csv.ts";
import { clockNear } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { changeOf, type Grid, gridBefore, type GridChange, settingsOf, yamlOf } from "../../store/settings.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Answer, Heading } from "../../ui/answer.tsx";
import { Link } from "../../ui/link.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Editor } from "./editor.tsx";
import { w } from "./words.ts";

const wordsOf = (c: GridChange): string => c.edits.map((e) => {
	const what = `${w.changed[e.kind] ?? e.kind} ${e.id}`;
	return e.before === undefined ? w.added(what) : e.after === undefined ? w.removed(what) : w.was(what);
}).join(", ");

function History({ changes, asked, onUndo }: { changes: readonly GridChange[]; asked: Asked<unknown>; onUndo: (c: GridChange) => void }) {
	const file = changes[0]?.file;
	return (
		<Panel id="history" title={w.historyTitle}>
			<Answer of={asked} />
			{asked.data !== undefined && changes.length === 0 && <p class="pad-line">{w.historyNone}</p>}
			<ul class="tests">
				{changes.map((c) => (
					<li key={c.seq} class="test" data-change={c.seq}>
						<div class="grow">
							<b>{wordsOf(c)}</b>
							<p class="cap">{w.by(c.actor, clockNear(Date.parse(c.at), now.peek(), zone.value))}</p>
							{c.why !== undefined && <p>{c.why}</p>}
							{c.file !== file && <p class="cap">{w.other}</p>}
						</div>
						<button type="button" class="btn" onClick={() => onUndo(c)}>{w.undo}</button>
					</li>
				))}
			</ul>
		</Panel>
	);
}

function Daemon({ s }: { s: Settings }) {
	const [isOwn, setOwn] = useState(true);
	const [filter, setFilter] = useState("");
	const all = settingsOf(s.values, s.presets);
	const rows = all.filter((r) => (!isOwn || r.isOwn) && r.name.includes(filter.trim().toLowerCase()));
	const save = () => saveFile(w.csvName, "text/csv", csvText([["setting", "value", "default", "from"],
		...all.map((r) => [r.name, r.value, r.preset, r.isOwn ? "depotd.yaml" : "default"])]));
	return (
		<Panel id="daemon" title={w.daemonTitle} caption={w.daemonCaption}>
			<div class="tools">
				<input class="filter" type="search" placeholder={w.filter} aria-label={w.filter} value={filter} onInput={(e) => setFilter(e.currentTarget.value)} />
				<button type="button" class="btn" aria-pressed={isOwn} onClick={() => setOwn(!isOwn)}>{w.onlyChanged}</button>
				<button type="button" class="btn" onClick={save}>{say.saveCsv}</button>
			</div>
			<div class="scroll tall" tabIndex={0} role="group" aria-label={w.daemonTitle}>
				<table class="dense">
					<thead><tr>{[w.setting, w.value, w.preset, w.source].map((h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
					<tbody>
						{rows.map((r) => (
							<tr key={r.name} data-setting={r.name}>
								<th scope="row" class="mono">{r.name}</th><td class="mono">{r.isOwn ? <b>{r.value}</b> : r.value}</td>
								<td class="mono u">{r.preset ?? ""}</td><td>{r.isOwn ? w.fromFile : w.fromDefault}</td>
							</tr>
						))}
					</tbody>
				</table>
			</div>
			<p class="pad-line cap">{w.file(s.depot_file)}</p>
		</Panel>
	);
}

export function SettingsPage() {
	const settings = useAsked<Settings>("/settings", 30_000);
	const grid = useAsked<Grid>("/grid", 10_000);
	const depot = overview.value?.depot;
	const journal = useAsked<{ events: JournalEvent[] }>(depot === undefined ? undefined
		: `/journal?stream=${encodeURIComponent(`depot/${depot}`)}&type=GridChanged&order=newest&limit=50`, 15_000);
	const [draft, setDraft] = useState<string | undefined>(undefined);
	const [isUndo, setUndo] = useState(false);
	if (!overview.value) return <Skeleton />;
	const changes = (journal.data?.events ?? []).map(changeOf).filter((c) => c !== undefined);
	const undo = (c: GridChange) => {
		if (!grid.data) return;
		setDraft(yamlOf(gridBefore(grid.data, changes, c.seq)));
		setUndo(true);
		document.getElementById("tree-text")?.scrollIntoView({ block: "center" });
	};
	return (
		<div class="page">
			<Heading said={settings.data} name={w.title} />
			{(grid.data === undefined || grid.error !== undefined) && <Panel id="tree-text" title={w.treeTitle}><Answer of={grid} /></Panel>}
			{grid.data && (
				<Editor grid={grid.data} draft={draft} note={isUndo ? w.undone : undefined}
					setDraft={(x) => { setDraft(x); setUndo(false); }} onApplied={() => { grid.again(); journal.again(); settings.again(); }} />
			)}
			<div class="g-even">
				<History changes={changes} asked={journal} onUndo={undo} />
				<div class="stack">
					{settings.data ? <Daemon s={settings.data} /> : <Panel id="daemon" title={w.daemonTitle}>{settings.status === 403 ? <p class="pad-line">{w.notAllowed}</p> : <Answer of={settings} />}</Panel>}
					<Panel id="others" title={w.stationsTitle}>
						<p class="pad-line">{w.stationsWhy}</p>
						<p class="pad-line acts"><Link to="/chargers">{w.toChargers}</Link> <Link to="/tariffs">{w.toTariffs}</Link></p>
					</Panel>
				</div>
			</div>
		</div>
	);
}
