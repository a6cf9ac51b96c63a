/*
 * What is over: alarms of the last days, and how calm it has been.
 */
import { useState } from "preact/hooks";
import type { AlarmList, AlarmView } from "../../api/types.ts";
import { type Asked } from "../../lib/ask.ts";
import { say } from "../../messages/say.ts";
import { aside, calm } from "../../store/alarms.ts";
import { alarmPath } from "../../store/place.ts";
import { now, overview } from "../../store/store.ts";
import { Answer } from "../../ui/answer.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { About, kindWord, lasted, Owner, Time } from "./words.tsx";

const FIRST_ROWS = 20;

function Row({ alarm }: { alarm: AlarmView }) {
	return (
		<tr role="row" data-row data-past={alarm.id} tabIndex={-1}>
			<td role="cell" class="c-from n"><Time at={alarm.since} /></td>
			<td role="cell" class="c-to n">{alarm.cleared_at !== undefined && <Time at={alarm.cleared_at} />}</td>
			<td role="cell" class="c-kind">{alarm.count > 1 ? say.times(alarm.count) : lasted(alarm)}</td>
			<th role="rowheader" scope="row" class="c-name">
				<Link to={alarmPath(alarm.id)} kind="name">{kindWord(alarm.kind)}</Link>, <About alarm={alarm} />
			</th>
			<td role="cell" class="c-what cap">{alarm.text}{alarm.note !== undefined && ` — ${alarm.note}`}</td>
		</tr>
	);
}

export function Record({ asked }: { asked: Asked<AlarmList> }) {
	const [filter, setFilter] = useState("");
	const [isWhole, setWhole] = useState(false);
	const all = asked.data?.alarms ?? [];
	const words = filter.trim().toLowerCase();
	const found = words === "" ? all : all.filter((a) =>
		[a.kind, kindWord(a.kind), a.subject, a.text, a.note ?? ""].some((t) => t.toLowerCase().includes(words)));
	const shown = isWhole ? found : found.slice(0, FIRST_ROWS);
	const heads: [string, string][] = [
		[say.fromTime, "h-from n"], [say.toTime, "h-to n"], [say.lastedWord, "h-kind"], [say.whatWord, "h-name"],
		[say.whatItDid, "h-what"],
	];
	return (
		<Panel id="record" title={say.recordTitle} caption={say.recordSub} end={all.length > 0 && (
			<input class="filter" type="search" placeholder={say.filter} aria-label={say.filter} value={filter}
				onInput={(e) => setFilter(e.currentTarget.value)} />
		)}>
			<Answer of={asked} />
			{asked.data && all.length === 0 && <Empty title={say.recordEmpty}>{say.recordEmptyWhy}</Empty>}
			{all.length > 0 && found.length === 0 && <Empty title={say.filterNothing} />}
			{shown.length > 0 && (
				<table role="table" class="cards dense record" aria-labelledby="record-h">
					<thead role="rowgroup"><tr role="row">
						{heads.map(([text, kind]) => <th key={text} role="columnheader" scope="col" class={kind}>{text}</th>)}
					</tr></thead>
					<tbody role="rowgroup">{shown.map((a) => <Row key={a.id} alarm={a} />)}</tbody>
				</table>
			)}
			{found.length > shown.length && (
				<div class="pad"><button type="button" class="btn" onClick={() => setWhole(true)}>{say.showAll(found.length)}</button></div>
			)}
		</Panel>
	);
}

export function HowCalm({ asked }: { asked: Asked<AlarmList> }) {
	const open = overview.value?.alarms ?? [];
	const known = new Set(open.map((a) => a.id));
	const c = calm([...open, ...(asked.data?.alarms ?? []).filter((a) => !known.has(a.id))], now.value);
	const put = aside(open);
	return (
		<Panel id="calm" title={say.calmTitle}>
			<Answer of={asked} />
			<div class="pad">
				{asked.data && <p>{say.calmCounts(c.day, c.week)}</p>}
				{asked.data && c.often && <p class="sub2">{say.calmOften(kindWord(c.often.kind), c.often.subject, c.often.count)}</p>}
				{put.length > 0 && <p class="aside-head"><b>{say.asideTitle(put.length)}</b></p>}
				<ul class="aside-list">
					{put.map((a) => (
						<li key={a.id} data-aside={a.id}>
							<Link to={alarmPath(a.id)}>{kindWord(a.kind)}</Link>, <About alarm={a} />. <span class="sub2"><Owner alarm={a} /></span>
						</li>
					))}
				</ul>
			</div>
		</Panel>
	);
}
