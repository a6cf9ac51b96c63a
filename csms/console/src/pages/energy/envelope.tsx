/*
 * One limit over time, from the word to the record: who said it, which nodes it binds, what these may
 * draw, what chargers were told, what was measured, and what the journal keeps of it.
 */
import type { ComponentChildren } from "preact";
import type { EnvelopeBlockPost, EnvelopeCompliance, EnvelopeRecord, EnvelopeView } from "../../api/types.ts";
import { useAsked } from "../../lib/ask.ts";
import { amperes, clockNear, durationExact, kw, kwh } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { blockNow, nodesBelow, toldEvses, verdictOf } from "../../store/envelopes.ts";
import { evsesBelow } from "../../store/derive.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Failure } from "../../ui/act.tsx";
import { Answer, Heading } from "../../ui/answer.tsx";
import { Icon, type IconName } from "../../ui/icons.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { State } from "../../ui/state.tsx";
import { person } from "../alarms/words.tsx";
import { Acts, limitWords, statusOf } from "./envelopes.tsx";
import { span } from "./limits.tsx";
import { Measured } from "./measured.tsx";

const at = (x: string): string => clockNear(Date.parse(x), now.value, zone.value);

const nodeName = (id: string): string => overview.value?.tree.nodes.find((n) => n.id === id)?.name || id;

interface StepProps {
	name: string;
	icon: IconName;
	tone?: "plain" | "ok" | "risk" | "miss";
	head: ComponentChildren;
	children?: ComponentChildren;
}

function Step({ name, icon, tone = "plain", head, children }: StepProps) {
	return (
		<li data-step={name}>
			<span class="cap">{say.lineage[name]}</span>
			<p class={`st ${tone}`}><Icon name={icon} /> <b>{head}</b></p>
			{children}
		</li>
	);
}

/* Of one that is over nothing is left but its record. */
function blockOf(e: EnvelopeView, r: EnvelopeRecord | undefined): EnvelopeBlockPost | undefined {
	const kept = r && {
		start: r.start, end: r.end,
		...(r.limit_w !== undefined && { import_w: r.limit_w }), ...(r.limit_ma !== undefined && { phase_ma: r.limit_ma }),
	};
	return blockNow(e, now.value) ?? e.blocks.at(-1) ?? kept;
}

function Word({ e, r }: { e: EnvelopeView; r: EnvelopeRecord | undefined }) {
	const b = blockOf(e, r);
	return (
		<Step name="word" icon="bolt" head={b ? limitWords(b) : say.noLimit}>
			{b && <p class="cap">{span(b.start, b.end)}{e.blocks.length > 1 && `, ${say.moreTimes(e.blocks.length - 1)}`}</p>}
			<p class="cap">{say.saidBy(e.owner, at(e.received_at))}</p>
			{e.decided_by !== undefined && e.decided_at !== undefined && (
				<p class="cap">{(e.state === "refused" ? say.refusedBy : say.acceptedBy)(person(e.decided_by), at(e.decided_at))}</p>
			)}
			{e.why !== undefined && <p class="cap">{e.why}</p>}
		</Step>
	);
}

function Nodes({ e }: { e: EnvelopeView }) {
	const nodes = overview.value?.tree.nodes ?? [];
	const below = nodesBelow(nodes, e.node);
	return (
		<Step name="nodes" icon={e.note === undefined ? "bind" : "risk"} tone={e.note === undefined ? "plain" : "risk"} head={nodeName(e.node)}>
			<p class="cap">{say.nodesBelow(below.length, evsesBelow(nodes, overview.value?.stations ?? [], e.node))}</p>
			{e.note !== undefined && <p>{e.note}</p>}
			{e.beaten_owner !== undefined && <p class="cap">{say.beatenBy(e.beaten_owner, e.beaten_why)}</p>}
		</Step>
	);
}

/* While it counts: what the EVSEs below may draw together. Always: what it costs, as it was judged. */
function Allocation({ e }: { e: EnvelopeView }) {
	const node = overview.value?.tree.nodes.find((n) => n.id === e.node);
	const runs = e.state === "active" || e.state === "fallback";
	return (
		<Step name="allocation" icon="plug" head={runs && node ? say.mayDrawKw(kw(node.allowed_w)) : say.notDividedNow}>
			{runs && node && <p class="cap">{say.drawNow(kw(node.evse_w))}{node.load_w !== undefined && ` ${say.otherLoad(kw(node.load_w - node.evse_w))}`}</p>}
			{e.effect && <p class="cap">{e.effect.shed_w > 0 ? say.costs(kw(e.effect.shed_w), kwh(e.effect.shed_wh)) : say.costsNothing}</p>}
		</Step>
	);
}

