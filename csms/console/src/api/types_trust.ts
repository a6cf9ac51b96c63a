/*
 * What the API gives to the pages of certificates and grid operators; schemas/api.schema says more.
 */

export interface CalendarEntry {
	kind: string;
	owner: string;
	subject: string;
	serial?: string;
	not_after: string;
	days: number;
	state: string;
	renewed_by: string;
	step?: string;
	note?: string;
	again_at?: string;
}

export interface Calendar {
	sentence: string;
	sub: string;
	at: string;
	renew_days: number;
	entries: CalendarEntry[];
}

export interface RolloverStation {
	station: string;
	state: string;
	note?: string;
}

export interface RolloverView {
	open: boolean;
	subject: string;
	serial: string;
	not_after?: string;
	needed: number;
	ready: number;
	stations: RolloverStation[];
}

export interface StationRoot {
	file: string;
	use: string;
	subject: string;
	not_after: string;
	certificate: string;
}

export interface AuthorityView {
	authority: string;
	is: string;
	organizations: string[];
	days: number;
	v2g_days: number;
	renew_days: number;
	open: number;
	roots: StationRoot[];
}

export interface CertificateRequest {
	id: string;
	station: string;
	type: string;
	key_hash: string;
	state: string;
	tries: number;
	next_at?: string;
	command?: string;
	fingerprint?: string;
	note?: string;
	at: string;
	changed_at: string;
	csr: string;
}

export interface CertificateRequestList {
	requests: CertificateRequest[];
}

export interface OscpGroupView {
	group: string;
	node: string;
}

export interface OscpPeerView {
	id: string;
	name?: string;
	groups: OscpGroupView[];
	state: string;
	changed_at?: string;
	next?: string;
	endpoint: string;
	url?: string;
	online: boolean;
	online_why?: string;
	handshake_at?: string;
	heartbeat_s?: number;
	measurements: string[];
	last_heartbeat?: string;
	offline_at?: string;
	adjust_request?: string;
	adjust_at?: string;
	adjust_granted_at?: string;
	last_error?: string;
	last_error_at?: string;
	received: number;
	refused: number;
	duplicates: number;
	sent: number;
	failed: number;
	measurements_sent: number;
}

export interface OscpPeerList {
	sentence: string;
	sub: string;
	at: string;
	peers: OscpPeerView[];
}

export interface OscpAdjustReply {
	request: string;
}

export interface OscpPeerReply {
	peer: string;
	endpoint: string;
	token?: string;
	next: string;
}
