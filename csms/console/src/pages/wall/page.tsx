/*
 * Tonight on a wall, read from four metres: clock, sentence, what needs somebody, the board by
 * departure. Nothing to press; a frozen clock shows a frozen page.
 */
import { useEffect, useState } from "preact/hooks";
import type { VehicleView } from "../../api/types.ts";
import { clock, clockNear, clockSeconds, duration, kw, localTime, pct } from "../../lib/format.ts";
import { memo } from "../../lib/memo.ts";
import { say } from "../../messages/say.ts";
import { evseCounts, nextLimit, rootNode, splitVans } from "../../store/derive.ts";
import { depotName, depotTime, envelopes, heardNow, isHere, isLost, link, nodes, now, sentence, stations, subSentence, vehicles, zone } from "../../store/store.ts";
import { boardOf, nextOut, PAGE_MS, WALL_ROWS } from "../../store/wall.ts";
import { Bar } from "../../ui/bar.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Reading, Unit, useIsOld } from "../../ui/reading.tsx";
import { useIsLong } from "../../ui/skeleton.tsx";
import { State, vehicleStatus } from "../../ui/state.tsx";
import { useWallTheme } from "../../ui/theme.ts";

const CARDS = 3;
const RELOAD_HOUR = 11; /* nobody leaves then */

const at = (time: string) => clockNear(Date.parse(time), now.value, zone.value);
const bayOf = (v: VehicleView): string =>
	(v.station === undefined ? say.wallAway : v.evse === undefined ? v.station : say.evseName(v.station, v.evse));

function Battery({ van }: { van: VehicleView }) {
	const isOld = useIsOld(van.soc_at, "battery");
	return <Bar value={van.soc_pct} notch={van.target_pct} isOld={isOld} />;
}

const Card = memo(function Card({ van }: { van: VehicleView }) {
	const status = vehicleStatus(van.state);
	return (
		<li class={`w-card w-${status.tone}`} data-wall-card={van.id}>
			<p class="w-head"><State status={status} /> <b>{van.name || van.id}</b>
				{van.departs_at !== undefined && <span class="w-leaves">{say.wallLeaves} <b>{at(van.departs_at)}</b></span>}</p>
			<p>{van.station !== undefined && `${bayOf(van)}. `}{van.reason}</p>
		</li>
	);
});

const Row = memo(function Row({ van, departs }: { van: VehicleView; departs: string }) {
	const status = vehicleStatus(van.state);
	return (
		<tr role="row" data-wall-van={van.id} class={`w-${van.state === "ready" ? "ready" : status.tone}`}>
			<td role="cell" class="w-time">{departs}</td>
			<th role="rowheader" scope="row">{van.name || van.id}</th>
			<td role="cell" class="w-bay">{bayOf(van)}</td>
			<td role="cell" class="w-bar"><Battery van={van} /></td>
			<td role="cell" class="w-soc">{van.soc_pct === undefined ? <span class="u">{say.unknown}</span> : <>{pct(van.soc_pct)}<Unit>{say.unitPct}</Unit></>}</td>
			<td role="cell"><State status={{ ...status, isTag: false }} /></td>
		</tr>
	);
});

/* Which page of the board stands there now. */
function usePage(pages: number): number {
	const [turn, setTurn] = useState(0);
	useEffect(() => {
		if (pages < 2) return undefined;
		const timer = setInterval(() => setTurn((t) => t + 1), PAGE_MS);
		return () => clearInterval(timer);
	}, [pages]);
	return turn % Math.max(1, pages);
}

function Board() {
	const pages = boardOf(vehicles.value ?? [], WALL_ROWS);
	const page = usePage(pages.length);
	const rows = pages[page] ?? [];
	return (
		<div class="w-board">
			<table role="table" aria-label={say.van}>
				<tbody role="rowgroup">
					{rows.map((v, i) => {
						const time = v.departs_at === undefined ? "" : at(v.departs_at);
						const before = rows[i - 1]?.departs_at;
						return <Row key={v.id} van={v} departs={before !== undefined && at(before) === time ? "" : time} />;
					})}
				</tbody>
			</table>
			{pages.length > 1 && <p class="w-page">{say.wallPage(page + 1, pages.length)}</p>}
		</div>
	);
}

