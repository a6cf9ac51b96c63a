// Stations for the tests that misbehave on purpose: a WebSocket station that sends any text, and a
// TCP peer that sends any bytes.
import net from 'node:net';
import { randomBytes } from 'node:crypto';
import WebSocket from 'ws';
import { sleep, until } from './harness.mjs';

export const PASSWORD = 'a-Good_Passw0rd-for-all';

export const basic = (user, password = PASSWORD) =>
	`Basic ${Buffer.concat([Buffer.from(`${user}:`), Buffer.from(password)]).toString('base64')}`;

/** Registers a station with `evses` AC outlets. */
export async function register(depotd, id, { evses = 1, ...more } = {}) {
	const r = await depotd.api('PUT', `/stations/${encodeURIComponent(id)}`, {
		policy: 'accepted', password: PASSWORD, node: 'site',
		evses: Array.from({ length: evses }, (_, i) => ({ id: i + 1, kind: 'ac', max_w: 22000, min_w: 1380 })),
		...more,
	});
	if (r.status >= 300) throw new Error(`PUT ${id}: ${r.status} ${r.text}`);
	return id;
}

/** A station on a WebSocket. Answers every CALL with Accepted unless `handlers` say otherwise. */
export class Station {
	constructor(depotd, id, { handlers = {}, password = PASSWORD, ...ws } = {}) {
		Object.assign(this, { depotd, id, handlers, password, options: ws });
		this.inbox = []; // what came that is no CALL, parsed, in order
		this.calls = []; // every CALL that came
		this.pending = new Map();
		this.number = 0;
	}

	/** Resolves when it is open; rejects with the HTTP status when it is refused. */
	connect() {
		const { path = `/ocpp/${this.id}`, protocols = 'ocpp2.0.1', ...options } = this.options;
		this.ws = new WebSocket(this.url ?? `ws://127.0.0.1:${this.depotd.ports.profile1}${path}`, protocols, {
			headers: { authorization: basic(this.id, this.password) }, perMessageDeflate: false, ...options,
		});
		this.closed = new Promise((r) => this.ws.on('close', (code, why) => {
			for (const p of this.pending.values()) p.bad(new Error(`closed with ${code}`));
			r({ code, why: String(why) });
		}));
		this.ws.on('message', (data) => this.take(JSON.parse(data)));
		return new Promise((ok, bad) => {
			this.ws.on('open', () => ok(this));
			this.ws.on('unexpected-response', (req, res) => {
				req.destroy();
				bad(Object.assign(new Error(`refused with ${res.statusCode}`), { status: res.statusCode }));
			});
			this.ws.on('error', bad);
		});
	}

	take(m) {
		if (m[0] !== 2) {
			const p = this.pending.get(m[1]);
			this.pending.delete(m[1]);
			if (p) p.ok(m);
			else this.inbox.push(m);
			return;
		}
		this.calls.push(m);
		const answer = (this.handlers[m[2]] ?? this.handlers['*'] ?? (() => ({ status: 'Accepted' })))(m[3], m);
		Promise.resolve(answer).then((a) => {
			if (a) this.text(JSON.stringify(Array.isArray(a) ? a : [3, m[1], a]));
		});
	}

	text(s, options) {
		if (this.ws.readyState === WebSocket.OPEN) this.ws.send(s, options);
	}

	/** Sends a CALL; the whole answer, result or error. */
	ask(action, payload, id = `${this.id}-${this.number++}`) {
		return new Promise((ok, bad) => {
			this.pending.set(id, { ok, bad });
			this.text(JSON.stringify([2, id, action, payload]));
		});
	}

	/** Sends a CALL that has to succeed; its payload. */
	async call(action, payload) {
		const m = await this.ask(action, payload);
		if (m[0] !== 3) throw new Error(`${action}: ${JSON.stringify(m)}`);
		return m[2];
	}

	/** Sends a text; the first answer to it, whatever its id. */
	async say(text) {
		const n = this.inbox.length;
		this.text(text);
		return until(`an answer to ${String(text).slice(0, 60)}`, () => this.inbox[n], 5000);
	}

