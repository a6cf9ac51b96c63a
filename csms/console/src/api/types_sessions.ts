/*
 * What the API gives to the page of sessions; schemas/api.schema says more.
 */
import type { TransactionView } from "./types.ts";

export interface SessionPower {
	at: string;
	w: number;
}

export interface SessionTold {
	at: string;
	limit_w: number;
	give_w?: number;
	source: string;
	node?: string;
	reason: string;
}

export interface SessionPlanned {
	from: string;
	to: string;
	w: number;
}

export interface SessionCourse {
	sentence: string;
	sub: string;
	from: string;
	to: string;
	step_s: number;
	power: SessionPower[];
	told: SessionTold[];
	told_cut: boolean;
	plan?: string;
	plan_made_at?: string;
	no_plan?: string;
	ruled?: string;
	planned: SessionPlanned[];
	tariff?: string;
	currency?: string;
	estimate_kwh?: number;
	estimate_cost?: number;
	estimate_guess?: boolean;
	estimate_source?: string;
	estimated_at?: string;
	energy_cost?: number;
	idle_cost?: number;
	idle_s?: number;
	carbon_cost?: number;
	price_source?: string;
	settled_at?: string;
}

export interface JournalEvent {
	seq: number;
	stream: string;
	version: number;
	type: string;
	at: string;
	received: string;
	cause?: string;
	actor?: string;
	payload: unknown;
	hash: string;
}

export interface TransactionDetail {
	transaction: TransactionView;
	started_by?: string;
	ended_by?: string;
	offline_events: number;
	events: JournalEvent[];
}

export interface MeterValueView {
	at: string;
	measurand: string;
	phase?: string;
	location?: string;
	value: number;
	unit?: string;
	quality: string;
	seq_no?: number;
	source: string;
}

export interface MeterValueList {
	values: MeterValueView[];
	next?: string;
}

export interface SignedReadingView {
	seq_no: number;
	at: string;
	context?: string;
	measurand: string;
	value?: number;
	data: string;
	method: string;
	encoding: string;
	key: string;
	verdict: string;
	why: string;
}

export interface SignedReadingList {
	readings: SignedReadingView[];
}

export interface EnergyCostSlot {
	start: string;
	energy_wh: number;
	price: number;
}

export interface EnergyCostReplay {
	key: string;
	tariff: string;
	currency: string;
	energy_wh: number;
	energy_cost: number;
	idle_cost: number;
	settled_cost?: number;
	agrees: boolean;
	source: string;
	slots: EnergyCostSlot[];
}
