// Runs the matrix of hostile attempts (matrix.mjs): each is refused with its status and exactly one line
// of the audit, each limit is counted, and all the while a well-behaved station and a browser are served.
import test, { after, before, describe } from 'node:test';
import assert from 'node:assert/strict';
import tls from 'node:tls';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beat } from './beat.mjs';
import { BUILD, Depotd, until } from './harness.mjs';
import { matrix, markdown } from './matrix.mjs';
import { PASSWORD, Station, Tcp, basic, booted, register, upgradeHead } from './peer.mjs';

const LIMITS = { header_timeout_s: 2, body_timeout_s: 2, max_body: 20000, max_message: 8192, max_per_address: 20, address_connects_per_s: 3, max_streams: 3,
	auth_failures_per_min: 5 };
const depot = `
depot: matrix
name: Matrix
timezone: UTC
nodes:
  - {id: site, kind: site, limit_w: 900000}
prices:
  - {id: day-ahead, currency: EUR}
`;
let d, calm, people;
let last = 0;
const secrets = new Map([[PASSWORD, 'the password of stations']]); // all that were used in this run

/** Each attempt comes from an address of its own: limits count by it, and its lines are found by it. */
const place = () => `127.1.${++last >> 8}.${last & 255}`;

class Peer extends Tcp {
	constructor(port, localAddress) {
		super({ port, host: '127.0.0.1', localAddress });
	}
}

/** { status } of HTTP, { error } of TLS, or { closed }. `text`: the request, word for word. */
function tlsAttempt(from, port, text, options = {}) {
	return new Promise((ok) => {
		let got = '';
		const s = tls.connect({ host: '127.0.0.1', port, localAddress: from, servername: 'localhost', ca: readFileSync(d.root()), ...options });
		const end = (r) => (s.destroy(), ok(r));
		s.on('secureConnect', () => s.write(text));
		s.on('data', (b) => {
			got += b;
			const m = /^HTTP\/1\.1 (?!100)(\d+)/.exec(got);
			if (m) end(Number(m[1]));
		});
		s.on('error', (e) => end(/ALERT|SSL/.test(e.code) ? 'TLS alert' : 'closed'));
		s.on('close', () => end('closed'));
	});
}

const request = (from, method, path, headers = {}, body = '') => tlsAttempt(from, d.ports.console,
	`${method} ${path} HTTP/1.1\r\n${Object.entries({ Host: `localhost:${d.ports.console}`, Connection: 'close',
		...(body && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }), ...headers })
		.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n${body}`);
const raw = (from, lines, body = '') => tlsAttempt(from, d.ports.console, `POST /api/v1/sign-out HTTP/1.1\r\n${lines}\r\n${body}`);

/** The status that a station gets for a request head. */
async function station(from, head, port = d.ports.profile1) {
	const t = new Peer(port, from).send(Buffer.from(head, 'latin1'));
	const status = await t.status(15000);
	t.destroy();
	return status;
}
const upgrade = (target, fields) => (from) => station(from, upgradeHead('GATE-1', fields, target));
const headed = (line) => (from) => station(from, upgradeHead('GATE-1').replace('\r\n\r\n', `\r\n${line}\r\n\r\n`));
const password = (Authorization) => upgrade('/ocpp/GATE-1', { Authorization });
const oldTls = (options) => (from) => tlsAttempt(from, d.ports.profile2, upgradeHead('GATE-1'), options);

/** A session of a person: its cookie and the headers that a page of the console sends. */
async function session(role) {
	const { code } = (await d.api('POST', '/links', { name: `m-${role}-${++last}`, role })).json;
	const r = await d.https('POST', '/sign-in', { code });
	assert.equal(r.status, 200, r.text);
	const cookie = String(r.headers['set-cookie']).split(';')[0];
	secrets.set(code, 'a one-time link').set(cookie.split('=')[1], 'a session').set(r.json.csrf, 'its token against forgery');
	return { code, cookie, csrf: r.json.csrf, page: { Cookie: cookie, Origin: `https://localhost:${d.ports.console}`, 'X-CSRF-Token': r.json.csrf } };
}
const POLICY = '{"policy":"rejected"}';
const change = (from, headers) => request(from, 'PUT', '/api/v1/stations/GATE-1', headers, POLICY);
const jwt = (alg) => {
	const part = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');
	return `Bearer ${part({ alg, typ: 'JWT' })}.${part({ sub: 'admin', role: 'admin', exp: 4e9 })}.${alg === 'none' ? '' : 'AAAA'}`;
};
async function token(role) {
	const r = await d.api('POST', '/api-tokens', { name: `m-${++last}`, role });
	secrets.set(r.json.token, 'an API token');
	return { ...r.json, header: { Authorization: `Bearer ${r.json.token}` } };
}
async function price(from, document) {
	const { header } = await token('admin');
	return request(from, 'PUT', '/api/v1/price-series/day-ahead', header, JSON.stringify({ format: 'entsoe', document }));
}

