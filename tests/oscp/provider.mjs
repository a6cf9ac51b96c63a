// A small Capacity Provider of OSCP 2.0 on plain node https: no code in common with depotd. What its
// peer does against the protocol goes into `violations`; what it sends and gets is kept.
import https from 'node:https';
import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const ACTIONS = ['handshake_acknowledge', 'heartbeat', 'adjust_group_capacity_forecast',
	'group_capacity_compliance_error', 'update_group_measurements'];

/** A certificate for localhost by an authority of its own: {key, cert, ca} as files. */
export function makeCertificates(dir) {
	const file = (name) => join(dir, name);
	const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
	openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('grid-ca.key'),
		'-out', file('grid-ca.pem'), '-days', '2', '-subj', '/CN=Grid authority',
		'-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign');
	openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('grid.key'),
		'-out', file('grid.pem'), '-days', '2', '-subj', '/CN=localhost', '-CA', file('grid-ca.pem'), '-CAkey', file('grid-ca.key'),
		'-addext', 'subjectAltName=DNS:localhost', '-addext', 'basicConstraints=critical,CA:FALSE');
	return { key: file('grid.key'), cert: file('grid.pem'), ca: file('grid-ca.pem') };
}

export class Provider {
	/** `files`: of makeCertificates(). `peerCa`: PEM of the peer's root. */
	constructor(files, peerCa, options = {}) {
		Object.assign(this, {
			files, peerCa, name: 'cp', heartbeat: 1, measurements: [], servesHandshake: false, versions: ['2.0'],
			received: [], sent: [], violations: [], seenIds: new Set(), statuses: {}, port: 0, beats: undefined, ...options,
		});
		this.token = undefined; // that the peer must show us
		this.peerToken = undefined; // that we show it
		this.peerUrl = undefined;
	}

	async listen() {
		const tls = { key: readFileSync(this.files.key), cert: readFileSync(this.files.cert) };
		this.server = https.createServer(tls, (req, res) => {
			let text = '';
			req.setEncoding('utf8');
			req.on('data', (d) => (text += d));
			req.on('end', () => this.take(req, text, res));
		});
		await new Promise((ok, bad) => this.server.on('error', bad).listen(this.port, '127.0.0.1', ok));
		this.port = this.server.address().port;
		this.url = `https://localhost:${this.port}/oscp/cp/2.0`;
		return this;
	}

	/** Gone, as with the power cut: neither heard nor heard from. */
	async die() {
		clearInterval(this.beats);
		this.server.closeAllConnections();
		await new Promise((r) => this.server.close(r));
	}

	wrong(what) {
		this.violations.push(what);
	}

	/** The messages of that action, oldest first. */
	of(action) {
		return this.received.filter((m) => m.action === action);
	}

	// -- what comes ---------------------------------------------------------------------------------

