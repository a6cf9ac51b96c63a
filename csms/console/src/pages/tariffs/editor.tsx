/*
 * One tariff as a form, tried on a week at each change: what overlaps or leaves a gap is refused with
 * its name before anything counts.
 */
import { useEffect, useState } from "preact/hooks";
import { ApiError, command } from "../../api/client.ts";
import type { PriceSeriesList, PriceSlots } from "../../api/types_tariffs.ts";
import { useAsked, useCommand, words } from "../../lib/ask.ts";
import { go } from "../../store/place.ts";
import { asKind, type Component, type Demand, kindOf, KINDS, NEW_TARIFF, type Period, type Tariff, trimmed } from "../../store/tariffs.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Answer, Heading } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Link } from "../../ui/link.tsx";
import { Panel } from "../../ui/panel.tsx";
import { DateField, LinesField, NumField, TextField, withItem, WordsField } from "./fields.tsx";
import { Preview, usePreviewDay } from "./preview.tsx";
import { w } from "./words.ts";

function Remove({ what, onAct }: { what: string; onAct: () => void }) {
	return <button type="button" class="btn small gone" aria-label={w.removeRow(what)} title={w.removeRow(what)} onClick={onAct}><Icon name="miss" size={14} /></button>;
}

function Periods({ list, set }: { list: readonly Period[]; set: (l: Period[]) => void }) {
	return (
		<>
			{list.map((p, i) => {
				const put = (change: Partial<Period>) => set(withItem(list, i, { ...p, ...change }));
				return (
					<div key={i} class="mask" data-period={p.id}>
						<TextField label={w.period} value={p.id} set={(id) => put({ id })} />
						<TextField label={w.fromDay} value={p.from} hint="01-01" set={(from) => put({ from })} />
						<TextField label={w.toDay} value={p.to} hint="12-31" set={(to) => put({ to })} />
						<WordsField label={w.days} value={p.days} hint="all" set={(days) => put({ days })} />
						<WordsField label={w.hours} value={p.hours} hint="00:00-24:00" set={(hours) => put({ hours })} />
						<NumField label={w.price} value={p.price} set={(price) => put({ price: price ?? 0 })} />
						<Remove what={p.id} onAct={() => set(withItem(list, i, undefined))} />
					</div>
				);
			})}
			<p class="cap">{w.days}: {w.daysHelp}. {w.hours}: {w.hoursHelp}.</p>
			<div class="acts"><button type="button" class="btn small" onClick={() => set([...list, { id: `period-${list.length + 1}`, price: 0 }])}>{w.addPeriod}</button></div>
		</>
	);
}

function Part({ c, set, series, isBad }: { c: Component; set: (c: Component | undefined) => void; series: string[]; isBad: boolean }) {
	const kind = kindOf(c);
	return (
		<fieldset class={isBad ? "bad" : ""} data-part={c.id}>
			<legend>{c.id}</legend>
			<div class="fields part">
				<TextField label={w.line} value={c.id} set={(id) => set({ ...c, id })} />
				<label>{w.kind}
					<select value={kind} onChange={(e) => set(asKind(c, KINDS.find((k) => k === e.currentTarget.value) ?? "price", series[0] ?? ""))}>
						{KINDS.map((k) => <option key={k} value={k}>{w.kindsOf[k]}</option>)}
					</select>
				</label>
				{kind === "price" && <NumField label={`${w.price} ${w.priceKwh}`} value={c.price} set={(price) => set({ ...c, price: price ?? 0 })} />}
				{kind === "series" && (
					<>
						<label>{w.series}
							<select value={c.series} onChange={(e) => set({ ...c, series: e.currentTarget.value })}>
								{[...new Set([...series, c.series ?? ""])].map((s) => <option key={s} value={s}>{s}</option>)}
							</select>
						</label>
						<NumField label={w.factor} value={c.factor} set={(factor) => set({ ...c, factor: factor ?? 1 })} />
						<NumField label={w.add} value={c.add} set={(add) => set({ ...c, add: add ?? 0 })} />
					</>
				)}
				<Remove what={c.id} onAct={() => set(undefined)} />
			</div>
			{kind === "periods" && <Periods list={c.periods ?? []} set={(periods) => set({ ...c, periods })} />}
			{kind === "tiers" && (
				<>
					{(c.tiers ?? []).map((t, i) => (
						<div key={i} class="mask">
							<NumField label={w.aboveKwh} value={t.above_kwh} set={(x) => set({ ...c, tiers: withItem(c.tiers!, i, { ...t, above_kwh: x ?? 0 }) })} />
							<NumField label={w.price} value={t.price} set={(x) => set({ ...c, tiers: withItem(c.tiers!, i, { ...t, price: x ?? 0 }) })} />
							<Remove what={String(t.above_kwh)} onAct={() => set({ ...c, tiers: withItem(c.tiers!, i, undefined) })} />
						</div>
					))}
					<div class="acts"><button type="button" class="btn small" onClick={() => set({ ...c, tiers: [...(c.tiers ?? []), { above_kwh: 1000, price: 0 }] })}>{w.addTier}</button></div>
				</>
			)}
		</fieldset>
	);
}

