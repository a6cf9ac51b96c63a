/*
 * Bodies of the HTTP API, as schemas/api.schema has them: power W, energy Wh, time UTC.
 * tests/console/unit/schema.test.ts compares every interface here with the schema.
 */

export interface Problem {
	type: string;
	title: string;
	status: number;
	detail?: string;
	path?: string;
}

export interface Session {
	name: string;
	role: string;
	csrf: string;
	may: string[];
	nodes?: string[];
	user: boolean;
	factor: boolean;
	fresh: boolean;
}

export interface Connector {
	id: number;
	status: string;
	at?: string;
}

export interface EvseView {
	id: number;
	kind: "ac" | "dc";
	max_w: number;
	min_w: number;
	phases: number;
	tail_w: number;
	rated_source: string;
	rated_since: string;
	connectors: Connector[];
	transaction?: string;
	transaction_at?: string;
	vehicle?: string;
	vehicle_by?: string;
	vehicle_conflict?: string;
	state: string;
	power_w?: number;
	power_at?: string;
	import_wh?: number;
	import_at?: string;
	soc_pct?: number;
	soc_at?: string;
	session_wh?: number;
	cable_max_a?: number;
	cable_source?: string;
	cable_at?: string;
	phases_used?: number;
	limit_w?: number;
	limit_source?: string;
	limit_node?: string;
	limit_reason?: string;
	limit_at?: string;
	currents_a: number[];
	currents_at?: string;
	external_w?: number;
	external_source?: string;
	external_at?: string;
	cost?: number;
	currency?: string;
	reservation?: number;
	reserved_for?: string;
	reserved_until?: string;
}

export interface StationView {
	id: string;
	name?: string;
	node: string;
	policy: "accepted" | "pending" | "rejected";
	security_profile: number;
	connected: boolean;
	connected_at?: string;
	last_seen?: string;
	protocol?: string;
	boot_status?: string;
	vendor?: string;
	model?: string;
	serial?: string;
	firmware?: string;
	iccid?: string;
	imsi?: string;
	firmware_status?: string;
	firmware_request?: number;
	firmware_at?: string;
	publish_status?: string;
	log_status?: string;
	log_request?: number;
	log_at?: string;
	has_password: boolean;
	control: "automatic" | "manual";
	sentence: string;
	evses: EvseView[];
}

export interface NodeLimitView {
	what: string;
	unit: string;
	limit?: number;
	source?: string;
	since?: string;
	load?: number;
	load_source?: string;
}

export interface NodeView {
	id: string;
	name: string;
	kind: string;
	parent?: string;
	limit_w?: number;
	limit_source?: string;
	limit_since?: string;
	load_w?: number;
	load_source?: string;
	load_at?: string;
	evse_w: number;
	allowed_w: number;
	allowed_source: string;
	allowed_at: string;
	meter?: string;
	limits: NodeLimitView[];
	binds: string[];
	binds_since?: string;
	binds_by?: string;
	binds_until?: string;
	binds_source?: string;
	binds_envelope?: string;
	bears: boolean;
}

export interface Tree {
	at: string;
	sentence?: string;
	sub?: string;
	nodes: NodeView[];
}

export interface MeterView {
	id: string;
	name?: string;
	map: string;
	node?: string;
	link: string;
	ok: boolean;
	sentence: string;
	belief: string;
	why?: string;
	next?: string;
	at?: string;
	power_w?: number;
	currents_a: number[];
	voltages_v: number[];
	import_wh?: number;
	export_wh?: number;
	frequency_hz?: number;
	powers_w: number[];
	soc_pct?: number;
	stored_wh?: number;
	charge_max_w?: number;
	discharge_max_w?: number;
	available_w?: number;
	state?: number;
	note?: string;
	polls: number;
	timeouts: number;
	exceptions: number;
	errors: number;
	garbled: number;
	latency_ms: number;
	latency_p50_ms: number;
	latency_p99_ms: number;
	latency_max_ms: number;
	last_good_at?: string;
	last_error?: string;
	last_error_at?: string;
}

