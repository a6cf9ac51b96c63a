/* One vehicle: what it is, what it has to do, what would help, what it did and said. */
import { useState } from "preact/hooks";
import type { TransactionList } from "../../api/types.ts";
import type {
	ConsumptionList, Readiness, ReadingList, TelematicsAsideList, TripList, TripView, VehicleDetail,
} from "../../api/types_vehicles.ts";
import { type Asked, useAsked } from "../../lib/ask.ts";
import { decimal, duration, kw, kwh } from "../../lib/format.ts";
import { say } from "../../messages/say.ts";
import { assigning, chargerPath, planPath, telling } from "../../store/place.ts";
import { sessionPath } from "../../store/sessions.ts";
import { describe } from "../../store/vehicles.ts";
import { now } from "../../store/store.ts";
import { Act } from "../../ui/act.tsx";
import { Answer, AnswerPage } from "../../ui/answer.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { Unit } from "../../ui/reading.tsx";
import { State, vehicleStatus } from "../../ui/state.tsx";
import { Aside } from "./aside.tsx";
import { EditWork } from "./edit.tsx";
import { Battery, Charge, chanceWords, nameOf, place, Table, time } from "./parts.tsx";
import { TripForm } from "./trip.tsx";
import { sourceName, w } from "./words.ts";

