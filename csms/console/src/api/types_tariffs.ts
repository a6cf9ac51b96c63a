/*
 * What the API gives to the page of tariffs; schemas/api.schema and depot.schema say more.
 */

export interface TariffView {
	id: string;
	name?: string;
	currency: string;
	valid_from?: string;
	in_force: boolean;
	compare_only: boolean;
	from_file: boolean;
	changed_at: string;
	changed_by: string;
}

export interface TariffList {
	sentence: string;
	sub: string;
	tariffs: TariffView[];
}

export interface PriceSlot {
	start: string;
	import: number;
	above: number[];
	export: number;
	source: string;
	received?: string;
}

export interface PriceDemand {
	measured?: boolean;
	id: string;
	month: string;
	interval_min: number;
	price_kw: number;
	incumbent_kw: number;
	from: string;
	to: string;
}

export interface PriceSlots {
	tariff?: string;
	currency?: string;
	slot_s: number;
	sentence?: string;
	slots: PriceSlot[];
	demand: PriceDemand[];
}

export interface PriceSeriesView {
	id: string;
	name?: string;
	kind: string;
	fetched: boolean;
	received_at?: string;
	received_from?: string;
	known_until?: string;
	tried_at?: string;
	next_at?: string;
	failures: number;
	broken: boolean;
	trouble?: string;
}

export interface PriceSeriesList {
	series: PriceSeriesView[];
}

export interface BillLine {
	month: string;
	kind: string;
	name: string;
	quantity: number;
	unit: string;
	amount: number;
	internal: boolean;
	peak_at?: string;
}

export interface Bill {
	tariff: string;
	currency: string;
	from: string;
	to: string;
	measured_pct: number;
	total: number;
	internal: number;
	unknown: number;
	lines: BillLine[];
}