function Demands({ list, set }: { list: readonly Demand[]; set: (l: Demand[]) => void }) {
	return (
		<div class="pad form">
			{list.map((d, i) => {
				const put = (change: Partial<Demand>) => set(withItem(list, i, { ...d, ...change }));
				const num = (label: string, key: "interval_min" | "price" | "block_kw" | "block_price" | "subscribed_kw" | "ratchet_pct" | "ratchet_months") =>
					<NumField label={label} value={d[key]} set={(x) => put({ [key]: x })} />;
				return (
					<fieldset key={i} data-demand={d.id}>
						<legend>{d.id}</legend>
						<div class="mask demand">
							<TextField label={w.name} value={d.id} set={(id) => put({ id })} />
							<TextField label={w.fromDay} value={d.from} hint="01-01" set={(from) => put({ from })} />
							<TextField label={w.toDay} value={d.to} hint="12-31" set={(to) => put({ to })} />
							<WordsField label={w.days} value={d.days} hint="all" set={(days) => put({ days })} />
							<WordsField label={w.hours} value={d.hours} hint="00:00-24:00" set={(hours) => put({ hours })} />
							{num(w.interval, "interval_min")}{num(w.priceKw, "price")}{num(w.blockKw, "block_kw")}{num(w.blockPrice, "block_price")}
							{num(w.subscribed, "subscribed_kw")}{num(w.ratchetPct, "ratchet_pct")}{num(w.ratchetMonths, "ratchet_months")}
							<Remove what={d.id} onAct={() => set(withItem(list, i, undefined))} />
						</div>
					</fieldset>
				);
			})}
			<div class="acts"><button type="button" class="btn small" onClick={() => set([...list, { id: `peak-${list.length + 1}`, interval_min: 15, price: 0 }])}>{w.addDemand}</button></div>
		</div>
	);
}

