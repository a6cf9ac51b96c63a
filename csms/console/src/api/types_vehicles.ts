/*
 * What the API gives to the page of vehicles; schemas/api.schema says more.
 */
import type { VehicleReading, VehicleView } from "./types.ts";

export interface TokenView {
	type: string;
	value: string;
	status: string;
	group?: string;
	vehicle?: string;
	expires?: string;
	is_master_pass?: boolean;
	kind?: string;
	evses?: string[];
	nodes?: string[];
	windows?: string[];
	priority?: number;
	language?: string;
	language2?: string;
	message?: string;
}

export interface VehicleDetail {
	sentence: string;
	vehicle: VehicleView;
	identities: TokenView[];
	bays: string[];
	description?: unknown;
	changed?: boolean;
}

export interface VehicleList {
	at: string;
	sentence: string;
	sub: string;
	vehicles: VehicleDetail[];
}

export interface TripView {
	id: string;
	vehicle: string;
	shift?: string;
	departs: string;
	returns: string;
	distance_km: number;
	payload_kg: number;
	temperature_c: number;
	heated: boolean;
	note?: string;
	source: string;
	planned_by?: string;
	planned_at: string;
	state: string;
	expected_kwh: number;
	spread_kwh: number;
	leave_wh?: number;
	possible?: boolean;
	left?: string;
	came?: string;
	km?: number;
	kwh?: number;
	learnt?: boolean;
	measured?: string;
}

export interface TripList {
	at: string;
	trips: TripView[];
}

export interface TripLine {
	line: number;
	what: string;
	id?: string;
	vehicle?: string;
	departs?: string;
	returns?: string;
	distance_km?: number;
	column?: string;
	fault?: string;
}

export interface TripImportReply {
	rows: number;
	stored: number;
	unchanged: number;
	past: number;
	refused?: number;
	lines: TripLine[];
	more?: number;
}

export interface RosterView {
	id: string;
	vehicle: string;
	row: unknown;
	changed: boolean;
	trips: number;
	fault?: string;
}

export interface RosterList {
	rosters: RosterView[];
	holidays: string[];
}

export interface ConsumptionView {
	class: string;
	trips: number;
	km_kwh: number;
	tonne_km_kwh: number;
	heat_k_h_kwh: number;
	cool_k_h_kwh: number;
	cold_km_k_kwh: number;
	km_spread_kwh: number;
	noise_pct: number;
}

export interface ConsumptionList {
	classes: ConsumptionView[];
}

export interface ReadinessVehicle {
	vehicle: string;
	station: string;
	evse: number;
	arrives_at?: string;
	departs_at?: string;
	need_wh: number;
	short_wh: number;
	probability: number;
	state: string;
	sentence: string;
	need_by?: string;
	action?: string;
	action_probability?: number;
	fallback?: string;
	about: boolean;
}

export interface ChanceBin {
	from: number;
	to: number;
	departures: number;
	unknown: number;
	told_mean?: number;
	ready?: number;
	low?: number;
	high?: number;
	believed: boolean;
	sentence: string;
}

export interface Chances {
	since: string;
	model: number;
	least: number;
	departures: number;
	waiting: number;
	unknown: number;
	partial: boolean;
	sentence: string;
	bins: ChanceBin[];
}

export interface Readiness {
	plan: string;
	made_at: string;
	samples: number;
	all: number;
	sentence: string;
	solve_us: number;
	vehicles: ReadinessVehicle[];
}

export interface TelematicsAside {
	id: string;
	source: string;
	fault: string;
	ref?: string;
	field?: string;
	quantity?: string;
	value?: number;
	unit?: string;
	measured?: string;
	received_at: string;
	topic?: string;
	raw?: string;
	more: number;
	vehicle?: string;
	new_quantity?: string;
	new_value?: number;
	new_measured?: string;
}

export interface TelematicsAsideList {
	aside: TelematicsAside[];
	count: number;
}

export interface VehicleSocReply {
	counts: boolean;
	sentence: string;
}

export interface ReadingList {
	readings: VehicleReading[];
}

export interface TelematicsReplay {
	replayed: number;
	readings: number;
	left: number;
	why?: string;
}