function Needs() {
	const [needs] = splitVans(vehicles.value ?? []);
	const next = nextOut(vehicles.value ?? [], now.value);
	return (
		<div class="w-needs">
			<ul>{needs.slice(0, CARDS).map((v) => <Card key={v.id} van={v} />)}</ul>
			{needs.length > CARDS && <p class="w-more">{say.andMore(needs.length - CARDS)}</p>}
			{next && (
				<p class="w-next">
					<b>{say.nextOut(clock(next.atMs, zone.value), duration((next.atMs - now.value) / 1000))}</b>{" "}
					{next.vans.slice(0, 3).map((v) => `${v.name || v.id} ${say.vehicleStates[v.state] ?? v.state}`).join(", ")}
					{next.vans.length > 3 && ` ${say.andMore(next.vans.length - 3)}`}
				</p>
			)}
		</div>
	);
}

function Foot() {
	const root = rootNode(nodes.value ?? []);
	const counts = evseCounts(stations.value ?? [], heardNow.value);
	const limit = root && nextLimit(envelopes.value ?? [], root.id, now.value);
	return (
		<footer class="w-foot">
			<span>{say.site} <Reading at={root?.load_at} source="meter"><b>{root?.load_w === undefined ? say.unknown : kw(root.load_w, 0)}</b>{root?.limit_w !== undefined && ` ${say.ofKw(kw(root.limit_w, 0))}`}</Reading></span>
			{limit && <span>{say.nextLimit} <b>{kw(limit.w, 0)}{"\u202f"}{say.unitKw}</b> {say.beginsAt(clockNear(limit.atMs, now.value, zone.value))}, {limit.owner}</span>}
			<span><b>{counts.live}</b> {say.evsesLive(counts.all)}</span>
			<span class="w-live">
				{isLost.value ? <span class="st miss"><Icon name="miss" /> {say.lostSince(clockSeconds(depotTime(link.value.sinceMs), zone.value))}</span>
					: <><i class="live-dot" aria-hidden="true" /> {say.live}, {clockSeconds(now.value, zone.value)}</>}
			</span>
		</footer>
	);
}

/* A new build is taken up once a day, when it disturbs nobody. */
function useDailyReload(): void {
	const hour = localTime(now.value, zone.value);
	const isTime = hour.hour === RELOAD_HOUR && hour.minute === 0;
	useEffect(() => {
		if (!isTime) return;
		const mine = document.querySelector<HTMLScriptElement>("script[src]")?.getAttribute("src") ?? "";
		fetch(location.pathname, { cache: "no-store" }).then((r) => r.text()).then((page) => {
			if (page.includes("<script") && !page.includes(mine)) location.reload();
		}, () => undefined); /* tomorrow is a day too */
	}, [isTime]);
}

/* Nothing is known yet: grey shapes of cards and board, and that depotd does not answer if so it is. */
function Waiting() {
	const isLong = useIsLong();
	if (!isLong && !isLost.value) return null;
	return (
		<div class="wall waits">
			{isLost.value ? <p class="w-top" role="alert"><span class="st miss"><Icon name="miss" /> {say.lostNever}</span></p>
				: <p class="vh" role="status">{say.loading}</p>}
			<main class="w-main" id="main" aria-busy="true">
				<div><div class="sk w-card" /><div class="sk w-card" /></div>
				<div>{Array.from({ length: 12 }, (_, i) => <div key={i} class="sk" />)}</div>
			</main>
		</div>
	);
}

export function Wall() {
	useWallTheme(new URLSearchParams(location.search).get("theme") === "light" ? "light" : "dark");
	useDailyReload();
	const name = depotName.value;
	useEffect(() => { document.title = name === undefined ? say.product : `${name} · ${say.product}`; }, [name]);
	if (!isHere.value) return <Waiting />;
	return (
		<div class={isLost.value ? "wall is-lost" : "wall"}>
			<header class="w-top">
				<time class="w-clock">{clock(now.value, zone.value)}</time>
				<div aria-live="polite"><h1>{sentence.value}</h1><p>{subSentence.value}</p></div>
			</header>
			<main class="w-main" id="main"><Needs /><Board /></main>
			<Foot />
		</div>
	);
}