export interface VehicleView {
	id: string;
	name?: string;
	station?: string;
	evse?: number;
	vehicle_by?: string;
	vehicle_conflict?: string;
	soc_pct?: number;
	soc_at?: string;
	target_pct: number;
	trip?: string;
	possible?: boolean;
	need_wh?: number;
	need_by?: string;
	departs_at?: string;
	ready_at?: string;
	state: string;
	reason?: string;
	power_w?: number;
	soc_source?: string;
	readings?: VehicleReading[];
	fallback?: string;
}

export interface VehicleReading {
	quantity: string;
	value: number;
	unit: string;
	at: string;
	received_at: string;
	source: string;
	confidence: string;
}

export interface AlarmView {
	id: string;
	kind: string;
	subject: string;
	rank: string;
	state: string;
	text: string;
	step: string;
	runbook: string;
	since: string;
	last_at: string;
	count: number;
	cleared_at?: string;
	owner?: string;
	taken_at?: string;
	aside_until?: string;
	note?: string;
}

export interface EnvelopeBlockPost {
	start: string;
	end: string;
	import_w?: number;
	export_w?: number;
	phase_ma?: number;
}

export interface EnvelopeEffect {
	judged_at: string;
	late: number;
	shed_wh: number;
	shed_w: number;
}

export interface EnvelopeReplaced {
	id: string;
	state: string;
	was?: EnvelopeBlockPost;
}

export interface EnvelopeView {
	id: string;
	node: string;
	owner: string;
	type?: string;
	kind: "limit" | "fallback";
	priority: number;
	grid: boolean;
	reference?: string;
	state: string;
	urgent: boolean;
	decided_by?: string;
	why?: string;
	note?: string;
	received_at: string;
	moved_at: string;
	decided_at?: string;
	replaced_by?: string;
	replaces: EnvelopeReplaced[];
	silent_since?: string;
	effect?: EnvelopeEffect;
	counts: boolean;
	beaten_by?: string;
	beaten_owner?: string;
	beaten_why?: string;
	blocks: EnvelopeBlockPost[];
}

export interface Overview {
	at: string;
	depot: string;
	name: string;
	timezone: string;
	sentence: string;
	sub: string;
	stations_sentence: string;
	stations_sub: string;
	energy_sentence: string;
	energy_sub: string;
	meters_sentence: string;
	meters_sub: string;
	alarms_sentence: string;
	alarms_sub: string;
	speed: number;
	tree: Tree;
	stations: StationView[];
	vehicles: VehicleView[];
	meters: MeterView[];
	alarms: AlarmView[];
	envelopes: EnvelopeView[];
}

export interface PowerPoint {
	at: string;
	site_w?: number;
	evse_w?: number;
	base_w?: number;
	limit_w?: number;
	limit_source?: string;
}

export interface PowerSeries {
	points: PowerPoint[];
}

export interface MeterRegister {
	quantity: string;
	address: number;
	type: string;
	words: string;
	scale: number;
	value?: number;
	quality: string;
}

export interface MeterRegisters {
	id: string;
	map: string;
	source?: string;
	at: string;
	about?: string;
	note?: string;
	rows: MeterRegister[];
}

export interface MeterScanPost {
	host?: string;
	port?: number;
	device?: string;
	baud?: number;
	parity?: "none" | "even" | "odd";
	stop_bits?: number;
	first_unit?: number;
	last_unit?: number;
	timeout_ms?: number;
	identify?: boolean;
}

export interface MeterGuess {
	map: string;
	about: string;
	points: number;
	power_w?: number;
	voltages_v: number[];
	frequency_hz?: number;
	import_wh?: number;
}

export interface MeterScanUnit {
	unit: number;
	answers: string;
	latency_ms: number;
	guesses: MeterGuess[];
}

export interface MeterScanView {
	id: string;
	link: string;
	started: string;
	state: string;
	error?: string;
	first_unit: number;
	last_unit: number;
	next_unit: number;
	units: MeterScanUnit[];
}