function Facts({ d, onDone }: { d: VehicleDetail; onDone: () => void }) {
	const [isOpen, setOpen] = useState(false);
	const x = describe(d);
	const cards = d.identities.map((t) => `${t.type} ${t.value}`);
	const rows: [string, string | undefined][] = [
		[w.class, x.class ?? w.noClass],
		[w.capacity, x.battery_wh === undefined ? undefined : `${kwh(x.battery_wh)}\u202f${say.unitKwh}${x.health_pct === undefined ? "" : `, ${w.health(x.health_pct)}`}`],
		[w.chemistry, w.chemistries[x.chemistry ?? "other"] ?? x.chemistry],
		[w.inlets, x.inlets?.join(", ")],
		[w.takes, w.acDc(kw(x.max_ac_w ?? 0), kw(x.max_dc_w ?? 0))],
		[w.daily, x.departs],
		[w.target, `${x.target_pct ?? 80}\u202f${say.unitPct}`],
		[w.minSoc, x.min_soc_pct ? `${x.min_soc_pct}\u202f${say.unitPct}` : undefined],
		[w.priority, w.priorityOf(x.priority ?? 5)],
		[w.bays, d.bays.join(", ") || undefined],
		[w.known, cards.length === 0 ? w.knownBy.nobody : cards.join(", ")],
		[w.described, d.changed ? w.fromPeople : w.fromFile],
	];
	return (
		<Panel id="facts" title={w.facts} end={<><Act to="dispatch" onAct={() => { assigning.value = d.vehicle.id; }}>{say.assignBay}</Act> <Act to="dispatch" onAct={() => setOpen(true)}>{w.edit}</Act></>}>
			<dl class="facts">
				{rows.map(([name, value]) => value !== undefined && <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
			</dl>
			{isOpen && <EditWork of={d} onEnd={(isDone) => {
				setOpen(false);
				if (isDone) onDone();
			}} />}
		</Panel>
	);
}

/* The one action that helps most, with how sure the vehicle is then. */
function Help({ d, asked }: { d: VehicleDetail; asked: Asked<Readiness> }) {
	const v = d.vehicle;
	const of = asked.data?.vehicles[0];
	const isNotThere = of === undefined && (asked.data !== undefined || asked.status === 404);
	return (
		<Panel id="help" title={w.helpTitle} caption={w.helpCaption} end={v.station !== undefined && <Link to={planPath(v.id)}>{w.plan}</Link>}>
			<div class="pad help">
				<div class="charge"><Battery v={v} /><div><Charge v={v} /></div></div>
				<p><Act to="dispatch" onAct={() => { telling.value = v.id; }}>{w.tell}</Act></p>
				{of !== undefined && <p>{of.sentence}</p>}
				{isNotThere ? <p class="sub2">{w.notInPlan}</p> : <Answer of={asked} />}
				{of?.action !== undefined && (
					<p><b>{of.action}</b> {of.action_probability !== undefined && w.helpThen(chanceWords(of.action_probability))}</p>
				)}
				{of !== undefined && of.action === undefined && of.state === "safe" && <p class="sub2">{w.noHelp}</p>}
				{v.fallback !== undefined && <p>{w.fallbackTitle}: <b>{v.fallback}</b></p>}
			</div>
		</Panel>
	);
}

function TripRow({ t, onOpen }: { t: TripView; onOpen: (() => void) | undefined }) {
	return (
		<tr role="row" data-row data-trip-row={t.id} tabIndex={-1}>
			<th role="rowheader" scope="row"><b>{time(t.departs)}</b><span class="cap">{t.id}</span></th>
			<td role="cell" data-label={w.returns}>{time(t.came ?? t.returns)}</td>
			<td role="cell" class="n" data-label={w.distance}>{decimal(t.km ?? t.distance_km, 0)}</td>
			<td role="cell" class="n" data-label={w.expected}>{decimal(t.expected_kwh, 1)} <span class="u">±{decimal(t.spread_kwh, 1)}</span></td>
			{t.state === "over" ? (
				<td role="cell" class="n" data-label={w.took}>
					{t.kwh === undefined ? <span class="u">{say.unknown}</span> : <b>{decimal(t.kwh, 1)}</b>}
					<span class="cap">{t.learnt ? w.learnt : w.notLearnt}{t.measured !== undefined && `: ${t.measured}`}</span>
				</td>
			) : (
				<>
					<td role="cell" class="n" data-label={w.leavesWith}>
						{t.leave_wh !== undefined && <>{kwh(t.leave_wh)}<Unit>{say.unitKwh}</Unit></>}
						{t.possible === false && <span class="cap st risk">{w.tooMuch}</span>}
					</td>
					<td role="cell" data-label={w.madeBy}>{w.tripSources[t.source] ?? t.source}{t.planned_by !== undefined && t.planned_by !== t.source && <span class="cap">{t.planned_by}</span>}</td>
					<td role="cell" class="n wide">{onOpen && <Act to="dispatch" onAct={onOpen}>{w.change}</Act>}</td>
				</>
			)}
		</tr>
	);
}

function Trips({ id }: { id: string }) {
	const [open, setOpen] = useState<TripView | "new" | undefined>(undefined);
	const planned = useAsked<TripList>(`/trips?vehicle=${encodeURIComponent(id)}&limit=14`, 15_000);
	const over = useAsked<TripList>(`/trips?vehicle=${encodeURIComponent(id)}&state=over&limit=10`, 60_000);
	const to = planned.data?.trips ?? [];
	const past = over.data?.trips ?? [];
	return (
		<>
			<Panel id="trips" title={w.tripsTitle} end={<Act to="dispatch" onAct={() => setOpen("new")}>{w.addTrip}</Act>}>
				<Answer of={planned} />
				{planned.data && to.length === 0 && <Empty title={w.noTrips}>{w.noTripsWhy}</Empty>}
				{to.length > 0 && (
					<Table id="trips" heads={[[w.departs, ""], [w.returns, ""], [w.km, "n"], [`${w.expected} ${say.unitKwh}`, "n"], [w.leavesWith, "n"], [w.madeBy, ""], ["", ""]]}>
						{to.map((t) => <TripRow key={t.id} t={t} onOpen={() => setOpen(t)} />)}
					</Table>
				)}
			</Panel>
			<Panel id="over" title={w.tripsOver}>
				<Answer of={over} />
				{over.data && past.length === 0 && <Empty title={w.noOver} />}
				{past.length > 0 && (
					<Table id="over" heads={[[w.departs, ""], [w.returns, ""], [w.km, "n"], [`${w.expected} ${say.unitKwh}`, "n"], [`${w.took} ${say.unitKwh}`, "n"]]}>
						{past.map((t) => <TripRow key={t.id} t={t} onOpen={undefined} />)}
					</Table>
				)}
			</Panel>
			{open !== undefined && <TripForm trip={open === "new" ? undefined : open} vehicle={id} taken={to.map((t) => t.id)} onEnd={(isDone) => {
				setOpen(undefined);
				if (isDone) planned.again();
			}} />}
		</>
	);
}

function Model({ id, name }: { id: string; name: string | undefined }) {
	const asked = useAsked<ConsumptionList>("/consumption", 60_000);
	const m = asked.data?.classes.find((c) => c.class === (name ?? `vehicle:${id}`));
	const row = (title: string, value: number, unit: string) => <div key={title}><dt>{title}</dt><dd>{decimal(value, 3)}<Unit>{unit}</Unit></dd></div>;
	return (
		<Panel id="model" title={w.modelTitle} {...(m && { caption: w.modelCaption(name ?? w.noClass, m.trips) })}>
			<Answer of={asked} />
			{m === undefined ? asked.data && <Empty title={w.modelNone} /> : (
				<dl class="facts">
					{row(w.perKm, m.km_kwh, say.unitKwh)}{row(w.perTonne, m.tonne_km_kwh, say.unitKwh)}
					{row(w.perHeat, m.heat_k_h_kwh, say.unitKwh)}{row(w.perCool, m.cool_k_h_kwh, say.unitKwh)}
					<div><dt>{w.spread}</dt><dd>±{decimal(m.noise_pct, 0)}<Unit>{say.unitPct}</Unit></dd></div>
				</dl>
			)}
		</Panel>
	);
}

function Sessions({ id }: { id: string }) {
	const asked = useAsked<TransactionList>(`/transactions?vehicle=${encodeURIComponent(id)}&limit=8`, 15_000);
	const list = asked.data?.transactions ?? [];
	return (
		<Panel id="last-sessions" title={w.sessionsTitle} end={<Link to={`/sessions?vehicle=${encodeURIComponent(id)}`}>{w.allSessions}</Link>}>
			<Answer of={asked} />
			{asked.data && list.length === 0 && <Empty title={w.sessionsNone} />}
			{list.length > 0 && (
				<Table id="last-sessions" heads={[[w.began, ""], [w.ended, ""], [w.where, ""], [`${w.energy} ${say.unitKwh}`, "n"]]}>
					{list.map((t) => (
						<tr key={`${t.station}/${t.id}`} role="row" data-row tabIndex={-1}>
							<th role="rowheader" scope="row"><Link to={sessionPath(t.station, t.id)} kind="name">{time(t.started_at) ?? say.unknown}</Link></th>
							<td role="cell" data-label={w.ended}>{t.ended_at === undefined ? w.stillOpen : time(t.ended_at)}</td>
							<td role="cell" data-label={w.where}>{t.station}{t.evse === undefined ? "" : `/${t.evse}`}</td>
							<td role="cell" class="n" data-label={w.energy}>{t.energy_wh === undefined ? <span class="u">{say.unknown}</span> : <b>{kwh(t.energy_wh)}</b>}</td>
						</tr>
					))}
				</Table>
			)}
		</Panel>
	);
}

function Readings({ id }: { id: string }) {
	const asked = useAsked<ReadingList>(`/vehicles/${encodeURIComponent(id)}/readings?limit=20`, 15_000);
	const list = asked.data?.readings ?? [];
	return (
		<Panel id="readings" title={w.readingsTitle}>
			<Answer of={asked} />
			{asked.data && list.length === 0 && <Empty title={w.readingsNone} />}
			{list.length > 0 && (
				<Table id="readings" heads={[[w.quantity, ""], [w.value, "n"], [w.age, "n"], [w.source, ""]]}>
					{list.map((r) => (
						<tr key={`${r.quantity} ${r.at} ${r.source}`} role="row" data-row tabIndex={-1}>
							<th role="rowheader" scope="row">{r.quantity}</th>
							<td role="cell" class="n" data-label={w.value}><b>{decimal(r.value, Number.isInteger(r.value) ? 0 : 1)}</b><Unit>{r.unit}</Unit></td>
							<td role="cell" class="n" data-label={w.age}>{duration((now.value - Date.parse(r.at)) / 1000)}</td>
							<td role="cell" data-label={w.source}>{sourceName(r.source)}{r.confidence !== "measured" && r.confidence !== "told" && <span class="cap">{w.confidences[r.confidence] ?? r.confidence}</span>}</td>
						</tr>
					))}
				</Table>
			)}
		</Panel>
	);
}

export function OneVehicle({ id }: { id: string }) {
	const asked = useAsked<VehicleDetail>(`/vehicles/${encodeURIComponent(id)}`, 5000);
	const ready = useAsked<Readiness>(`/readiness?vehicle=${encodeURIComponent(id)}`, 60_000);
	const aside = useAsked<TelematicsAsideList>("/telematics/aside?limit=200", 60_000);
	const d = asked.data;
	if (d === undefined) {
		if (asked.status === 404) return <div class="page"><div class="say"><h1>{w.gone}</h1><p class="sub"><Link to="/vehicles">{w.all}</Link></p></div></div>;
		return <AnswerPage of={asked} name={nameOf(id)}>{() => null}</AnswerPage>;
	}
	const v = d.vehicle;
	return (
		<div class="page">
			<div class="say">
				<p class="back"><Link to="/vehicles">{w.all}</Link> / {v.station === undefined ? place(v) : <Link to={chargerPath(v.station)}>{place(v)}</Link>}</p>
				<h1 aria-live="polite">{d.sentence}</h1>
				<p class="sub"><State status={vehicleStatus(v.state)} />{v.reason !== undefined && `. ${v.reason[0]?.toUpperCase() ?? ""}${v.reason.slice(1)}`}{v.reason?.endsWith(".") === true ? "" : "."}</p>
			</div>
			{asked.error !== undefined && <Answer of={asked} />}
			<div class="g-charger">
				<div class="stack">
					<Help d={d} asked={ready} />
					<Trips id={id} />
					<Sessions id={id} />
				</div>
				<div class="stack">
					<Facts d={d} onDone={asked.again} />
					<Model id={id} name={describe(d).class} />
					<Readings id={id} />
					<Aside asked={aside} only={id} />
				</div>
			</div>
		</div>
	);
}
