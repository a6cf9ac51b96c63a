/* The tree as text: what differs, whether it holds together, and only then in force. */
import { useMemo, useState } from "preact/hooks";
import type { GridResult } from "../../api/types_settings.ts";
import { useCommand } from "../../lib/ask.ts";
import { diffOf, type Grid, yamlOf } from "../../store/settings.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Panel } from "../../ui/panel.tsx";
import { State } from "../../ui/state.tsx";
import { w } from "./words.ts";

interface Props {
	grid: Grid;
	draft: string | undefined; /* undefined: the tree in force */
	note: string | undefined;
	setDraft: (x: string | undefined) => void;
	onApplied: () => void;
}

function Diff({ before, after }: { before: string; after: string }) {
	const lines = useMemo(() => diffOf(before, after), [before, after]).filter((l) => l.kind !== "same");
	return (
		<div class="diff" role="group" tabIndex={0} aria-label={w.diffTitle}>
			{lines.map((l, i) => <div key={i} class={l.kind} data-diff={l.kind}><span aria-hidden="true">{l.kind === "new" ? "+" : "−"}</span> {l.text}</div>)}
		</div>
	);
}

function Apply({ text, result, onDone, onNo }: { text: string; result: GridResult; onDone: () => void; onNo: () => void }) {
	const [why, setWhy] = useState("");
	const [isForced, setForced] = useState(false);
	const { isBusy, error, send } = useCommand();
	const go = async () => {
		const q = `check=0&force=${isForced ? 1 : 0}${why ? `&why=${encodeURIComponent(why)}` : ""}`;
		if (await send<GridResult>("POST", `/grid/text?${q}`, { text }, crypto.randomUUID())) onDone();
	};
	return (
		<Confirm title={w.applyTitle} verb={w.applyVerb} to="set-up" isBusy={isBusy} onYes={() => void go()} onNo={onNo}>
			<p>{w.applyWhat(result.changed)}</p>
			{result.warning !== undefined && <p><b>{w.warning}</b> {result.warning}</p>}
			<label>{w.why}<input type="text" maxLength={500} value={why} onInput={(e) => setWhy(e.currentTarget.value)} /></label>
			{(result.warning !== undefined || error !== undefined) && (
				<label class="tick"><input type="checkbox" checked={isForced} onChange={(e) => setForced(e.currentTarget.checked)} /> {w.force}</label>
			)}
			<Failure text={error} />
		</Confirm>
	);
}

export function Editor({ grid, draft, note, setDraft, onApplied }: Props) {
	const inForce = useMemo(() => yamlOf(grid), [grid.revision]);
	const [base, setBase] = useState<string | undefined>(undefined); /* what was in force when the draft began */
	const [result, setResult] = useState<{ of: string; is: GridResult } | undefined>(undefined);
	const [asks, setAsks] = useState(false);
	const [isApplied, setApplied] = useState(false);
	const { isBusy, error, send } = useCommand();
	const text = draft ?? inForce;
	const isSame = text === inForce;
	const isStale = draft !== undefined && base !== undefined && base !== inForce;
	const isGood = result?.of === text;
	const write = (x: string) => {
		if (draft === undefined) setBase(inForce);
		setApplied(false);
		setDraft(x);
	};
	const check = async () => {
		const is = await send<GridResult>("POST", "/grid/text?check=1", { text });
		setResult(is && { of: text, is });
	};
	const done = () => {
		setAsks(false);
		setApplied(true);
		setDraft(undefined);
		setBase(undefined);
		onApplied();
	};
	return (
		<Panel id="tree-text" title={w.treeTitle} caption={w.treeCaption} end={<>
			{!isSame && <button type="button" class="btn" onClick={() => { setDraft(undefined); setBase(undefined); }}>{w.reset}</button>}
			<Act to="set-up" isOff={isBusy || isSame} onAct={() => void check()}>{w.check}</Act>
			<Act to="set-up" isMain isOff={!isGood || result.is.changed === 0 || isStale} onAct={() => setAsks(true)}>{w.apply}</Act>
		</>}>
			<div class="pad-line form">
				{note !== undefined && <p role="status"><b>{note}</b></p>}
				<textarea class="yaml" spellcheck={false} aria-label={w.text} rows={Math.min(24, text.split("\n").length + 1)} value={text} wrap="off"
					onInput={(e) => write(e.currentTarget.value)} />
				<div role="status">
					{isStale && <p class="failure">{w.stale}</p>}
					{isBusy && <span class="cap" aria-busy="true">{w.checking}</span>}
					{error !== undefined && <div class="fault-box"><State status={{ icon: "miss", tone: "miss", isTag: true, word: w.bad }} /><p data-fault>{error}</p></div>}
					{isGood && <State status={{ icon: "ok", tone: "ok", isTag: false, word: w.good(result.is.changed) }} />}
					{isGood && result.is.warning !== undefined && <p><b>{w.warning}</b> {result.is.warning}</p>}
					{isApplied && <p>{w.applied}</p>}
					{isSame && !isApplied && <p class="cap">{w.unchanged}</p>}
				</div>
			</div>
			{!isSame && <><h3 class="pad-line">{w.diffTitle}</h3><Diff before={inForce} after={text} /></>}
			{asks && result && <Apply text={text} result={result.is} onDone={done} onNo={() => setAsks(false)} />}
		</Panel>
	);
}