function Rest({ t, put }: { t: Tariff; put: (change: Partial<Tariff>) => void }) {
	const fees = t.fees ?? [];
	const blocks = t.blocks ?? [];
	return (
		<div class="pad form">
			{fees.map((f, i) => (
				<div key={i} class="mask">
					<TextField label={w.fee} value={f.id} set={(id) => put({ fees: withItem(fees, i, { ...f, id }) })} />
					<label>{w.per}<select value={f.per} onChange={(e) => put({ fees: withItem(fees, i, { ...f, per: e.currentTarget.value }) })}>
						{Object.keys(w.pers).map((p) => <option key={p} value={p}>{w.pers[p]}</option>)}
					</select></label>
					<NumField label={w.price} value={f.price} set={(price) => put({ fees: withItem(fees, i, { ...f, price: price ?? 0 }) })} />
					<Remove what={f.id} onAct={() => put({ fees: withItem(fees, i, undefined) })} />
				</div>
			))}
			{blocks.map((b, i) => (
				<div key={i} class="mask">
					<NumField label={w.blocksAbove} value={b.above_kw} set={(x) => put({ blocks: withItem(blocks, i, { ...b, above_kw: x ?? 0 }) })} />
					<NumField label={w.blocksAdd} value={b.add} set={(x) => put({ blocks: withItem(blocks, i, { ...b, add: x ?? 0 }) })} />
					<Remove what={String(b.above_kw)} onAct={() => put({ blocks: withItem(blocks, i, undefined) })} />
				</div>
			))}
			<div class="acts">
				<button type="button" class="btn small" onClick={() => put({ fees: [...fees, { id: `fee-${fees.length + 1}`, per: "month", price: 0 }] })}>{w.addFee}</button>
				<button type="button" class="btn small" onClick={() => put({ blocks: [...blocks, { above_kw: 100, add: 0 }] })}>{w.addBlock}</button>
			</div>
			<div class="mask">
				<NumField label={w.idlePrice} value={t.idle?.price_h} set={(x) => (x === undefined ? put({ idle: undefined } as unknown as Partial<Tariff>) : put({ idle: { ...t.idle, price_h: x } }))} />
				{t.idle && <NumField label={w.idleGrace} value={t.idle.grace_min} set={(x) => put({ idle: { ...t.idle!, grace_min: x ?? 0 } })} />}
				<NumField label={w.carbonPrice} value={t.carbon?.price_t} set={(x) => (x === undefined ? put({ carbon: undefined } as unknown as Partial<Tariff>) : put({ carbon: { ...t.carbon, price_t: x } }))} />
				{t.carbon && <NumField label={w.carbonG} value={t.carbon.g_kwh} set={(x) => put({ carbon: { price_t: t.carbon!.price_t, ...(t.carbon!.series !== undefined && { series: t.carbon!.series }), ...(x !== undefined && { g_kwh: x }) } })} />}
			</div>
		</div>
	);
}

export interface Judged {
	slots: PriceSlots | undefined;
	fault: string | undefined;
	path: string;
}

/* Asks depotd to judge and reckon, shortly after the last change. */
function useJudged(t: Tariff | undefined, day: string): Judged {
	const [judged, setJudged] = useState<Judged>({ slots: undefined, fault: undefined, path: "" });
	const text = t && JSON.stringify(trimmed({ ...t, id: t.id || "new" }));
	useEffect(() => {
		if (text === undefined) return undefined;
		let isOver = false;
		const timer = setTimeout(() => {
			command<PriceSlots>("POST", `/tariffs/try?day=${day}&days=7`, JSON.parse(text)).then(
				(slots) => isOver || setJudged({ slots, fault: undefined, path: "" }),
				(error: unknown) => isOver || setJudged({
					slots: undefined, fault: words(error), path: error instanceof ApiError ? (/^([\w.[\]]+):/.exec(error.detail ?? "")?.[1] ?? "") : "",
				}));
		}, 300);
		return () => {
			isOver = true;
			clearTimeout(timer);
		};
	}, [text, day]);
	return judged;
}

const isAt = (path: string, list: string, i: number): boolean => path.startsWith(`${list}[${i}]`);