function Profiles({ r }: { r: EnvelopeRecord | undefined }) {
	const evses = r ? toldEvses(r).length : 0;
	return (
		<Step name="profile" icon="trk" head={say.limitsSent(r?.command_count ?? 0)}>
			{evses > 0 && <p class="cap">{say.toEvses(evses)}</p>}
		</Step>
	);
}

function MeasuredStep({ r }: { r: EnvelopeRecord | undefined }) {
	if (!r || r.measured_s + r.estimated_s + r.bounded_s === 0) return <Step name="measured" icon="unk" head={say.nothingMeasured} />;
	return (
		<Step name="measured" icon={r.mean_w === undefined ? "unk" : "meter"} head={r.mean_w === undefined ? say.onlyBounds : say.meanKw(kw(r.mean_w))}>
			{r.max_w !== undefined && <p class="cap">{say.mostKw(kw(r.max_w), r.max_at === undefined ? undefined : at(r.max_at))}</p>}
			{r.phases.map((p) => (
				<p key={p.phase} class="cap" data-phase={p.phase}>
					{p.phase}: {say.mostA(amperes(p.max_ma), at(p.max_at))}{p.above_s > 0 && `, ${say.aboveFor(durationExact(p.above_s))}`}
				</p>
			))}
			{r.limit_ma !== undefined && r.phases.length === 0 && <p class="cap">{say.noPhases}</p>}
			<p class="cap">{say.measuredFor(durationExact(r.measured_s))}</p>
			{r.estimated_s > 0 && <p class="cap">{say.estimatedFor(durationExact(r.estimated_s))}</p>}
			{r.bounded_s > 0 && r.bound_max_w !== undefined && <p class="cap" data-bounded>{say.boundedFor(durationExact(r.bounded_s), kw(r.bound_max_w))}</p>}
			{r.unmeasured_s > 0 && <p class="cap">{say.unmeasuredFor(durationExact(r.unmeasured_s))}</p>}
		</Step>
	);
}

function RecordStep({ r, isRecording }: { r: EnvelopeRecord | undefined; isRecording: boolean }) {
	if (isRecording) return <Step name="record" icon="wait" head={say.recordIsMade} />;
	if (!r) return <Step name="record" icon="wait" head={say.noRecordYet} />;
	const isBroken = !r.kept && !r.unsure;
	return (
		<Step name="record" icon={isBroken ? "miss" : r.unsure ? "unk" : r.seq === undefined ? "wait" : "ok"}
			tone={isBroken ? "miss" : r.unsure || r.seq === undefined ? "plain" : "ok"}
			head={isBroken ? say.broken : r.unsure ? say.notKnown : r.seq === undefined ? say.keptSoFar : say.kept}>
			{r.above_s > 0 && <p class="cap">{say.above(durationExact(r.above_s), kwh(r.above_wh))}</p>}
			<p class="cap">{r.seq === undefined ? say.stillRuns : say.inJournal(r.seq)}</p>
			{r.hash !== undefined && <p class="mono hash" title={r.hash}>{r.hash.slice(0, 16)}</p>}
		</Step>
	);
}

function Told({ r }: { r: EnvelopeRecord | undefined }) {
	const list = r?.commands ?? [];
	const heads = [say.colTime, say.evse, say.limitHead, say.limitFrom, say.reason, say.callId];
	return (
		<Panel id="told" title={say.toldTitle} caption={r && r.command_count > list.length ? say.firstOf(list.length, r.command_count) : undefined}>
			{list.length === 0 ? <Empty title={say.toldNone}>{say.toldNoneWhy}</Empty> : (
				<div class="scroll" tabIndex={0} role="group" aria-label={say.toldTitle}>
					<table class="dense told">
						<thead><tr>{heads.map((h) => <th key={h} scope="col" class={h === say.limitHead ? "n" : undefined}>{h}</th>)}</tr></thead>
						<tbody>{list.map((c, i) => (
							<tr key={i} data-told={c.evse}>
								<td>{at(c.at)}</td>
								<th scope="row">{c.evse}</th>
								<td class="n">{kw(c.limit_w)}{"\u202f"}{say.unitKw}</td>
								<td>{say.limitSources[c.source] ?? c.source}{c.node !== undefined && `, ${nodeName(c.node)}`}</td>
								<td>{c.reason}</td>
								<td class="mono">{c.call ?? ""}</td>
							</tr>
						))}</tbody>
					</table>
				</div>
			)}
			{r && r.vehicles.length > 0 && <p class="pad-line cap">{say.vansThen} {r.vehicles.join(", ")}</p>}
		</Panel>
	);
}