export interface MeterScanList {
	scans: MeterScanView[];
}

export interface WiringPhase {
	phase: number;
	upper_phase?: number;
	gain?: number;
	error?: number;
}

export interface WiringPair {
	upper: string;
	lower: string;
	steps: number;
	ok: boolean;
	clear: boolean;
	phases: WiringPhase[];
	finding: string;
}

export interface WiringSelf {
	meter: string;
	finding: string;
}

export interface WiringView {
	since: string;
	pairs: WiringPair[];
	meters: WiringSelf[];
}

export interface MeterWalkPost {
	station: string;
	evse: number;
	consent: boolean;
	low_w?: number;
	rounds?: number;
}

export interface MeterWalkMeter {
	meter: string;
	above: boolean;
	steps: number;
	moved: boolean;
	gain?: number;
	phases: WiringPhase[];
	finding?: string;
}

export interface MeterWalkView {
	id: string;
	station: string;
	evse: number;
	state: string;
	started: string;
	low_w: number;
	high_w: number;
	rounds: number;
	rounds_done: number;
	error?: string;
	meters: MeterWalkMeter[];
}

export interface AlarmList {
	at: string;
	sentence?: string;
	sub?: string;
	alarms: AlarmView[];
}

export interface EnvelopeVehicle {
	station: string;
	evse: number;
	vehicle?: string;
	departs_at?: string;
	need_wh: number;
	short_without_wh: number;
	short_with_wh: number;
	ready_without?: string;
	ready_with?: string;
}

export interface EnvelopeTry {
	at: string;
	sentence: string;
	late: number;
	shed_wh: number;
	shed_w: number;
	vehicles: EnvelopeVehicle[];
}

export interface EnvelopePost {
	node: string;
	kind?: "limit" | "fallback";
	priority?: number;
	owner?: string;
	grid?: boolean;
	type?: string;
	reference?: string;
	why?: string;
	blocks: EnvelopeBlockPost[];
}

export interface EnvelopeList {
	at: string;
	envelopes: EnvelopeView[];
}

export interface EnvelopeTold {
	evse: string;
	at: string;
	limit_w: number;
	source: string;
	node?: string;
	reason: string;
	call?: string;
}

export interface EnvelopePhase {
	phase: string;
	measured_s: number;
	max_ma: number;
	max_at: string;
	above_s: number;
}

export interface EnvelopeRecord {
	start: string;
	end: string;
	limit_w?: number;
	limit_ma?: number;
	phases: EnvelopePhase[];
	kept: boolean;
	unsure: boolean;
	measured_s: number;
	estimated_s: number;
	bounded_s: number;
	bound_max_w?: number;
	unmeasured_s: number;
	mean_w?: number;
	max_w?: number;
	max_at?: string;
	above_s: number;
	above_wh: number;
	export_limit_w?: number;
	export_max_w?: number;
	export_above_s?: number;
	export_above_wh?: number;
	decided_by?: string;
	decided_at?: string;
	vehicles: string[];
	commands: EnvelopeTold[];
	command_count: number;
	seq?: number;
	hash?: string;
}

export interface EnvelopeMinute {
	at: string;
	mean_w: number;
	max_w: number;
	quality?: string;
}

export interface EnvelopeCompliance {
	id: string;
	node: string;
	owner: string;
	state: string;
	pending: boolean;
	records: EnvelopeRecord[];
	minutes: EnvelopeMinute[];
}

export interface NodeLimit {
	quantity: string;
	limit: number;
	source: string;
	state: string;
	owner?: string;
	envelope?: string;
	beaten_by?: string;
	beaten_envelope?: string;
	beaten_why?: string;
	since?: string;
	until?: string;
	age_s?: number;
}

export interface NodeLimits {
	at: string;
	node: string;
	limits: NodeLimit[];
}

export interface TierView {
	node: string;
	tier: string;
	counts_as: string;
	for_s: number;
	cost_w: number;
}