/** A station that is let in and then says this; the code that closes it. */
async function says(from, ...texts) {
	const s = new Station(d, await register(d, `SAYS-${++last}`), { localAddress: from });
	await s.connect();
	await s.boot();
	for (const t of texts) s.text(t);
	return (await s.closed).code;
}

const attempts = {
	'an identity of 49 characters': upgrade(`/ocpp/${'L'.repeat(49)}`, { Authorization: basic('L'.repeat(49)) }),
	'a NUL behind the identity, escaped': upgrade('/ocpp/GATE-1%00'),
	'a slash in the identity, escaped': upgrade('/ocpp/GATE-1%2F'),
	'an identity that is escaped twice': upgrade('/ocpp/%2547ATE-1'),
	'an escape that is cut off': upgrade('/ocpp/GATE-1%4'),
	'a letter beyond ASCII in the identity': upgrade('/ocpp/%C3%A9'),
	'a path with dots': upgrade('/ocpp/../ocpp/GATE-1'),
	'two identities': upgrade('/ocpp/GATE-1/GATE-2'),
	'an identity that nobody registered': upgrade('/ocpp/NOBODY', { Authorization: basic('NOBODY') }),

	"another station's user name and password": password(basic('GATE-2')),
	'a wrong password': password(basic('GATE-1', 'wrong-but-long-enough')),
	'no password': password(undefined),
	'the right password and a NUL behind it': password(basic('GATE-1', `${PASSWORD}\0`)),
	'a bearer token for a password': password('Bearer abc'),
	'two Authorization headers, the second one right': headed(`Authorization: ${basic('GATE-2')}`),

	'a header line that ends in LF alone': headed('X: a\nAuthorization: x'),
	'a blank before the colon of a header': headed('X : a'),
	'a folded header': headed('X: a\r\n folded'),
	'a NUL in a header': headed('X: a\0b'),
	'a body behind a request to upgrade': headed('Content-Length: 6'),
	'a chunked body behind a request to upgrade': headed('Transfer-Encoding: chunked'),
	'two WebSocket keys': headed('Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='),
	'HTTP/2 in the first line': (from) => station(from, upgradeHead('GATE-1').replace('HTTP/1.1', 'HTTP/2.0')),
	'content-length and transfer-encoding': (from) => raw(from, 'Host: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
	'two different content-lengths': (from) => raw(from, 'Host: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n', '12345'),
	'a chunk of more than 64 bits': (from) => raw(from, 'Host: localhost\r\nTransfer-Encoding: chunked\r\n', '10000000000000000\r\nx'),
	'no host': (from) => raw(from, ''),

	'TLS 1.1': oldTls({ ciphers: 'ALL:@SECLEVEL=0', minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' }),
	'a suite without authentication of data (CBC)': oldTls({ ciphers: 'ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0', maxVersion: 'TLSv1.2' }),
	'a suite without encryption': oldTls({ ciphers: 'NULL-SHA256:@SECLEVEL=0', maxVersion: 'TLSv1.2' }),
	'a curve of 192 bits alone': oldTls({ ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0', ecdhCurve: 'prime192v1', maxVersion: 'TLSv1.2' }),

	'a one-time link, replayed': async (from) => request(from, 'POST', '/api/v1/sign-in', {}, JSON.stringify({ code: (await session('viewer')).code })),
	'a one-time link that was never made': (from) => request(from, 'POST', '/api/v1/sign-in', {}, JSON.stringify({ code: 'A'.repeat(43) })),
	"a viewer's cookie, for a change": (from) => change(from, people.viewer.page),
	"a cookie that was stolen, without its session's token": (from) => change(from, { ...people.admin.page, 'X-CSRF-Token': '' }),
	"a cookie and the token of another role's session": (from) => change(from, { ...people.admin.page, 'X-CSRF-Token': people.viewer.csrf }),
	'a cookie of a session that was signed out': async (from) => {
		const s = await session('admin');
		assert.equal((await d.https('POST', '/sign-out', {}, s.page)).status, 200);
		return change(from, { ...s.page });
	},
	'a change from a page of another site': (from) => change(from, { ...people.admin.page, Origin: 'https://evil.example' }),
	'a change from no site at all (origin: null)': (from) => change(from, { ...people.admin.page, Origin: 'null' }),
	'a change across sites, by fetch metadata': (from) => change(from, { ...people.admin.page, Origin: '', 'Sec-Fetch-Site': 'cross-site' }),
	'a sign-in from a page of another site': (from) => request(from, 'POST', '/api/v1/sign-in', { Origin: 'https://evil.example' }, '{"code":"x"}'),
	'a JWT with alg none for an API token': (from) => change(from, { Authorization: jwt('none') }),
	'a JWT with alg HS256 for an API token': (from) => change(from, { Authorization: jwt('HS256') }),
	'an API token that was revoked': async (from) => {
		const t = await token('admin');
		assert.equal((await d.api('DELETE', `/api-tokens/${t.id}`)).status, 200);
		return change(from, t.header);
	},
	'an API token whose role may not': async (from) => change(from, (await token('viewer')).header),
	'no sign-in at all': (from) => request(from, 'GET', '/api/v1/audit'),

	'dots in the path of the console': (from) => request(from, 'GET', '/assets/../../data/pki/root.key'),
	'dots in the path of a page': (from) => request(from, 'GET', '/../../../etc/passwd'),
	'dots, escaped, in the path of the API': async (from) => request(from, 'GET', '/api/v1/%2e%2e/%2e%2e/depot.db', (await token('viewer')).header),
	'dots in the path of firmware': (from) => request(from, 'GET', '/files/out/../../pki/root.key'),
	'dots, escaped, in the path of an upload of logs': (from) => request(from, 'PUT', '/files/in/..%2f..%2fdepotd.yaml', {}, 'x'),
	'a NUL in a path': (from) => request(from, 'GET', '/assets/none%00.js'),
	'prices in XML that name an entity outside (XXE)': (from) => price(from, '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'),
	'prices in XML whose entities double': (from) => price(from, `<!DOCTYPE x [<!ENTITY a0 "lol">${Array.from({ length: 30 },
		(_, i) => `<!ENTITY a${i + 1} "&a${i};&a${i};">`).join('')}]><x>&a30;</x>`),
	'prices in XML with a DTD elsewhere': (from) => price(from, '<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><x/>'),

	'a TLS handshake that never ends': async (from) => {
		const t = new Peer(d.ports.profile2, from).send(Buffer.from('1603010200010001fc0303', 'hex'));
		await t.gone;
		return 'closed';
	},
	'headers, a byte at a time': async (from) => {
		const t = new Peer(d.ports.profile1, from), head = upgradeHead('GATE-1');
		let at = 0;
		const drip = setInterval(() => t.send(head[at++]), 100);
		await t.gone;
		clearInterval(drip);
		assert.ok(at < head.length);
		return 'closed';
	},
	'a body that never ends': async (from) => request(from, 'PUT', '/api/v1/stations/GATE-1', { ...(await token('admin')).header, 'Content-Type': 'application/json', 'Content-Length': 900 }),
	'a header of 70 kB': (from) => request(from, 'GET', `/${'x'.repeat(70000)}`),
	'a body that is too long': async (from) => request(from, 'PUT', '/api/v1/stations/GATE-1', (await token('admin')).header, `"${'x'.repeat(LIMITS.max_body)}"`),
	'more connections than one address may have': async (from) => {
		const open = [];
		for (let i = 0; i < LIMITS.max_per_address; i++) open.push(await new Peer(d.ports.profile1, from).open);
		const t = await new Peer(d.ports.profile1, from).open;
		await t.gone;
		assert.ok(open.every((o) => !o.ended), 'those before it stay');
		for (const o of open) o.destroy();
		return 'closed';
	},
	'an address that connects without end': async (from) => {
		const before = await reached('address-rate');
		for (let i = 0; i < 500; i++) {
			const t = new Peer(d.ports.profile1, from);
			t.open.then(() => t.socket.end(), () => {});
			await t.gone; /* depotd has seen the end, or made it */
			if (i > 9 * LIMITS.address_connects_per_s && (await reached('address-rate')) > before) return 'closed';
		}
		return 'served';
	},
	'more event streams than there may be': async (from) => {
		const { header } = await token('viewer');
		const open = [];
		for (let i = 0; i < LIMITS.max_streams; i++) open.push(await stream(header));
		const status = await request(from, 'GET', '/api/v1/stream', header);
		for (const s of open) s.destroy();
		return status;
	},
	'a message of a station that is too long': (from) => says(from, `[2,"1","Heartbeat",{"x":"${'y'.repeat(9000)}"}]`),
	'broken messages without end': (from) => says(from, ...Array(60).fill('rubbish')),
	'wrong API tokens without end': async (from) => {
		for (let i = 0; i < LIMITS.auth_failures_per_min; i++) assert.equal(await change(from, { Authorization: `Bearer dt_${i}` }), 401);
		return change(from, { Authorization: 'Bearer dt_more' });
	},
};

/** An open stream of events, from this machine's usual address. */
function stream(header) {
	return new Promise((ok, bad) => {
		const s = tls.connect({ host: '127.0.0.1', port: d.ports.console, servername: 'localhost', ca: readFileSync(d.root()) });
		s.on('secureConnect', () => s.write(`GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${header.Authorization}\r\n\r\n`));
		s.once('data', () => ok(s));
		s.on('error', bad);
	});
}

const reached = async (limit) => {
	const m = new RegExp(`^depotd_limits_reached_total\\{limit="${limit}"\\} (\\d+)$`, 'm').exec((await d.api('GET', '/metrics')).text);
	assert.ok(m, `${limit} is counted`);
	return Number(m[1]);
};
const lines = async (from) => (await d.api('GET', '/audit?refused=1&limit=1000')).json.rows.filter((r) => (r.payload.peer ?? r.peer) === from);

before(async () => {
	const limits = Object.entries(LIMITS).map(([k, v]) => `${k}: ${v}`).join(', ');
	d = await new Depotd({ depot, config: `limits: {${limits}}\n` }).start();
	for (const id of ['GATE-1', 'GATE-2']) await register(d, id);
	people = { viewer: await session('viewer'), admin: await session('admin') };
	calm = await beat(d, 'CALM-1');
});
after(async () => {
	await calm?.stop();
	await d?.clean();
});

const rows = matrix.filter((r) => !r.file);

describe('hostile attempts', { concurrency: 8 }, () => {
	for (const row of rows)
		test(`${row.threat}: ${row.attempt} gets ${row.expects}, and one line of the audit`, async () => {
			const from = place();
			const before = row.limit && (await reached(row.limit));
			assert.equal(await attempts[row.attempt](from), row.expects);
			const expected = row.limit === 'sign-in' ? LIMITS.auth_failures_per_min + 1 : 1;
			const told = await until('its line', async () => {
				const all = await lines(from);
				return all.length >= expected && all.some((l) => l.type === row.line && row.why.test(l.why ?? '')) && all;
			});
			assert.equal(told.length, expected, JSON.stringify(told));
			if (row.limit) assert.ok((await reached(row.limit)) > before, `${row.limit} is counted`);
		});
});

test('all the while others are served: a station its heartbeats, a person the API', async () => {
	assert.equal((await d.https('GET', '/overview', undefined, { cookie: people.viewer.cookie })).status, 200);
	const s = await booted(d, 'CALM-2');
	await s.call('Heartbeat', {});
	await s.close();
	const took = await calm.stop();
	calm = null;
	console.log(`# ${took.length} heartbeats, the longest ${Math.max(...took).toFixed(0)} ms`);
	assert.ok(took.length > 100 && Math.max(...took) < 5000);
	assert.deepEqual((await d.api('GET', '/stations/GATE-1')).json.policy, 'accepted', 'no change came through');
});

test('the matrix: all of it runs, it is long enough, and docs/security.md shows it', () => {
	assert.deepEqual(rows.map((r) => r.attempt).sort(), Object.keys(attempts).sort());
	assert.equal(new Set(matrix.map((r) => `${r.file} ${r.attempt}`)).size, matrix.length, 'each stands there once');
	assert.ok(matrix.length >= 60, `${matrix.length} attempts`);
	const steps = readFileSync('tests/steps', 'utf8');
	for (const r of matrix.filter((x) => x.file)) {
		const text = readFileSync(r.file, 'utf8');
		assert.ok(text.includes(r.test), `${r.file} has a test "${r.test}"`);
		/* Names that profile3.test.mjs puts together, and those of files with claims(), are checked there. */
		assert.ok(text.replaceAll('"', "'").includes(`claims('${r.file}')`) || text.includes(r.words) || text.includes('all that the matrix claims'), `${r.file} tries ${r.words}`);
		if (r.file.endsWith('.test.mjs')) assert.ok(steps.includes(r.file) || r.file.startsWith('tests/console/'), `${r.file} is run`);
	}
	const docs = 'docs/security.md', text = readFileSync(docs, 'utf8');
	const [head, foot] = ['<!-- the matrix, made from tests/e2e/matrix.mjs by UPDATE_DOCS=1 -->\n', '<!-- end of the matrix -->\n'];
	const at = text.indexOf(head), end = text.indexOf(foot);
	assert.ok(at >= 0 && end > at, 'the marks in docs/security.md');
	const made = text.slice(0, at) + head + markdown() + text.slice(end);
	if (process.env.UPDATE_DOCS) writeFileSync(docs, made);
	else assert.ok(made === text, 'docs/security.md is behind: UPDATE_DOCS=1 node --test tests/e2e/matrix.test.mjs');
});

// --- SQL in every string ---------------------------------------------------------------------------

const SQL = ["x'; DROP TABLE journal; --", "' OR '1'='1", '") UNION SELECT hash FROM journal --'];

/** The structs of schemas/api.schema: name → fields { name, type, isOptional, isList }. */
function structs() {
	const all = new Map();
	let fields;
	for (const line of readFileSync('schemas/api.schema', 'utf8').split('\n')) {
		const head = /^(struct|enum) (\w+)/.exec(line), field = /^\t(\w+)(\?)?(\[[^\]]*\])?(\?)? +(\w+)([^-]*)/.exec(line);
		if (head) all.set(head[2], (fields = Object.assign([], { isEnum: head[1] === 'enum' })));
		else if (fields?.isEnum && /^\t\w/.test(line)) fields.push(line.trim().split(' ')[0]);
		else if (field) fields.push({ name: field[1], isOptional: Boolean(field[2] ?? field[4]), isList: Boolean(field[3]), type: field[5], rest: field[6] });
	}
	return all;
}

/** All places of strings in a body of that type: functions that make a body with `sql` there. */
function bodies(all, type, depth = 0) {
	const fields = all.get(type) ?? [], out = [];
	const plain = (f) => {
		const own = all.get(f.type);
		const one = own?.isEnum ? own[0] : own ? whole(f.type, depth + 1) : { string: 'xxxxxxxxxxxxxxxx', ident: 'x', int: 1, int64: 1, number: 1, bool: true, datetime: '2026-01-01T00:00:00Z' }[f.type] ?? {};
		return f.isList ? [one] : one;
	};
	const whole = (t, at) => (at > 4 ? {} : Object.fromEntries((all.get(t) ?? []).filter((f) => !f.isOptional).map((f) => [f.name, plain(f)])));
	const base = () => whole(type, depth);
	for (const f of fields) {
		if (f.type === 'string' || f.type === 'ident' || all.get(f.type)?.isEnum || f.type === 'datetime')
			out.push({ at: f.name, make: (sql) => ({ ...base(), [f.name]: f.isList ? [sql] : sql }) });
		else if (all.has(f.type) && depth < 3)
			for (const inner of bodies(all, f.type, depth + 1))
				out.push({ at: `${f.name}.${inner.at}`, make: (sql) => ({ ...base(), [f.name]: f.isList ? [inner.make(sql)] : inner.make(sql) }) });
	}
	return out;
}

test('SQL in every string of every path, query and body of the API is text: no 5xx, and the store is as it was', async () => {
	const types = structs();
	const { routes } = (await d.api('GET', '/api/v1')).json;
	const rows = [...readFileSync('csms/api/routes.c', 'utf8').matchAll(/\{"(\w+)", V1 "?([^"]*)"?, "([^"]*)"/g)];
	const queries = new Map(rows.map((m) => [`${m[1]} /api/v1${m[2]}`, m[3].split(' ').filter(Boolean)]));
	const NOT = /backup|\/stream$|restart|wire\/export|journal\/export/; // what writes elsewhere, or does not end
	const bad = [];
	let count = 0;
	const tryIt = async (method, path, body) => {
		count++;
		const r = await d.api(method, path, body).catch((e) => ({ status: 599, text: e.message }));
		if (r.status >= 500 && r.status !== 503 && r.status !== 504) bad.push(`${method} ${path} ${JSON.stringify(body)}: ${r.status} ${r.text}`);
		if (/SQL|syntax error|no such (table|column)|unrecognized token/.test(r.text) && !/DROP|UNION/.test(r.text)) bad.push(`${method} ${path}: ${r.text}`);
	};
	const before = (await d.api('GET', '/journal?limit=1')).json.events[0].seq;
	for (const { method, path, request: type } of routes.filter((r) => !NOT.test(r.path))) {
		const params = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
		const filled = (name, sql) => path.replace(/\{(\w+)\}/g, (_, p) => (p === name ? encodeURIComponent(sql) : p === 'type' ? 'ISO14443' : 'GATE-1'));
		const empty = type ? {} : undefined;
		for (const p of params) await tryIt(method, filled(p, SQL[count % SQL.length]), method === 'GET' ? undefined : empty ?? {});
		for (const q of queries.get(`${method} ${path}`) ?? [])
			await tryIt(method, `${filled()}?${q}=${encodeURIComponent(SQL[count % SQL.length])}`, method === 'GET' ? undefined : empty ?? {});
		for (const b of type ? bodies(types, type) : []) await tryIt(method, filled(), b.make(SQL[count % SQL.length]));
	}
	console.log(`# ${count} requests with SQL in one string each`);
	assert.deepEqual(bad, []);
	assert.ok(count > 350, `${count} strings`);
	assert.ok((await d.api('GET', '/journal?limit=1')).json.events[0].seq >= before, 'the journal is there');
	const check = spawnSync(join(BUILD, 'depotctl'), ['verify', '--data', d.data], { encoding: 'utf8' });
	assert.equal(check.status, 0, check.stdout + check.stderr);
});

// --- secrets -----------------------------------------------------------------------------------------

test('no secret of all that were used stands in the log, the journal, the wire log or a backup', async () => {
	/* What depotd gives stations and people, and its keys, beside what the attempts above used. */
	const s = await booted(d, 'SECRET-1', { handlers: { SetVariables: ({ setVariableData }) => {
		for (const v of setVariableData.filter((x) => x.variable.name === 'BasicAuthPassword')) secrets.set(v.attributeValue, 'a password that depotd made');
		return { setVariableResult: setVariableData.map((v) => ({ ...v, attributeStatus: 'Accepted', attributeValue: undefined })) };
	} } });
	const job = (await d.api('POST', '/password-rotation', { stations: ['SECRET-1'] })).json.id;
	await until('a new password', async () => (await d.api('GET', `/jobs/${job}`)).json.done === 1);
	await s.close();
	const backup = join(d.dir, 'backup');
	assert.equal((await d.api('POST', '/backup', { dir: backup })).status, 200);
	await d.stop();
	const files = (dir) => readdirSync(dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => join(e.parentPath ?? e.path, e.name));
	const isKey = (f) => /PRIVATE KEY-----/.test(readFileSync(f, 'latin1'));
	const keys = files(d.data).filter(isKey);
	assert.ok(keys.length >= 3, 'its keys are there');
	for (const f of keys) {
		assert.equal(statSync(f).mode & 0o077, 0, `${f} is for depotd alone`);
		secrets.set(readFileSync(f, 'latin1').split('\n')[1], `the key in ${f}`);
	}
	assert.ok([...secrets.values()].some((what) => /depotd made/.test(what)) && secrets.size > 20, `${secrets.size} secrets`);
	const places = [d.log, ...files(d.data).filter((f) => !isKey(f)), ...files(backup)];
	assert.ok(places.some((f) => /wire\.db/.test(f)) && places.some((f) => /backup.depot\.db/.test(f)));
	for (const f of places) {
		const bytes = readFileSync(f);
		for (const [secret, what] of secrets) assert.ok(!bytes.includes(secret), `${what} stands in ${f}`);
	}
});