export function TariffEditor({ id }: { id: string }) {
	const isNew = id === "new";
	const isCopy = new URLSearchParams(location.search).has("copy");
	const [t, setTariff] = useState<Tariff | undefined>(isNew ? NEW_TARIFF : undefined);
	const [asks, setAsks] = useState(false);
	const [isSaved, setSaved] = useState(false);
	const seriesAsked = useAsked<PriceSeriesList>("/price-series", 600_000);
	const series = (seriesAsked.data?.series ?? []).filter((s) => s.kind === "energy").map((s) => s.id);
	const [day, setDay] = usePreviewDay();
	const judged = useJudged(t, day);
	const { isBusy, error, send } = useCommand();
	const kept = useAsked<Tariff>(isNew ? undefined : `/tariffs/${encodeURIComponent(id)}`);
	const found = kept.data;
	useEffect(() => {
		if (found) setTariff(isCopy ? { ...found, id: `${found.id.slice(0, 34)}-copy`, compare_only: true } : found);
	}, [found]);
	if (!t && kept.status !== 404) return <div class="page"><Heading said={undefined} name={w.title} /><Panel id="basics" title={w.basics}><Answer of={kept} /></Panel></div>;
	if (!t) return <div class="page"><div class="say"><h1>{w.goneTariff}</h1><p class="sub"><Link to="/tariffs">{w.all}</Link></p></div></div>;
	const put = (change: Partial<Tariff>) => {
		setSaved(false);
		setTariff({ ...t, ...change });
	};
	const parts = (name: "import" | "export", list: readonly Component[]) => list.map((c, i) => (
		<Part key={i} c={c} series={series} isBad={isAt(judged.path, name, i)} set={(x) => put({ [name]: withItem(list, i, x) })} />
	));
	const save = async () => {
		if (!await send("PUT", `/tariffs/${encodeURIComponent(t.id)}`, trimmed(t), crypto.randomUUID())) return;
		setAsks(false);
		setSaved(true);
		if (isNew || isCopy) go(`/tariffs/${encodeURIComponent(t.id)}`);
	};
	const name = t.name || t.id || w.newTitle;
	return (
		<div class="page">
			<div class="say">
				<p class="back"><Link to="/tariffs">{w.all}</Link></p>
				<h1>{isNew || isCopy ? w.newTitle : w.editTitle(name)}</h1>
				<p class="sub">{w.editSub}</p>
			</div>
			{seriesAsked.error !== undefined && <Answer of={seriesAsked} />}
			<div class="g-edit">
				<div class="stack">
					<Panel id="basics" title={w.basics}>
						<div class="pad form"><div class="fields basics">
							<TextField label={w.fields.id} value={t.id} isOff={!isNew && !isCopy} set={(x) => put({ id: x })} />
							<TextField label={w.fields.name} value={t.name} set={(x) => put({ name: x })} />
							<TextField label={w.fields.currency} value={t.currency} set={(x) => put({ currency: x.toUpperCase() })} />
							<DateField label={w.fields.validFrom} value={t.valid_from} set={(x) => put({ valid_from: x })} />
							<NumField label={w.fields.billingDay} value={t.billing_day} set={(x) => put({ billing_day: x ?? 1 })} />
						</div>
						<label class="tick"><input type="checkbox" checked={t.compare_only ?? false} onChange={(e) => put({ compare_only: e.currentTarget.checked })} /> {w.fields.compareOnly}</label>
						<TextField label={w.fields.source} value={t.source} set={(x) => put({ source: x })} />
						<LinesField label={w.fields.holidays} value={t.holidays} hint={w.holidaysHelp} set={(holidays) => put({ holidays })} /></div>
					</Panel>
					<Panel id="parts" title={w.componentsTitle} caption={w.componentsCaption}>
						<div class="pad form">
							{parts("import", t.import)}
							<div class="acts"><button type="button" class="btn small" onClick={() => put({ import: [...t.import, { id: `part-${t.import.length + 1}`, price: 0 }] })}>{w.addComponent}</button></div>
						</div>
					</Panel>
					<Panel id="demands" title={w.demandsTitle} caption={w.demandsCaption}><Demands list={t.demand ?? []} set={(demand) => put({ demand })} /></Panel>
					<Panel id="fed" title={w.exportTitle}>
						<div class="pad form">
							{parts("export", t.export ?? [])}
							<div class="acts"><button type="button" class="btn small" onClick={() => put({ export: [...(t.export ?? []), { id: "feed-in", price: 0 }] })}>{w.addComponent}</button></div>
						</div>
					</Panel>
					<Panel id="rest" title={w.feesTitle}><Rest t={t} put={put} /></Panel>
				</div>
				<div class="stack beside">
					<Preview judged={judged} day={day} setDay={setDay}
						end={<Act to="price" isMain isOff={isBusy || judged.fault !== undefined || !t.id} onAct={() => setAsks(true)}>{w.save}</Act>} />
					{isSaved && <p role="status">{w.saved}</p>}
				</div>
			</div>
			{asks && (
				<Confirm title={w.saveTitle(name)} verb={w.save} to="price" isBusy={isBusy} onYes={() => void save()} onNo={() => setAsks(false)}>
					<p>{t.compare_only ? w.saveCompare : w.saveWhat(t.valid_from || w.today)}</p>
					<Failure text={error} />
				</Confirm>
			)}
		</div>
	);
}