export interface DemandView {
	node: string;
	window: string;
	window_end: string;
	target_w: number;
	target_source: string;
	target_since: string;
	mean_w: number;
	allowed_w: number;
	allowed_source: string;
	allowed_at: string;
	projected_w: number;
	missing_s: number;
	peak_w: number;
	peak_at?: string;
	in_danger: boolean;
}

export interface PowerReturnView {
	node: string;
	seen_by: string;
	for_s: number;
	next_s: number;
	released: number;
	waiting: number;
	tries: number;
}

export interface IslandView {
	state: string;
	for_s: number;
	energy_wh?: number;
	stores_silent: number;
	reserve_wh: number;
	feed_w: number;
	evse_w: number;
}

export interface GuardView {
	at: string;
	tiers: TierView[];
	demand: DemandView[];
	returns: PowerReturnView[];
	island?: IslandView;
}

export interface PlanSlot {
	w: number;
	node?: string;
}

export interface PlanVehicle {
	id: string;
	station: string;
	evse: number;
	need_wh: number;
	planned_wh: number;
	short_wh: number;
	reason?: string;
	departs_at?: string;
	ready_at?: string;
	by?: string;
	need_by?: string;
	slots: PlanSlot[];
}

export interface Plan {
	id: string;
	made_at: string;
	trigger: string;
	solve_us: number;
	start: string;
	slot_s: number;
	sentence: string;
	method?: string;
	currency?: string;
	cost?: number;
	demand_cost?: number;
	planned_wh?: number;
	at_once_cost?: number;
	gap?: number;
	gap_wh?: number;
	prices: number[];
	vehicles: PlanVehicle[];
	followed: PlanFollowed;
}

export interface PlanChange {
	vehicle: string;
	station: string;
	evse: number;
	text: string;
}

export interface PlanProposal {
	plan: string;
	made_at: string;
	trigger: string;
	since: string;
	expires_at: string;
	then: string;
	sentence: string;
	changes: PlanChange[];
}

export interface PlanApproved {
	plan: string;
	at: string;
	actor: string;
	why?: string;
}

export interface PlanModeView {
	node: string;
	mode: string;
	said: boolean;
	evses: number;
	approved?: PlanApproved;
	proposal?: PlanProposal;
}

export interface PlanFollowed {
	sentence: string;
	modes: PlanModeView[];
	late_since?: string;
}

export interface PlanModeEffect {
	node: string;
	from: string;
	to: string;
	means: string;
	sentence: string;
	evses: number;
	vehicles: number;
	changes: PlanChange[];
}

export interface DischargeView {
	stopped: boolean;
	since?: string;
	actor?: string;
	why?: string;
}

export interface StorageBattery {
	id: string;
	kind: string;
	station?: string;
	evse?: number;
	now_w: number;
	told_w?: number;
	told_at?: string;
	note?: string;
	stored_wh: number;
	stored_source: string;
	stored_at: string;
	full_wh: number;
	least_wh: number;
	need_wh: number;
	gives_wh: number;
	takes_wh: number;
	wear_kwh: number;
	w: number[];
}

export interface StorageView {
	discharge: DischargeView;
	sentence: string;
	made_at?: string;
	start?: string;
	slot_s?: number;
	solve_us?: number;
	currency?: string;
	cost?: number;
	cost_without?: number;
	worth?: number;
	gap?: number;
	batteries: StorageBattery[];
}

export interface FlexibleWindow {
	from: string;
	to: string;
	planned_w: number;
	less_w: number;
	less_wh: number;
	more_w: number;
	more_wh: number;
}

export interface Flexibility {
	plan: string;
	made_at: string;
	minutes: number;
	gives_w: number;
	gives_wh: number;
	windows: FlexibleWindow[];
}

export interface PlanItem {
	id: string;
	made_at: string;
	trigger: string;
	vehicles: number;
	solve_us: number;
	short_wh: number;
}

export interface PlanItemList {
	plans: PlanItem[];
}

export interface PlanStretch {
	from: string;
	to: string;
	w: number;
	energy_wh: number;
	why: string;
	text?: string;
	node?: string;
	price?: number;
	carbon_price?: number;
}

