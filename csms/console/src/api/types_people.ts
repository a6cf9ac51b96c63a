/* People, their tokens, changes that wait for a second one, the audit: as schemas/api.schema has them. */

export interface SignInPost {
	code?: string;
	name?: string;
	password?: string;
	factor?: string;
}

export interface ProviderView {
	id: string;
	name: string;
}

export interface ProviderList {
	providers: ProviderView[];
}

export interface ProviderBegin {
	url: string;
}

export interface SignedOut {
	ok: boolean;
	url?: string;
}

export interface UserPut {
	role?: string;
	nodes?: string[];
	disabled?: boolean;
	why?: string;
}

export interface UserView {
	name: string;
	role: string;
	nodes?: string[];
	disabled: boolean;
	provider?: string;
	subject?: string;
	password: boolean;
	factor: boolean;
	changed: string;
	signed_in?: string;
	sessions: number;
}

export interface OpenSession {
	id: string;
	since: string;
	seen: string;
	peer: string;
	browser: string;
	method: string;
	own: boolean;
}

export interface OpenSessionList {
	sessions: OpenSession[];
}

export interface UserList {
	sentence: string;
	sub: string;
	users: UserView[];
}

export interface LinkReply {
	url: string;
	code: string;
	expires: string;
}

export interface ApiTokenPost {
	name: string;
	role?: string;
	days?: number;
	nodes?: string[];
}

export interface ApiTokenReply {
	id: string;
	token: string;
	name: string;
	role: string;
	expires?: string;
}

export interface ApiTokenView {
	id: string;
	name: string;
	role: string;
	nodes?: string[];
	expires?: string;
	used_at?: string;
	used_from?: string;
}

export interface ApiTokenList {
	tokens: ApiTokenView[];
}

export interface ApprovalView {
	id: string;
	asked_by: string;
	peer: string;
	at: string;
	expires: string;
	needs: string;
	method: string;
	path: string;
	body?: string;
}

export interface ApprovalList {
	approvals: ApprovalView[];
}

export interface Permission {
	name: string;
	roles: string[];
	help: string;
}

export interface PermissionList {
	permissions: Permission[];
}

export interface FactorOffer {
	secret: string;
	url: string;
}

export interface FactorReply {
	recovery: string[];
}

export interface AuditRow {
	seq: number;
	at: string;
	who: string;
	peer?: string;
	type: string;
	about: string;
	why?: string;
	refused: boolean;
	request?: string;
	payload: unknown;
	hash: string;
}

export interface AuditAnchor {
	seq: number;
	hash: string;
	at: string;
}

export interface AuditPage {
	sentence: string;
	sub: string;
	rows: AuditRow[];
	next?: number;
	anchor?: AuditAnchor;
}

export interface AuditDetail {
	row: AuditRow;
	before?: unknown;
	together: AuditRow[];
}
