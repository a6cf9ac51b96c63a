/*
 * One session: its course, what it cost, what its meter said and signed, and what its record holds.
 */
import { useMemo } from "preact/hooks";
import type { PlanExplain } from "../../api/types.ts";
import type { SessionCourse, TransactionDetail } from "../../api/types_sessions.ts";
import { useAsked } from "../../lib/ask.ts";
import { clockNear, decimal, kw, kwh } from "../../lib/format.ts";
import { toLocal } from "../../lib/local_clock.ts";
import { say } from "../../messages/say.ts";
import { names } from "../../store/derive.ts";
import { chargerPath, planPath } from "../../store/place.ts";
import { courseSteps } from "../../store/sessions.ts";
import { now, overview, zone } from "../../store/store.ts";
import { ALL_WIRE, wireAddress } from "../../store/wire.ts";
import { Answer } from "../../ui/answer.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { State } from "../../ui/state.tsx";
import { limitOwner, Picture, useWidth } from "../chart.tsx";
import { Cost } from "./cost.tsx";
import { recordStatus } from "./list.tsx";
import { Events, Signed, Values } from "./record.tsx";
import { w } from "./words.ts";

const RARE_MS = 30_000;

const at = (iso: string): string => clockNear(Date.parse(iso), now.peek(), zone.value);

function Power({ course }: { course: SessionCourse }) {
	const [ref, width] = useWidth();
	const to = Date.parse(course.to);
	const steps = useMemo(() => courseSteps(course, to), [course]);
	const planned = useMemo(() => course.planned.map((p) => ({ from: Date.parse(p.from), to: Date.parse(p.to), w: p.w })), [course]);
	const owner = limitOwner(course.told[course.told.length - 1]?.source);
	const step = course.step_s < 3600 ? say.minutes(course.step_s / 60) : say.hours(course.step_s / 3600);
	const wh = course.power.reduce((sum, p) => sum + (p.w * course.step_s) / 3600, 0);
	return (
		<Panel id="course" title={w.powerTitle} caption={w.powerSpan(step, at(course.from), at(course.to))}
			end={<div class="legend">
				<span><i class="sw power" />{w.power}</span><span><i class="sw rule" />{w.allowed}</span>
				{planned.length > 0 && <span><i class="sw plan" />{w.planned}</span>}
			</div>}>
			{course.power.length === 0 ? <Empty title={w.powerNone}>{w.powerNoneWhy}</Empty> : (
				<div class="chart-box"><div ref={ref} class="chart-fit">
					{width > 0 && (
						<Picture steps={steps} planned={planned} from={Date.parse(course.from)} to={to} width={width} owner={owner}
							label={w.label(`${kwh(wh)} ${say.unitKwh}`)} />
					)}
				</div></div>
			)}
			<p class="pad-line cap">{course.plan_made_at !== undefined ? w.planOf(at(course.plan_made_at)) : w.noPlan(course.no_plan ?? "")}</p>
		</Panel>
	);
}

function Told({ course }: { course: SessionCourse }) {
	const known = names(overview.value!);
	return (
		<Panel id="told" title={w.toldTitle} caption={w.toldCaption}>
			{course.told.length === 0 ? <Empty title={w.toldNone} /> : (
				<div class="scroll tall" tabIndex={0} role="group" aria-label={w.toldTitle}>
					<table class="dense">
						<thead><tr>
							<th scope="col">{w.at}</th><th scope="col" class="n">{w.limit}</th><th scope="col">{w.owner}</th><th scope="col">{w.reason}</th>
						</tr></thead>
						<tbody>
							{[...course.told].reverse().map((t) => (
								<tr key={t.at} data-told>
									<th scope="row"><time dateTime={t.at}>{at(t.at)}</time></th>
									<td class="n">{kw(t.limit_w, 1)}{"\u202f"}{say.unitKw}</td>
									<td>{limitOwner(t.source)}{t.node !== undefined && ` · ${known.node.get(t.node) ?? t.node}`}</td>
									<td>{t.reason}</td>
								</tr>
							))}
						</tbody>
					</table>
				</div>
			)}
			{course.told_cut && <p class="pad-line cap">{w.toldCut}</p>}
		</Panel>
	);
}

/* Why the plan that first had it let it charge when it did. */
function Why({ course, place }: { course: SessionCourse; place: string }) {
	const asked = useAsked<PlanExplain>(course.plan === undefined ? undefined
		: `/plan/explain?vehicle=${encodeURIComponent(place)}&plan=${encodeURIComponent(course.plan)}`, 600_000);
	if (course.plan === undefined) return null;
	return (
		<Panel id="why" title={w.why} caption={course.plan_made_at !== undefined && w.byPlan(at(course.plan_made_at))}>
			<Answer of={asked} />
			{course.ruled !== undefined && <p class="pad-line" data-ruled><b>{course.ruled}</b></p>}
			{course.ruled !== undefined && <p class="pad-line cap">{w.planWanted}</p>}
			<ul class="pad-line stack-lines">{(asked.data?.sentences ?? []).map((s) => <li key={s}>{s}</li>)}</ul>
			{asked.data && <p class="pad-line"><Link to={planPath(asked.data.vehicle)}>{w.planNow}</Link></p>}
		</Panel>
	);
}