export interface PlanExplain {
	id: string;
	made_at: string;
	vehicle: string;
	station: string;
	evse: number;
	need_wh: number;
	planned_wh: number;
	short_wh: number;
	departs_at?: string;
	ready_at?: string;
	need_by?: string;
	cost?: number;
	marginal?: number;
	sentences: string[];
	stretches: PlanStretch[];
}

export interface PlanDiffRow {
	vehicle: string;
	station: string;
	evse: number;
	change: string;
	planned_wh: number;
	short_wh: number;
	ready_s?: number;
	departs_s?: number;
	need_wh: number;
}

export interface PlanDiff {
	id: string;
	with: string;
	made_at: string;
	with_made_at: string;
	trigger: string;
	cost: number;
	short_wh: number;
	rows: PlanDiffRow[];
}

export interface WhatIfNode {
	node: string;
	worth: number;
	month: number;
}

export interface WhatIfSide {
	cost: number;
	demand_cost: number;
	short_wh: number;
	short_vans: number;
	gap: number;
}

export interface WhatIfV2g {
	batteries: number;
	given_wh: number;
	worth: number;
	peaks_without: number;
	peaks_with: number;
	gap: number;
}

export interface WhatIf {
	nights: number;
	vehicles: number;
	unpriced: number;
	unproven: number;
	currency?: string;
	without: WhatIfSide;
	with: WhatIfSide;
	solve_us: number;
	sentence: string;
	limits_sentence?: string;
	v2g?: WhatIfV2g;
	worth: WhatIfNode[];
}

export interface CommandView {
	id: string;
	station: string;
	action: string;
	state: "waiting" | "running" | "done" | "refused" | "failed" | "unknown" | "cancelled";
	step: "asked" | "sent" | "answered" | "ended";
	status?: string;
	note?: string;
	request_id?: number;
	started_at: string;
	moved_at?: string;
	ended_at?: string;
	actor?: string;
	why?: string;
	parent?: string;
	payload?: unknown;
	response?: unknown;
	error_code?: string;
	error_text?: string;
}

export interface CommandList {
	commands: CommandView[];
}

export interface CommandVan {
	evse: number;
	vehicle?: string;
	name?: string;
	state: string;
	power_w?: number;
	departs_at?: string;
	effect: "none" | "stops" | "may_stop" | "last";
}

export interface CommandTry {
	station: string;
	action: string;
	sentence: string;
	waits_for?: string;
	vans: CommandVan[];
}

export interface FormField {
	name: string;
	kind: string;
	required: boolean;
	list: boolean;
	made: boolean;
	min?: number;
	max?: number;
	items_min?: number;
	items_max?: number;
	values: string[];
	type?: string;
}

export interface FormStruct {
	name: string;
	fields: FormField[];
}

export interface CommandForm {
	action: string;
	use: string;
	needs: string;
	waits_for?: string;
	structs?: FormStruct[];
}

export interface CommandFormList {
	forms: CommandForm[];
}

export interface WirePair {
	at: string;
	station: string;
	direction: string;
	message_id?: string;
	action?: string;
	latency_ms?: number;
	request: string;
	verdict?: string;
	reply?: string;
	reply_verdict?: string;
}

export interface WireFrame {
	at: string;
	station: string;
	direction: string;
	message_id?: string;
	action?: string;
	verdict?: string;
	text: string;
}

export interface WirePage {
	sentence?: string;
	sub?: string;
	frames: WireFrame[];
	pairs?: WirePair[];
	next?: string;
	searched_to?: string;
}

export interface DeviceVariable {
	station: string;
	component: string;
	component_instance?: string;
	evse?: number;
	connector?: number;
	variable: string;
	variable_instance?: string;
	attribute: string;
	value?: string;
	previous?: string;
	pending?: string;
	mutability?: string;
	persistent: boolean;
	constant: boolean;
	at?: string;
	changed_at?: string;
	data_type?: string;
	unit?: string;
	min_limit?: number;
	max_limit?: number;
	values?: string;
	monitored: boolean;
}