/* All the times that it counted; the page above is about the newest. */
function Records({ list }: { list: EnvelopeRecord[] }) {
	return (
		<Panel id="records" title={say.recordsTitle} caption={say.recordsSub}>
			<div class="scroll" tabIndex={0} role="group" aria-label={say.recordsTitle}>
				<table class="dense">
					<thead><tr>
						<th scope="col">{say.colTime}</th><th scope="col" class="n">{say.limitHead}</th>
						<th scope="col" class="n">{say.mean}</th><th scope="col" class="n">{say.most}</th>
						<th scope="col">{say.state}</th><th scope="col" class="n">{say.journal}</th>
					</tr></thead>
					<tbody>{list.map((r) => (
						<tr key={r.start} data-record={r.seq ?? "open"}>
							<th scope="row">{span(r.start, r.end)}</th>
							<td class="n">{r.limit_w !== undefined ? kw(r.limit_w) : r.limit_ma !== undefined ? say.perPhase(amperes(r.limit_ma)) : ""}</td>
							<td class="n">{r.mean_w === undefined ? say.unknown : kw(r.mean_w)}</td>
							<td class="n">{r.max_w === undefined ? say.unknown : kw(r.max_w)}</td>
							<td>{r.unsure ? say.notKnown : r.kept ? (r.seq === undefined ? say.keptSoFar : say.kept) : `${say.broken}, ${durationExact(r.above_s)}`}</td>
							<td class="n">{r.seq ?? ""}</td>
						</tr>
					))}</tbody>
				</table>
			</div>
		</Panel>
	);
}

function Missing({ why }: { why: string | undefined }) {
	return (
		<div class="page"><div class="say">
			<h1>{why === undefined ? say.loading : say.noSuchEnvelope}</h1>
			<p class="sub"><Link to="/energy">{say.allLimits}</Link></p>
			<Failure text={why} />
		</div></div>
	);
}

export function EnvelopePage({ id }: { id: string }) {
	const path = `/envelopes/${encodeURIComponent(id)}`;
	const whole = useAsked<EnvelopeView>(path, 5000);
	const compliance = useAsked<EnvelopeCompliance>(`${path}/compliance`, 5000);
	const live = overview.value?.envelopes.find((e) => e.id === id);
	const e = whole.data && { ...whole.data, ...live, blocks: whole.data.blocks };
	if (!e && whole.status !== 404) return <div class="page"><Heading said={undefined} name={say.pageEnergy} /><Panel id="lineage" title={say.lineageTitle}><Answer of={whole} /></Panel></div>;
	if (!e) return <Missing why={whole.error} />;
	const records = compliance.data?.records ?? [];
	const newest = records[0];
	const isRecording = compliance.data?.pending === true;
	const verdict = verdictOf(e, newest, isRecording);
	const first = e.blocks[0];
	return (
		<div class="page">
			<div class="say" aria-live="polite">
				<p class="back"><Link to="/energy">{say.allLimits}</Link></p>
				<p><State status={statusOf(e)} /></p>
				<h1 data-verdict={verdict}>{say.limitVerdicts[verdict](newest ? durationExact(newest.above_s) : "", first ? at(first.start) : "")}</h1>
				<p class="sub">{say.limitOfAt(e.owner, nodeName(e.node))}{e.reference !== undefined && `, ${e.reference}`}</p>
			</div>
			<Panel id="lineage" title={say.lineageTitle} end={<Acts e={e} />}>
				<ol class="lineage">
					<Word e={e} r={newest} />
					<Nodes e={e} />
					<Allocation e={e} />
					<Profiles r={newest} />
					<MeasuredStep r={newest} />
					<RecordStep r={newest} isRecording={isRecording} />
				</ol>
				<Answer of={compliance} />
			</Panel>
			{newest && newest.measured_s + newest.estimated_s + newest.bounded_s > 0 && <Measured minutes={compliance.data?.minutes ?? []} record={newest} />}
			<Told r={newest} />
			{records.length > 1 && <Records list={records} />}
		</div>
	);
}