/* A minute before or after, as an input has it; "" not known. */
const near = (iso: string | undefined, minutes: number): string =>
	(iso === undefined ? "" : toLocal(Date.parse(iso) + minutes * 60_000, zone.value).slice(0, 16));

function Facts({ detail }: { detail: TransactionDetail }) {
	const t = detail.transaction;
	const van = t.vehicle === undefined ? w.unknownVan : (names(overview.value!).vehicle.get(t.vehicle) ?? t.vehicle);
	const wh = (x: number | undefined) => (x === undefined ? say.unknown : `${kwh(x)}\u202f${say.unitKwh}`);
	const register = (x: number | undefined) => (x === undefined ? say.unknown : decimal(x / 1000, 2));
	const rows: [string, string | undefined][] = [
		[w.facts.van, van], [w.facts.place, `${t.station}${t.evse === undefined ? "" : `/${t.evse}`}`],
		[w.facts.started, t.started_at && at(t.started_at)], [w.facts.ended, t.ended_at && at(t.ended_at)],
		[w.facts.startedBy, detail.started_by],
		[w.facts.endedBy, [t.stopped_reason, detail.ended_by].filter(Boolean).join(", ")],
		[w.facts.energy, wh(t.energy_wh)], [w.facts.registers, `${register(t.begin_wh)} → ${register(t.end_wh)}\u202f${say.unitKwh}`],
		[w.facts.token, t.token && [t.token, t.token_type, t.token_status].filter(Boolean).join(" · ")],
		[w.facts.cable, t.cable_max_a === undefined ? undefined : `${t.cable_max_a}\u202fA`],
		[w.facts.phases, t.phases_used === undefined ? undefined : w.phasesOf(t.phases_used)],
		[w.facts.offline, detail.offline_events > 0 ? w.offline(detail.offline_events) : undefined],
		[w.facts.id, t.id],
	];
	return (
		<Panel id="facts" title={w.factsTitle} end={<State status={recordStatus(t)} />}>
			<dl class="facts">
				{rows.filter(([, x]) => x).map(([name, x]) => <div key={name}><dt>{name}</dt><dd>{x}</dd></div>)}
			</dl>
			{t.quarantined !== undefined && <p class="pad-line"><State status={{ icon: "risk", tone: "risk", isTag: false, word: t.quarantined }} /></p>}
			<p class="pad-line acts">
				<Link to={wireAddress({ ...ALL_WIRE, station: t.station, from: near(t.started_at, -1), to: near(t.ended_at, 1) })}>{w.wire}</Link>
				<Link to={chargerPath(t.station)}>{w.charger}</Link>
			</p>
		</Panel>
	);
}

export function SessionDetail({ station, id }: { station: string; id: string }) {
	const base = `/transactions/${encodeURIComponent(station)}/${encodeURIComponent(id)}`;
	const course = useAsked<SessionCourse>(`${base}/course`, RARE_MS);
	const detail = useAsked<TransactionDetail>(base, RARE_MS);
	if (course.status === 404) {
		return <div class="page"><div class="say"><h1>{w.gone}</h1><p class="sub"><Link to="/sessions">{w.all}</Link></p></div></div>;
	}
	return (
		<div class="page">
			<div class="say" aria-live="polite">
				<p class="back"><Link to="/sessions">{w.all}</Link></p>
				<h1>{course.data?.sentence ?? w.title}</h1>
				<p class="sub">{course.data?.sub}</p>
			</div>
			{course.error !== undefined && <Answer of={course} />}
			{detail.error !== undefined && <Answer of={detail} />}
			<div class="g-session">
				<div class="stack">
					{course.data ? <Power course={course.data} /> : course.error === undefined && <Panel id="course" title={w.powerTitle}><Answer of={course} /></Panel>}
					{course.data && <Told course={course.data} />}
					<Values base={base} />
					{detail.data && <Events events={detail.data.events} />}
				</div>
				<div class="stack">
					{detail.data && <Facts detail={detail.data} />}
					{course.data && detail.data && <Why course={course.data} place={`${station}/${detail.data.transaction.evse ?? 0}`} />}
					{course.data && <Cost course={course.data} detail={detail.data} />}
					<Signed base={base} />
				</div>
			</div>
		</div>
	);
}