export interface DeviceVariableList {
	inventory?: string;
	inventory_at?: string;
	variables: DeviceVariable[];
	next?: number;
}

export interface HeldProfile {
	id: number;
	evse: number;
	purpose: string;
	stack_level: number;
	kind: string;
	transaction?: string;
	source: string;
	owner?: string;
	at: string;
	profile: unknown;
}

export interface ExternalLimit {
	evse: number;
	source: string;
	grid_critical: boolean;
	at: string;
	limit_w?: number;
	schedules: unknown;
}

export interface ChargingNeedsView {
	evse: number;
	transaction: string;
	at: string;
	max_periods?: number;
	departs_at?: string;
	energy_wh?: number;
	max_w?: number;
}

export interface HeldProfileList {
	station: string;
	control: "automatic" | "manual";
	checked: string;
	checked_at?: string;
	differences: string[];
	profiles: HeldProfile[];
	external_limits: ExternalLimit[];
	needs: ChargingNeedsView[];
}

export interface StationCertificate {
	type: string;
	hash_algorithm: string;
	issuer_name_hash: string;
	issuer_key_hash: string;
	serial: string;
	parent?: string;
	subject?: string;
	not_after?: string;
	listed: boolean;
	at: string;
}

export interface StationCertificateList {
	certificates: StationCertificate[];
}

export interface IssuedCertificate {
	fingerprint: string;
	station: string;
	type: string;
	state: string;
	why?: string;
	serial: string;
	key_hash: string;
	subject: string;
	issuer: string;
	not_before: string;
	not_after: string;
	authority: string;
	request: string;
	at: string;
	changed_at: string;
	actor?: string;
	chain?: string;
}

export interface IssuedCertificateList {
	certificates: IssuedCertificate[];
}

export interface TransactionView {
	station: string;
	id: string;
	evse?: number;
	connector?: number;
	vehicle?: string;
	token?: string;
	token_type?: string;
	token_status?: string;
	state: string;
	charging_state?: string;
	remote_start_id?: number;
	reservation_id?: number;
	cable_max_a?: number;
	phases_used?: number;
	charging_s?: number;
	started_at?: string;
	ended_at?: string;
	last_at: string;
	begin_wh?: number;
	end_wh?: number;
	energy_wh?: number;
	stopped_reason?: string;
	events: number;
	complete: boolean;
	missing?: string;
	cost?: number;
	currency?: string;
	quarantined?: string;
}

export interface TransactionList {
	sentence?: string;
	sub?: string;
	transactions: TransactionView[];
	next?: string;
}

export interface FirmwareView {
	id: string;
	vendor: string;
	model?: string;
	version: string;
	name: string;
	size: number;
	sha256: string;
	md5: string;
	added_at: string;
	actor?: string;
	verified: boolean;
	algorithm?: string;
	signer?: string;
}

export interface FirmwareList {
	firmware: FirmwareView[];
}

export interface CommandPost {
	action: string;
	payload: unknown;
	why?: string;
	timeout_s?: number;
	effect_s?: number;
	wait?: "none" | "answer" | "end";
	force?: boolean;
}

export interface Alert {
	station: string;
	component: string;
	component_instance?: string;
	evse?: number;
	connector?: number;
	variable: string;
	variable_instance?: string;
	monitor?: number;
	severity?: number;
	open: boolean;
	opened_at?: string;
	cleared_at?: string;
	at: string;
	times: number;
	event_id: number;
	source: string;
	value?: string;
	cause?: number;
	transaction?: string;
	tech_code?: string;
	tech_info?: string;
}

export interface AlertList {
	alerts: Alert[];
}

export interface FileView {
	id: string;
	station: string;
	request_id?: number;
	name: string;
	size: number;
	sha256: string;
	received_at: string;
	peer?: string;
	removed_at?: string;
	removed_why?: string;
}

export interface FileList {
	files: FileView[];
	used_bytes: number;
	quota_bytes: number;
}
