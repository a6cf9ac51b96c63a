/*
 * Limits that others set for a time: which wait for an answer, which bind, whose they are, how old,
 * and what each changes before one says yes, no, or withdraws it.
 */
import { useEffect, useState } from "preact/hooks";
import type { EnvelopeBlockPost, EnvelopeList, EnvelopeTry, EnvelopeView } from "../../api/types.ts";
import { get } from "../../api/client.ts";
import { useAsked, useCommand, words } from "../../lib/ask.ts";
import { amperes, clockNear, duration, kw, kwh } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { asTrial, blockNow, isOpen, mayRefuse, openEnvelopes, waits } from "../../store/envelopes.ts";
import { envelopePath } from "../../store/place.ts";
import { now, overview, session, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { SaveTable } from "../../ui/save_table.tsx";
import { State, type Status } from "../../ui/state.tsx";
import { span } from "./limits.tsx";
import { Trial } from "./trial.tsx";

type Way = "accept" | "refuse" | "withdraw";

export function statusOf(e: EnvelopeView): Status {
	const word = say.envelopeStates[e.state] ?? e.state;
	if (waits(e)) return { icon: "unk", tone: "risk", isTag: true, word };
	if (e.state === "fallback") return { icon: "risk", tone: "risk", isTag: true, word };
	if (e.counts) return { icon: "bind", tone: "plain", isTag: true, word: say.envelopeBinds };
	if (e.state === "refused" || e.state === "withdrawn") return { icon: "closed", tone: "plain", isTag: false, word };
	if (e.state === "expired") return { icon: "ok", tone: "plain", isTag: false, word };
	return { icon: e.state === "active" ? "closed" : "wait", tone: "plain", isTag: false, word };
}

/* "≤ 150 kW import, 63 A a phase" */
export function limitWords(b: EnvelopeBlockPost): string {
	return [
		b.import_w === undefined ? undefined : say.importOf(kw(b.import_w)),
		b.export_w === undefined ? undefined : say.exportOf(kw(b.export_w)),
		b.phase_ma === undefined ? undefined : say.perPhase(amperes(b.phase_ma)),
	].filter((x) => x !== undefined).join(", ");
}

function Amount({ e }: { e: EnvelopeView }) {
	const b = blockNow(e, now.value);
	if (!b) return <span class="u">{say.noLimit}</span>;
	return (
		<>
			<b>{limitWords(b)}</b>
			<span class="cap why">{span(b.start, b.end)}{e.blocks.length > 1 && `, ${say.moreTimes(e.blocks.length - 1)}`}</span>
		</>
	);
}

function Effect({ e }: { e: EnvelopeView }) {
	if (!e.effect) return <span class="u">{say.notJudged}</span>;
	const text = e.effect.late > 0 ? say.effectLate(e.effect.late, kwh(e.effect.shed_wh)) : say.effectNone;
	const age = Math.max(0, now.value - Date.parse(e.effect.judged_at)) / 1000;
	return (
		<>
			{text}
			{e.effect.shed_w > 0 && <span class="why">{say.upTo(kw(e.effect.shed_w))}</span>}
			<span class="cap why">{say.judged(duration(age))}</span>
		</>
	);
}

/* What it would change, asked with all of its blocks; a list shows the first few only. */
function useTrial(e: EnvelopeView, isWanted: boolean): { result: EnvelopeTry | undefined; error: string | undefined } {
	const [result, setResult] = useState<EnvelopeTry | undefined>(undefined);
	const [error, setError] = useState<string | undefined>(undefined);
	const { send, error: refused } = useCommand();
	useEffect(() => {
		if (!isWanted) return;
		get<EnvelopeView>(`/envelopes/${encodeURIComponent(e.id)}`)
			.then((whole) => send<EnvelopeTry>("POST", "/envelopes/try", asTrial(whole)))
			.then((r) => setResult(r), (failure: unknown) => setError(words(failure)));
	}, [e.id, isWanted]);
	return { result, error: error ?? refused };
}

function Ask({ e, way, onEnd }: { e: EnvelopeView; way: Way; onEnd: () => void }) {
	const [why, setWhy] = useState("");
	const { isBusy, error, send } = useCommand();
	const trial = useTrial(e, way === "accept");
	const isOwn = e.owner === `operator/${session.value?.name}`;
	const needsWhy = way === "withdraw" && !isOwn;
	const act = async () => {
		const id = encodeURIComponent(e.id);
		const note = why.trim();
		const done = way === "withdraw"
			? await send("DELETE", `/envelopes/${id}${note ? `?why=${encodeURIComponent(note)}` : ""}`)
			: await send("POST", `/envelopes/${id}/${way}`, note ? { why: note } : {});
		if (done !== undefined) onEnd();
	};
	return (
		<Confirm title={say.envelopeActs[way].title} verb={say.envelopeActs[way].verb} to={needsWhy ? "overrule" : "limit"}
			isBusy={isBusy} isOff={needsWhy && why.trim() === ""} onYes={() => void act()} onNo={onEnd}>
			<p><b>{e.owner}</b>: <Amount e={e} /></p>
			<p class="sub2">{say.envelopeActs[way].effect}</p>
			{way === "accept" && !trial.result && trial.error === undefined && <p role="status">{say.trialRuns}</p>}
			{trial.result && <Trial result={trial.result} />}
			{trial.error !== undefined && <Failure text={say.trialFailed(trial.error)} />}
			{way !== "accept" && e.effect && <p><Effect e={e} /></p>}
			<label>{needsWhy ? say.whyNeeded : say.why}
				<input maxLength={200} value={why} onInput={(x) => setWhy(x.currentTarget.value)} />
			</label>
			<Failure text={error} />
		</Confirm>
	);
}

/* What may be done with it now: nothing, once it is over. */
export function Acts({ e }: { e: EnvelopeView }) {
	const [way, setWay] = useState<Way | undefined>(undefined);
	if (!isOpen(e)) return null;
	const ways: Way[] = [...(waits(e) ? ["accept" as const] : []), ...(mayRefuse(e) ? ["refuse" as const] : ["withdraw" as const])];
	return (
		<div class="acts">
			{ways.map((w) => (
				<Act key={w} to="limit" isMain={w === "accept"} onAct={() => setWay(w)}>{say.envelopeActs[w].button}</Act>
			))}
			{way !== undefined && <Ask e={e} way={way} onEnd={() => setWay(undefined)} />}
		</div>
	);
}

function Row({ e, nodeName }: { e: EnvelopeView; nodeName: string }) {
	const received = Math.max(0, now.value - Date.parse(e.received_at)) / 1000;
	return (
		<tr role="row" data-row data-envelope={e.id} tabIndex={-1} class={waits(e) ? "tint-risk" : ""}>
			<td role="cell" class="c-state">
				<State status={statusOf(e)} />
				{e.beaten_owner !== undefined && <span class="cap why">{say.beatenBy(e.beaten_owner, e.beaten_why)}</span>}
				{e.urgent && e.decided_by === undefined && <span class="cap why">{say.urgentTaken}</span>}
			</td>
			<th role="rowheader" scope="row" class="c-name">
				<Link to={envelopePath(e.id)} kind="name">{e.owner}</Link><span class="cap why">{nodeName}{e.reference !== undefined && `, ${e.reference}`}</span>
			</th>
			<td role="cell" class="c-limit">
				<Amount e={e} />
				{e.note !== undefined && <span class="st risk small why"><Icon name="risk" size={14} /> {e.note}</span>}
			</td>
			<td role="cell" class="c-effect"><Effect e={e} /></td>
			<td role="cell" class="c-age">
				{say.ago(duration(received))}
				{e.silent_since !== undefined && <span class="cap why">{say.ownerSilent}</span>}
				{e.why !== undefined && <span class="cap why">{e.why}</span>}
			</td>
			<td role="cell" class="c-act"><Acts e={e} /></td>
		</tr>
	);
}

/* Of all, or of those whose owner begins so. */
export function Envelopes({ owner }: { owner?: string }) {
	const data = overview.value;
	if (!data) return null;
	const list = openEnvelopes(data.envelopes).filter((e) => owner === undefined || e.owner.startsWith(owner));
	const names = new Map(data.tree.nodes.map((n) => [n.id, n.name || n.id] as const));
	const heads: [string, string][] = [
		[say.state, "h-state"], [say.owner, "h-name"], [say.limitHead, "h-limit"], [say.whatItChanges, "h-effect"],
		[say.received, "h-age"], ["", "h-act"],
	];
	return (
		<Panel id="envelopes" title={say.envelopesTitle} caption={say.envelopesSub} end={<SaveTable of="envelopes" />}>
			{list.length === 0 ? <Empty title={say.envelopesNone}>{say.envelopesNoneWhy}</Empty> : (
				<table role="table" class="cards envelopes" aria-labelledby="envelopes-h">
					<thead role="rowgroup"><tr role="row">
						{heads.map(([text, kind]) => (text === "" ? <td key={kind} class={kind} />
							: <th key={kind} role="columnheader" scope="col" class={kind}>{text}</th>))}
					</tr></thead>
					<tbody role="rowgroup">
						{list.map((e) => <Row key={e.id} e={e} nodeName={names.get(e.node) ?? e.node} />)}
					</tbody>
				</table>
			)}
		</Panel>
	);
}

/* What is over keeps its record. */
export function PastEnvelopes() {
	const asked = useAsked<EnvelopeList>("/envelopes?state=over&limit=20", 30_000);
	const list = asked.data?.envelopes ?? [];
	const names = new Map((overview.value?.tree.nodes ?? []).map((n) => [n.id, n.name || n.id] as const));
	if (list.length === 0 && asked.error === undefined) return null;
	return (
		<Panel id="past-envelopes" title={say.pastTitle} caption={say.pastSub} end={<SaveTable of="past-envelopes" />}>
			<Answer of={asked} />
			<ul class="past-limits">{list.map((e) => (
				<li key={e.id} data-row data-past-envelope={e.id} tabIndex={-1}>
					<State status={statusOf(e)} />
					<span class="grow"><Link to={envelopePath(e.id)} kind="name">{e.owner}</Link> <span class="cap">{names.get(e.node) ?? e.node}</span></span>
					<span class="cap">{clockNear(Date.parse(e.moved_at), now.value, zone.value)}</span>
				</li>
			))}</ul>
		</Panel>
	);
}