	/** Sends a text that must not be answered: a Heartbeat behind it is answered first. */
	async sayInVain(text) {
		const n = this.inbox.length;
		this.text(text);
		await this.call('Heartbeat', {});
		return this.inbox.slice(n);
	}

	boot(reason = 'PowerUp') {
		return this.call('BootNotification', { reason, chargingStation: { model: 'M', vendorName: 'V' } });
	}

	close() {
		this.ws.terminate();
		return this.closed;
	}
}

/** Registers, connects and boots. */
export async function booted(depotd, id, options = {}) {
	await register(depotd, id, options.registration);
	const s = await new Station(depotd, id, options).connect();
	await s.boot();
	return s;
}

/** A TCP connection that keeps what it receives. */
export class Tcp {
	/** `port`: a number, or the options of net.connect. */
	constructor(port, host = '127.0.0.1') {
		this.got = Buffer.alloc(0);
		this.ended = false;
		this.socket = typeof port === 'object' ? net.connect(port) : net.connect(port, host);
		this.socket.on('data', (d) => (this.got = Buffer.concat([this.got, d])));
		this.socket.on('error', () => {});
		this.gone = new Promise((r) => this.socket.on('close', () => r((this.ended = true))));
		this.open = new Promise((ok, bad) => this.socket.once('connect', () => ok(this)).once('error', bad));
	}

	send(bytes) {
		this.socket.write(bytes);
		return this;
	}

	/** The HTTP status of what came. */
	async status(ms = 5000) {
		const m = await until('a status line', () => /^HTTP\/1\.1 (\d+) /.exec(this.got) ??
			(this.ended && ['', '0']), ms);
		return Number(m[1]);
	}

	/** The next frames of the server, from behind the upgrade's head. */
	frames() {
		let at = this.got.indexOf('\r\n\r\n') + 4;
		const out = [];
		while (at + 2 <= this.got.length) {
			let len = this.got[at + 1] & 127, from = at + 2;
			if (len === 126) [len, from] = [this.got.readUInt16BE(at + 2), at + 4];
			if (from + len > this.got.length) break;
			out.push({ opcode: this.got[at] & 15, first: this.got[at], payload: this.got.subarray(from, from + len) });
			at = from + len;
		}
		return out;
	}

	/** The code of the close frame that ends this connection; 0 without one. */
	async closeCode(ms = 5000) {
		await Promise.race([this.gone, sleep(ms)]);
		const f = this.frames().find((x) => x.opcode === 8);
		return f ? f.payload.readUInt16BE(0) : 0;
	}

	destroy() {
		this.socket.destroy();
	}
}

/** The head of an upgrade; `fields` replace or add, undefined leaves out. */
export function upgradeHead(id, fields = {}, target = `/ocpp/${id}`) {
	const all = {
		Host: 'localhost', Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13',
		'Sec-WebSocket-Key': randomBytes(16).toString('base64'), 'Sec-WebSocket-Protocol': 'ocpp2.0.1',
		Authorization: basic(id), ...fields,
	};
	const lines = Object.entries(all).filter(([, v]) => v !== undefined).map(([k, v]) => `${k}: ${v}\r\n`);
	return `GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** One masked client frame. */
export function frame(opcode, payload, { fin = true, rsv = 0, mask = true, length } = {}) {
	const data = Buffer.from(payload);
	const len = length ?? data.length;
	const head = [(fin ? 128 : 0) | (rsv << 4) | opcode];
	const m = mask ? 128 : 0;
	if (len < 126) head.push(m | len);
	else if (len < 65536) head.push(m | 126, len >> 8, len & 255);
	else {
		const big = Buffer.alloc(8);
		big.writeBigUInt64BE(BigInt(len));
		head.push(m | 127, ...big);
	}
	if (!mask) return Buffer.concat([Buffer.from(head), data]);
	const key = randomBytes(4);
	return Buffer.concat([Buffer.from(head), key, data.map((b, i) => b ^ key[i & 3])]);
}

/** An upgraded raw connection. */
export async function rawStation(depotd, id, fields, target) {
	const t = new Tcp(depotd.ports.profile1).send(upgradeHead(id, fields, target));
	const status = await t.status();
	if (status !== 101) throw Object.assign(new Error(`refused with ${status}`), { status });
	return t;
}

export function percentile(values, p) {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))];
}