	take(req, text, res) {
		const action = req.url.replace(/^\/oscp\/cp(\/2\.0)?\//, '');
		const m = {
			action, method: req.method, headers: req.headers, at: Date.now(), text, id: req.headers['x-request-id'],
			correlation: req.headers['x-correlation-id'], body: undefined,
		};
		const scheme = (req.headers.authorization ?? '').split(' ')[0];
		if (scheme !== 'Token') this.wrong(`${action}: authorization scheme "${scheme}"`);
		const shown = (req.headers.authorization ?? '').split(' ')[1];
		if (!m.id) this.wrong(`${action}: no X-Request-ID`);
		if (this.seenIds.has(m.id) && !m.retry) m.again = true;
		this.seenIds.add(m.id);
		if (text) {
			if (!/^application\/json/.test(req.headers['content-type'] ?? '')) this.wrong(`${action}: content-type ${req.headers['content-type']}`);
			try { m.body = JSON.parse(text); } catch { this.wrong(`${action}: no JSON`); }
		}
		this.received.push(m);
		let status = this.statuses[action] ?? this.judge(action, m, shown);
		if (typeof status === 'function') status = status(m);
		const body = status === 204 ? undefined : JSON.stringify({ message: `test says ${status}` });
		res.writeHead(status, body ? { 'content-type': 'application/json' } : undefined).end(body);
		if (status === 204) setImmediate(() => this.work(action, m));
	}

	judge(action, m, shown) {
		if (action === 'register') return this.judgeRegister(m, shown);
		if (shown !== this.token) {
			this.wrong(`${action}: with a wrong token`);
			return 401;
		}
		if (action === 'handshake') return this.servesHandshake ? 204 : 404;
		if (!ACTIONS.includes(action)) {
			this.wrong(`a Capacity Provider has no /${action}`);
			return 404;
		}
		this[`judge_${action}`]?.(m);
		return 204;
	}

	judgeRegister(m, shown) {
		if (shown !== this.token && shown !== this.tokenA) {
			this.wrong('register: with a wrong token');
			return 401;
		}
		if (m.method === 'DELETE') return 204;
		const urls = m.body.version_url;
		if (!Array.isArray(urls) || urls.length < 1) this.wrong('register: no version_url');
		if (this.registering === 'peer answers' && urls.length !== 1) this.wrong('register: the answer must select one version');
		if (this.registering === 'peer answers' && m.correlation !== this.registerId) this.wrong('register: no correlation to our Register');
		const url = urls.find((u) => this.versions.includes(u.version));
		if (!url) return 501;
		if (!/^https:\/\//.test(url.base_url) || url.base_url.endsWith('/')) this.wrong(`register: base_url ${url.base_url}`);
		if (typeof m.body.token !== 'string' || m.body.token.length < 32) this.wrong('register: a short token');
		if (m.body.token === shown) this.wrong('register: the token did not change');
		return 204;
	}

	judge_handshake_acknowledge(m) {
		if (!this.sent.some((s) => s.action === 'handshake' && s.id === m.correlation)) this.wrong('handshake_acknowledge: correlates to no handshake of ours');
		const r = m.body.required_behaviour;
		if (!r || !Array.isArray(r.measurement_configuration) || !(r.heartbeat_interval >= 1)) this.wrong(`handshake_acknowledge: ${m.text}`);
	}

	judge_heartbeat(m) {
		const at = m.body.offline_mode_at;
		if (!RFC3339.test(at)) this.wrong(`heartbeat: offline_mode_at ${at}`);
		if (Date.parse(at) <= Date.now()) this.wrong('heartbeat: offline_mode_at is not in the future');
	}

	judge_adjust_group_capacity_forecast(m) {
		this.judgeBlocks('adjust', m.body.forecasted_blocks);
		if (!m.body.group_id || !['CONSUMPTION', 'GENERATION'].includes(m.body.type)) this.wrong(`adjust: ${m.text}`);
	}

	judge_group_capacity_compliance_error(m) {
		if (!m.body.message) this.wrong('compliance error: no message');
		if (!this.sent.some((s) => s.action === 'update_group_capacity_forecast' && s.id === m.correlation)) this.wrong('compliance error: correlates to no forecast of ours');
		if (m.body.forecasted_blocks !== undefined) this.judgeBlocks('compliance error', m.body.forecasted_blocks);
	}

	judgeBlocks(what, blocks) {
		if (!Array.isArray(blocks) || blocks.length < 1) this.wrong(`${what}: no blocks`);
		for (const b of blocks ?? []) {
			if (!(b.capacity >= 0)) this.wrong(`${what}: capacity ${b.capacity}`);
			if (!['UNKNOWN', 'ONE', 'TWO', 'THREE', 'ALL'].includes(b.phase)) this.wrong(`${what}: phase ${b.phase}`);
			if (!['A', 'W', 'KW', 'WH', 'KWH'].includes(b.unit)) this.wrong(`${what}: unit ${b.unit}`);
			if (!RFC3339.test(b.start_time) || !RFC3339.test(b.end_time)) this.wrong(`${what}: times ${b.start_time} ${b.end_time}`);
		}
	}

	judge_update_group_measurements(m) {
		if (!m.body.group_id) this.wrong('measurements: no group');
		for (const x of m.body.measurements) {
			if (typeof x.value !== 'number' || x.value < 0) this.wrong(`measurements: value ${x.value}`);
			if (!['WH', 'KWH'].includes(x.unit)) this.wrong(`measurements: unit ${x.unit}`);
			if (!['NET', 'IMPORT', 'EXPORT'].includes(x.direction)) this.wrong(`measurements: direction ${x.direction}`);
			if (!RFC3339.test(x.measure_time)) this.wrong(`measurements: measure_time ${x.measure_time}`);
			if (!this.measurements.includes('CONTINUOUS') && !RFC3339.test(x.initial_measure_time)) this.wrong('measurements: INTERMITTENT without initial_measure_time');
		}
	}

	/** What follows a message that was answered 204. */
	work(action, m) {
		if (action !== 'register' || m.method === 'DELETE') return;
		this.peerToken = m.body.token;
		this.peerUrl = m.body.version_url.find((u) => u.version === '2.0').base_url;
		if (this.registering === 'we answer') {
			this.token = randomBytes(24).toString('base64url'); // TOKEN_C, in place of TOKEN_A
			this.registered = this.post('register', { token: this.token, version_url: [{ version: '2.0', base_url: this.url }] }, { correlation: m.id });
			this.registered.then(() => (this.tokenA = undefined));
		}
	}

	// -- what goes ----------------------------------------------------------------------------------

	/** Posts and judges the answer. {status, text, headers, id}. */
	post(action, body, { id = randomUUID(), token = this.peerToken, scheme = 'Token', correlation, index, count, method = 'POST', url = this.peerUrl, headers = {}, text } = {}) {
		this.sent.push({ action, id, body });
		const payload = text ?? (body === undefined ? undefined : JSON.stringify(body));
		return new Promise((ok, bad) => {
			const req = https.request(`${url}/${action}`, {
				method, ca: this.peerCa, servername: 'localhost', agent: false,
				headers: {
					...(token !== null && { authorization: `${scheme} ${token}` }),
					...(id && { 'x-request-id': id }), ...(correlation && { 'x-correlation-id': correlation }),
					...(index && { 'x-segment-index': index }), ...(count && { 'x-segment-count': count }),
					...(payload !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }), ...headers,
				},
			}, (res) => {
				let out = '';
				res.setEncoding('utf8').on('data', (d) => (out += d)).on('end', () => {
					if (res.statusCode < 300 && (res.statusCode !== 204 || out !== '')) this.wrong(`${action}: answered ${res.statusCode} with "${out}", not 204 without a body`);
					if (res.statusCode === 204 && res.headers['content-type']) this.wrong(`${action}: 204 with a content-type`);
					if (res.statusCode >= 400 && typeof JSON.parse(out || '{}').message !== 'string') this.wrong(`${action}: ${res.statusCode} without a message`);
					ok({ status: res.statusCode, text: out, headers: res.headers, id });
				});
			});
			req.on('error', bad);
			req.setTimeout(20000, () => req.destroy(new Error('no answer in 20 s')));
			req.end(payload);
		});
	}

	/** The peer gave us its endpoint and TOKEN_A: we send the first Register. */
	registerAt(endpoint, tokenA) {
		this.registering = 'peer answers';
		this.token = randomBytes(24).toString('base64url'); // TOKEN_B
		this.peerUrl = endpoint;
		this.registerId = randomUUID();
		return this.post('register', {
			token: this.token, version_url: [{ version: '1.0', base_url: `${this.url}/old` }, { version: '2.0', base_url: this.url }],
		}, { token: tokenA, id: this.registerId });
	}

	/** We give out TOKEN_A: the peer sends the first Register. */
	offer() {
		this.registering = 'we answer';
		this.tokenA = randomBytes(24).toString('base64url');
		return { url: this.url, token: this.tokenA };
	}

	handshake(options) {
		return this.post('handshake', { required_behaviour: {
			...(this.heartbeat && { heartbeat_interval: this.heartbeat }), measurement_configuration: this.measurements,
		} }, options);
	}

	beat(ms = 2500) {
		return this.post('heartbeat', { offline_mode_at: new Date(Date.now() + ms).toISOString() });
	}

	/** Heartbeats until die() or quiet(). */
	keepBeating(every = 700) {
		clearInterval(this.beats);
		const once = () => this.beat().catch(() => {});
		once();
		this.beats = setInterval(once, every);
	}

	quiet() {
		clearInterval(this.beats);
	}

	forecast(group, type, blocks, options) {
		return this.post('update_group_capacity_forecast', { group_id: group, type, forecasted_blocks: blocks }, options);
	}
}

/** A block of `capacity` from now+from to now+to, in seconds. */
export const block = (capacity, from, to, { unit = 'W', phase = 'ALL' } = {}) => ({
	capacity, phase, unit, start_time: new Date(Date.now() + from * 1000).toISOString(), end_time: new Date(Date.now() + to * 1000).toISOString(),
});
