/*
 * Alarms: who must do what, how soon.
 */
import type { AlarmList, AlarmView } from "../../api/types.ts";
import { useAsked } from "../../lib/ask.ts";
import { memo } from "../../lib/memo.ts";
import { useStableOrder } from "../../lib/stable_order.ts";
import { say } from "../../messages/say.ts";
import { active } from "../../store/alarms.ts";
import { alarmPath } from "../../store/place.ts";
import { overview } from "../../store/store.ts";
import { Answer, Heading } from "../../ui/answer.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { SaveTable } from "../../ui/save_table.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Acts } from "./acts.tsx";
import { HowCalm, Record } from "./record.tsx";
import { About, kindWord, lasted, Owner, Rank, Time } from "./words.tsx";

const PAST = "/alarms?state=past&limit=200";

const Row = memo(function Row({ alarm }: { alarm: AlarmView }) {
	return (
		<tr role="row" data-row data-alarm={alarm.id} tabIndex={-1} class={alarm.rank === "urgent" ? "tint-miss" : ""}>
			<td role="cell" class="c-state"><Rank alarm={alarm} /></td>
			<td role="cell" class="c-since"><b><Time at={alarm.since} /></b><span class="cap">{lasted(alarm)}</span></td>
			<th role="rowheader" scope="row" class="c-name">
				<span><Link to={alarmPath(alarm.id)} kind="name">{kindWord(alarm.kind)}</Link>, <About alarm={alarm} /></span>
				<span class="sub2">{alarm.text}</span>
				{alarm.count > 1 && <span class="cap">{say.times(alarm.count)}</span>}
			</th>
			<td role="cell" class="c-step"><b>{alarm.step}</b></td>
			<td role="cell" class="c-who"><Owner alarm={alarm} />{alarm.note !== undefined && <span class="cap why">{alarm.note}</span>}</td>
			<td role="cell" class="c-act"><Acts alarm={alarm} isShort /></td>
		</tr>
	);
});

function Active() {
	const rows = active(overview.value?.alarms ?? []);
	const order = useStableOrder(rows.map((a) => a.id));
	const byId = new Map(rows.map((a) => [a.id, a] as const));
	const heads: [string, string][] = [
		[say.act, "h-state"], [say.sinceHead, "h-since"], [say.whatIsWrong, "h-name"], [say.nextStep, "h-step"],
		[say.whoHasIt, "h-who"], ["", "h-act"],
	];
	return (
		<Panel id="alarms" title={say.activeTitle} caption={order.isWaiting ? say.orderChanged : say.activeSub} end={rows.length > 0 && <SaveTable of="alarms" />}>
			{rows.length === 0 ? <Empty title={say.alarmsNone}>{say.alarmsNoneWhy}</Empty> : (
				<table role="table" class="cards alarms" aria-labelledby="alarms-h">
					<thead role="rowgroup"><tr role="row">
						{heads.map(([text, kind]) => (text === "" ? <td key={kind} class={kind} />
							: <th key={kind} role="columnheader" scope="col" class={kind}>{text}</th>))}
					</tr></thead>
					<tbody role="rowgroup" {...order.hold}>
						{order.ids.map((id) => <Row key={id} alarm={byId.get(id)!} />)}
					</tbody>
				</table>
			)}
		</Panel>
	);
}

/* One alarm: everything about it, all steps of its runbook, and what to do with it. */
function Detail({ alarm }: { alarm: AlarmView }) {
	const steps = alarm.runbook.split("\n").filter((s) => s !== "");
	const facts: [string, preact.ComponentChildren][] = [
		[say.aboutWhat, <About alarm={alarm} />],
		[say.sinceHead, <><Time at={alarm.since} />, {lasted(alarm)}</>],
		[say.lastSeen, <><Time at={alarm.last_at} />{alarm.count > 1 && `, ${say.times(alarm.count)}`}</>],
		[say.whoHasIt, <Owner alarm={alarm} />],
		...(alarm.note === undefined ? [] : [[say.noteLabel, alarm.note] as [string, string]]),
		...(alarm.cleared_at === undefined ? [] : [[say.overSince, <Time at={alarm.cleared_at} />] as [string, preact.ComponentChildren]]),
	];
	return (
		<div class="page">
			<div class="say" aria-live="polite">
				<p class="back"><Link to="/alarms">{say.allAlarms}</Link></p>
				<p><Rank alarm={alarm} /> {alarm.state === "past" && say.isOver}</p>
				<h1>{kindWord(alarm.kind)}</h1>
				<p class="sub">{alarm.text}</p>
			</div>
			<div class="g-even">
				<Panel id="runbook" title={say.whatToDo}>
					<p class="pad-line step"><b>{alarm.step}</b></p>
					<ol class="runbook">{steps.map((s, i) => <li key={i}>{s}</li>)}</ol>
				</Panel>
				<Panel id="facts" title={say.factsTitle}>
					<dl class="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
					<div class="pad-line"><Acts alarm={alarm} /></div>
				</Panel>
			</div>
		</div>
	);
}

export function AlarmsPage({ id }: { id: string | undefined }) {
	const data = overview.value;
	const isOpen = id !== undefined && data?.alarms.some((a) => a.id === id);
	const past = useAsked<AlarmList>(isOpen ? undefined : PAST, 30_000);
	if (!data) return <Skeleton />;
	if (id !== undefined) {
		const one = data.alarms.find((a) => a.id === id) ?? past.data?.alarms.find((a) => a.id === id);
		if (one) return <Detail key={id} alarm={one} />;
		if (!past.data) return <div class="page"><Heading said={undefined} name={say.pageAlarms} /><Panel id="facts" title={say.factsTitle}><Answer of={past} /></Panel></div>;
		return (
			<div class="page"><div class="say">
				<h1>{say.noSuchAlarm}</h1>
				<p class="sub"><Link to="/alarms">{say.allAlarms}</Link></p>
			</div></div>
		);
	}
	return (
		<div class="page">
			<div class="say" aria-live="polite">
				<h1>{data.alarms_sentence}</h1>
				<p class="sub">{data.alarms_sub}</p>
			</div>
			<Active />
			<div class="g">
				<Record asked={past} />
				<HowCalm asked={past} />
			</div>
		</div>
	);
}
