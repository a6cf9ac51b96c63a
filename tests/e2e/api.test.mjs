// The HTTP API from outside: nothing open without sign-in, roles, problems that name the field, the
// stream, the life of a station, calls to it, and requests that mean no good.
import test, { after, before, describe } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import https from 'node:https';
import tls from 'node:tls';
import { BUILD, Depotd, sleep, until } from './harness.mjs';
import { PASSWORD, Station, booted, register } from './peer.mjs';
import { held, stream as openStream } from './stream.mjs';

const depot = `
depot: api
name: "API test <b>&amp;"
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 60000}
  - {id: feeder, kind: feeder, parent: site, limit_w: 20000}
vehicles:
  - {id: VAN-1, token: AABBCCDD, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 80000, min_w: 1380, need_wh: 20000, departs: "06:00"}
`;
/* Path and answer to one who brings nothing. */
const OPEN = { '/livez': { GET: 200 }, '/readyz': { GET: 200 }, '/sign-in': { POST: 400 }, '/sign-in/with': { GET: 200 }, '/sign-in/with/{id}': { POST: 404, GET: 400 } };
const ROLES = ['viewer', 'operator', 'dispatcher', 'electrician', 'energy_manager', 'admin'];

let depotd, routes;
const bearer = {}; // by role
const as = (role) => ({ authorization: `Bearer ${bearer[role]}` });

before(async () => {
	depotd = await new Depotd({ depot, config: 'limits: {max_body: 65536, auth_failures_per_min: 200}\n' }).start();
	for (const role of ROLES) {
		const r = await depotd.api('POST', '/api-tokens', { name: `the ${role}`, role });
		assert.equal(r.status, 200, r.text);
		bearer[role] = r.json.token;
	}
	routes = (await depotd.api('GET', '/api/v1')).json.routes;
});

after(() => depotd?.clean());

/** Status and head of an answer, over HTTPS, of a path exactly as written; its body when it ends. */
function head(method, path, headers = {}, body) {
	return new Promise((ok, bad) => {
		const req = https.request({
			host: '127.0.0.1', port: depotd.ports.console, servername: 'localhost', ca: readFileSync(depotd.root()),
			method, path, agent: false, headers: { host: `localhost:${depotd.ports.console}`, ...headers },
		}, (res) => {
			let text = '';
			res.on('data', (d) => (text += d));
			const done = () => ok({ status: res.statusCode, headers: res.headers, text });
			if (!/event-stream/.test(res.headers['content-type'])) return res.on('end', done);
			done();
			req.destroy();
		});
		req.on('error', bad);
		req.end(body);
	});
}

/** Bytes to the console's port over TLS; all that comes back until it closes or `ms` pass. */
function bytes(text, ms = 5000, isEnough = () => false) {
	return new Promise((ok, bad) => {
		let got = '';
		const s = tls.connect({ host: '127.0.0.1', port: depotd.ports.console, servername: 'localhost', ca: readFileSync(depotd.root()) });
		const done = () => (s.destroy(), ok(got));
		s.on('secureConnect', () => s.write(text));
		s.on('data', (d) => ((got += d), isEnough(got) && done()));
		s.on('close', done);
		s.on('error', (e) => (got ? done() : bad(e)));
		setTimeout(done, ms).unref();
	});
}

const problem = (r, status, path) => {
	assert.equal(r.status, status, `${r.status} ${r.text}`);
	assert.match(r.headers['content-type'], /^application\/problem\+json/);
	const p = r.json ?? JSON.parse(r.text);
	assert.equal(p.status, status);
	assert.ok(p.title && p.detail, r.text);
	assert.equal(p.path, path, r.text);
	return p;
};
const filled = (path) => path.replace('{type}', 'ISO14443').replace(/\{\w+\}/g, 'nothing-there');

describe('who may ask', () => {
	test('nothing is open without sign-in but health, the sign-in and the page', async () => {
		assert.ok(routes.length > 30);
		for (const r of routes) {
			const open = OPEN[r.path.replace('/api/v1', '')]?.[r.method];
			assert.equal(r.roles.includes('nobody'), open !== undefined, r.path);
			const a = await head(r.method, filled(r.path), { 'content-type': 'application/json' }, r.request && '{}');
			if (open === undefined) {
				problem(a, 401);
				assert.equal(a.headers['www-authenticate'], 'Bearer');
			} else assert.equal(a.status, open, r.path);
		}
		assert.equal((await head('HEAD', '/api/v1/stations')).status, 401);
		assert.equal((await head('GET', '/metrics')).status, 401);
	});

	test('each role may do what its routes say, and no more', async () => {
		for (const r of routes.filter((x) => !x.roles.includes('nobody')))
			for (const role of ROLES) {
				const a = await head(r.method, filled(r.path), { ...as(role), 'content-type': 'application/json' }, r.request && '{"x":1}');
				if (!r.roles.includes(role)) {
					const p = problem(a, 403);
					for (const other of r.roles) assert.match(p.detail, new RegExp(`this needs the role .*\\b${other}\\b.*;`));
				} else assert.ok(![401, 403, 500].includes(a.status), `${role} ${r.method} ${r.path}: ${a.status} ${a.text}`);
			}
	});

	test('a sign-in link works once; the second time the message says what to do', async () => {
		const link = (await depotd.api('POST', '/links', { name: 'anna', role: 'operator' })).json;
		assert.match(link.url, new RegExp(`^https://localhost:\\d+/#sign-in=${link.code}$`));
		assert.ok(Date.parse(link.expires) - Date.now() <= 600e3);
		const a = await depotd.https('POST', '/sign-in', { code: link.code });
		assert.equal(a.status, 200, a.text);
		assert.deepEqual([a.json.name, a.json.role], ['anna', 'operator']);
		const [cookie] = a.headers['set-cookie'];
		for (const part of ['__Host-sid=', 'Secure', 'HttpOnly', 'SameSite=Strict', 'Path=/']) assert.ok(cookie.includes(part), cookie);
		assert.match(problem(await depotd.https('POST', '/sign-in', { code: link.code }), 401).detail, /used.*depotctl link/);
		problem(await depotd.https('POST', '/sign-in', { code: 'x'.repeat(40) }), 401);
		problem(await depotd.https('POST', '/sign-in', { code: 'short' }), 400, 'code');
		problem(await depotd.https('POST', '/sign-in', {}), 400, 'code');
	});

	test('a session changes nothing without its token and from another site', async () => {
		const { code } = (await depotd.api('POST', '/links', { name: 'bob', role: 'admin' })).json;
		const a = await depotd.https('POST', '/sign-in', { code });
		const cookie = a.headers['set-cookie'][0].split(';')[0];
		const origin = `https://localhost:${depotd.ports.console}`, csrf = a.json.csrf;
		const put = (headers) => depotd.https('PUT', '/tokens/Central/csrf', {}, { cookie, ...headers });
		assert.equal((await depotd.https('GET', '/session', undefined, { cookie })).json.csrf, csrf);
		problem(await put({}), 403);
		problem(await put({ origin }), 403);
		problem(await put({ 'x-csrf-token': csrf }), 403);
		problem(await put({ origin, 'x-csrf-token': `${csrf}x` }), 403);
		problem(await put({ origin: 'https://evil.example', 'x-csrf-token': csrf }), 403);
		problem(await put({ origin: 'null', 'x-csrf-token': csrf }), 403);
		problem(await put({ origin: `${origin}.evil.example`, 'x-csrf-token': csrf }), 403);
		problem(await put({ 'sec-fetch-site': 'cross-site', 'x-csrf-token': csrf }), 403);
		assert.equal((await put({ origin, 'x-csrf-token': csrf })).status, 200);
		assert.equal((await put({ 'sec-fetch-site': 'same-origin', 'x-csrf-token': csrf })).status, 200);
		problem(await depotd.https('PUT', '/tokens/Central/csrf', '{}', { cookie, origin, 'x-csrf-token': csrf, 'content-type': 'text/plain' }), 415);
		problem(await depotd.https('POST', '/sign-in', { code: 'x'.repeat(40) }, { origin: 'https://evil.example' }), 403);
		assert.equal((await depotd.https('POST', '/sign-out', undefined, { cookie, origin, 'x-csrf-token': csrf })).status, 200);
		problem(await depotd.https('GET', '/session', undefined, { cookie }), 401);
		for (const bad of ['__Host-sid=', '__Host-sid=x', 'x=y', `__Host-sid=${'z'.repeat(9000)}`, ';;;=;'])
			assert.ok([401, 431].includes((await depotd.https('GET', '/session', undefined, { cookie: bad })).status), bad.slice(0, 30));
	});

	test('an API token is shown once, survives a restart, and is dead when revoked', async () => {
		const made = (await depotd.api('POST', '/api-tokens', { name: 'nightly', role: 'viewer', days: 1 })).json;
		const use = () => depotd.https('GET', '/tree', undefined, { authorization: `Bearer ${made.token}` });
		assert.match(made.token, /^dt_/);
		assert.equal((await use()).status, 200);
		const list = await depotd.api('GET', '/api-tokens');
		assert.ok(list.json.tokens.some((t) => t.id === made.id));
		assert.doesNotMatch(list.text, /dt_/);
		const journal = await depotd.api('GET', '/journal?limit=1000');
		assert.ok(journal.json.events.some((e) => e.type === 'ApiTokenMade'));
		assert.doesNotMatch(journal.text, new RegExp(made.token));
		await depotd.stop();
		await depotd.start();
		assert.equal((await use()).status, 200);
		assert.equal((await depotd.api('DELETE', `/api-tokens/${made.id}`)).status, 200);
		problem(await use(), 401);
		problem(await depotd.api('DELETE', `/api-tokens/${made.id}`), 404);
		await depotd.stop();
		await depotd.start();
		problem(await use(), 401);
		assert.equal((await depotd.https('GET', '/tree', undefined, as('viewer'))).status, 200);
		for (const [body, path] of [[{}, 'name'], [{ name: 'x', role: 'king' }, 'role'], [{ name: 'x', days: 0 }, 'days'], [{ name: 'a/b' }, 'name'], [{ name: 'a\nb' }, 'name']])
			problem(await depotd.api('POST', '/api-tokens', body), 400, path);
	});
});

describe('problems', () => {
	const evse = { id: 1, kind: 'ac', max_w: 22000 };
	const long = 'x'.repeat(101);
	// method, path, body, status, field
	const table = [
		['GET', '/nothing', undefined, 404],
		['GET', '/api/v2/stations', undefined, 404],
		['GET', '/stations/nobody', undefined, 404],
		['GET', '/stations/%zz', undefined, 400],
		['GET', '/stations/%00', undefined, 400],
		['GET', '/stations/%ff', undefined, 400],
		['GET', '/tokens/ISO14443/nobody', undefined, 404],
		['GET', '/transactions/nobody/nothing', undefined, 404],
		['PATCH', '/stations/X', {}, 405],
		['DELETE', '/stations', undefined, 405],
		['PUT', '/tree', {}, 405],
		['GET', '/stations?colour=red', undefined, 400],
		['GET', '/transactions?limit=-1', undefined, 400, 'limit'],
		['GET', '/transactions?limit=1e3', undefined, 400, 'limit'],
		['GET', '/transactions?limit=99999999999999999999', undefined, 400, 'limit'],
		['GET', '/transactions?limit=5&limit=6', undefined, 400],
		['GET', '/transactions?from=yesterday', undefined, 400, 'from'],
		['GET', '/transactions?state=burning', undefined, 400, 'state'],
		['GET', '/journal?order=random', undefined, 400, 'order'],
		['GET', '/journal?after=x', undefined, 400, 'after'],
		['GET', '/power?step=0', undefined, 400, 'step'],
		['PUT', '/stations/X', '{"evses":', 400, ''],
		['PUT', '/stations/X', 'not json', 400, ''],
		['PUT', '/stations/X', '[]', 400, ''],
		['PUT', '/stations/X', '{} {}', 400, ''],
		['PUT', '/stations/X', '{"name":"\\ud800"}', 400, ''],
		['PUT', '/stations/X', `${'['.repeat(30000)}`, 400, ''],
		['PUT', '/stations/X', { evses: [{ ...evse, max_w: 'much' }] }, 400, 'evses[0].max_w'],
		['PUT', '/stations/X', { evses: [{ ...evse, max_w: -1 }] }, 400, 'evses[0].max_w'],
		['PUT', '/stations/X', { evses: [{ ...evse, max_w: 1e300 }] }, 400, 'evses[0].max_w'],
		['PUT', '/stations/X', { evses: [evse, { ...evse, id: 7 }] }, 400, 'evses[1].id'],
		['PUT', '/stations/X', { evses: [{ ...evse, min_w: 30000 }] }, 400, 'evses[0].min_w'],
		['PUT', '/stations/X', { evses: [{ ...evse, kind: 'steam' }] }, 400, 'evses[0].kind'],
		['PUT', '/stations/X', { evses: [] }, 400, 'evses'],
		['PUT', '/stations/X', { evses: [{ ...evse, connectors: 1634030126 }] }, 400, 'evses[0].connectors'],
		['PUT', '/stations/X', { evses: [evse], colour: 'red' }, 400, 'colour'],
		['PUT', '/stations/X', { evses: [evse], name: long }, 400, 'name'],
		['PUT', '/stations/X', { evses: [evse], password: 'short' }, 400, 'password'],
		['PUT', '/stations/X', { evses: [evse], policy: 'perhaps' }, 400, 'policy'],
		['PUT', '/stations/X', {}, 400, 'evses'],
		['PUT', '/tokens/Card/1', {}, 400, 'type'],
		['PUT', `/tokens/Central/${'x'.repeat(37)}`, {}, 400, 'value'],
		['PUT', '/tokens/Central/1', { expires: 'soon' }, 400, 'expires'],
		['POST', '/backup', {}, 400, 'dir'],
		['POST', '/backup', { dir: 'relative' }, 400, 'dir'],
		['PUT', '/stations/X', { evses: [evse], node: 'nowhere' }, 422],
		['PUT', `/stations/${'x'.repeat(49)}`, { evses: [evse] }, 422],
		['PUT', '/stations/a%20b', { evses: [evse] }, 422],
		['PUT', '/stations/a:b', { evses: [evse] }, 422],
		['PUT', '/stations/a:b', {}, 422], // the identity is told first
		['PUT', '/stations/%2E%2E', { evses: [evse] }, 422],
		['PUT', '/stations/...', { evses: [evse] }, 422],
		['PUT', '/stations/a%2Fb', { evses: [evse] }, 422],
		['PUT', '/tokens/Central/1', { vehicle: 'no such van' }, 422],
		['PUT', '/tokens/Central/1', { status: 'Fine' }, 422],
		['POST', '/backup', { dir: '/proc/none' }, 422, 'dir'],
	];
	for (const [method, path, body, status, field] of table)
		test(`${method} ${path.slice(0, 50)} ${(typeof body === 'string' ? body : JSON.stringify(body) ?? '').slice(0, 60)} is ${status}${field ? ` at ${field}` : ''}`, async () => {
			const r = await depotd.https(method, path, body, as('admin'));
			problem(r, status, field || undefined);
			if (status === 405) assert.match(r.headers.allow, /GET|PUT/);
			assert.equal((await depotd.api('GET', '/stations/X')).status, 404, 'nothing was made');
		});

	test('a body that is too long is 413, before all of it came', async () => {
		problem(await depotd.https('PUT', '/stations/X', `"${'x'.repeat(70000)}"`, as('admin')), 413);
		const got = await bytes(`PUT /api/v1/stations/X HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${bearer.admin}\r\nContent-Length: 99999999999999999999\r\n\r\n`);
		assert.match(got, /^HTTP\/1\.1 413 /);
	});

	test('requests made to be read twice are 400, and what follows them is not served', async () => {
		const auth = `Host: localhost\r\nAuthorization: Bearer ${bearer.viewer}\r\n`;
		const behind = `GET /api/v1/tree HTTP/1.1\r\n${auth}\r\n`;
		for (const lines of ['Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', 'Content-Length: 5\r\nContent-Length: 6\r\n', 'Content-Length: +5\r\n',
			'Content-Length: 0x5\r\n', 'Content-Length: 5, 5\r\n', 'Content-Length: -1\r\n', 'Content-Length : 5\r\n', ' Content-Length: 5\r\n', 'X: a\nContent-Length: 5\r\n']) {
			const got = await bytes(`POST /api/v1/sign-out HTTP/1.1\r\n${auth}${lines}\r\n0\r\n\r\n${behind}`);
			assert.match(got, /^HTTP\/1\.1 400 /, lines);
			assert.equal(got.match(/HTTP\/1\.1 /g).length, 1, lines);
		}
		assert.match(await bytes(`GET /api/v1/tree HTTP/1.1\r\n${auth}Transfer-Encoding: gzip, chunked\r\n\r\n`), /^HTTP\/1\.1 501 /);
		assert.match(await bytes('GET /api/v1/tree HTTP/3.0\r\n\r\n'), /^HTTP\/1\.1 505 /);
		const long = await bytes(`GET /${'x'.repeat(70000)} HTTP/1.1\r\n\r\n`);
		assert.match(long, /^HTTP\/1\.1 431 [^]*content-type: application\/problem\+json\r\n/);
		const p = JSON.parse(long.slice(long.indexOf('\r\n\r\n')));
		assert.deepEqual([p.type, p.title, p.status], ['about:blank', 'Request Header Fields Too Large', 431]);
		assert.match(p.detail, /shorten/);
		assert.match(await bytes('\x00\x01\x02\r\n\r\n'), /^HTTP\/1\.1 400 /);
	});

	test('chunked bodies and several requests in one packet are served in order', async () => {
		const auth = `Host: localhost\r\nAuthorization: Bearer ${bearer.admin}\r\n`;
		const got = await bytes(`PUT /api/v1/tokens/Central/chunky HTTP/1.1\r\n${auth}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n` +
			`GET /api/v1/tokens/Central/chunky HTTP/1.1\r\n${auth}\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
		assert.deepEqual(got.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 200']);
		assert.match(got, /"value":"chunky"/);
		assert.match(await bytes(`PUT /api/v1/tokens/Central/c2 HTTP/1.1\r\n${auth}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`), /^HTTP\/1\.1 400 /);
	});

	test('after some wrong tokens an address waits; the right token still works', async () => {
		const d = await new Depotd({ depot, config: 'limits: {auth_failures_per_min: 5}\n' }).start();
		try {
			const { token } = (await d.api('POST', '/api-tokens', { name: 'x', role: 'viewer' })).json;
			const statuses = [];
			for (let i = 0; i < 8; i++) statuses.push((await d.https('GET', '/tree', undefined, { authorization: `Bearer dt_${i}` })).status);
			assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
			assert.equal((await d.https('POST', '/sign-in', { code: 'x'.repeat(40) })).status, 429);
			assert.equal((await d.https('GET', '/tree', undefined, { authorization: `Bearer ${token}` })).status, 200);
		} finally {
			await d.clean();
		}
	});
});

describe('the page', () => {
	test('it is served without sign-in, with the headers that protect it', async () => {
		const r = await head('GET', '/');
		if (!existsSync(join(BUILD, 'console', 'index.html'))) return assert.equal(r.status, 404);
		assert.equal(r.status, 200);
		assert.match(r.headers['content-type'], /^text\/html/);
		assert.equal(r.headers['x-content-type-options'], 'nosniff');
		assert.match(r.headers['content-security-policy'], /default-src|script-src/);
		assert.doesNotMatch(r.headers['content-security-policy'], /unsafe-eval/);
		assert.equal((await head('HEAD', '/')).text, '');
		assert.equal((await head('POST', '/', {}, 'x')).status, 405);
	});

	test('no path leads out of its folder', async () => {
		const page = await head('GET', '/');
		for (const path of ['/../depotd.yaml', '/../data/depot.db', '/assets/../../data/pki/root.key', '/%2e%2e/depotd.yaml', '/..%2fdepotd.yaml', '/%2e%2e%2fdepotd.yaml',
			'/..\\depotd.yaml', '/assets/%2e%2e/%2e%2e/depotd.yaml', '//etc/passwd', '/etc/passwd', '/./../../../../../../etc/hostname', '/%00', '/index.html%00.js', '/.git/config',
			'/assets', '/assets/', `/${'../'.repeat(200)}etc/passwd`, '/file:///etc/passwd', '/~root/.profile', '/index.html/..', '/\xff']) {
			const r = await head('GET', encodeURI(path).replaceAll('%25', '%'));
			if (r.status === 200) assert.equal(r.text, page.text, `${path} is only the page`);
			else assert.ok([400, 404].includes(r.status), `${path}: ${r.status}`);
			assert.doesNotMatch(r.text, /root:|PRIVATE KEY|meter_maps|SQLite/);
		}
	});
});

const stream = (query = '', headers = as('viewer')) => openStream(depotd, query, headers);

describe('stations', () => {
	const evses = [{ id: 1, kind: 'ac', max_w: 22000, min_w: 1380, tail_w: 4140 }];

	test('PUT makes it, PUT changes only what it names, GET tells it, DELETE removes it', async () => {
		const full = { policy: 'pending', security_profile: 1, password: PASSWORD, node: 'feeder', name: 'Bay 1', evses };
		assert.equal((await depotd.https('PUT', '/stations/LIFE-1', full, as('admin'))).status, 200);
		assert.equal((await depotd.https('PUT', '/stations/LIFE-1', { policy: 'accepted' }, as('admin'))).status, 200);
		const check = async () => {
			const { json: s, text } = await depotd.https('GET', '/stations/life-1', undefined, as('viewer'));
			assert.deepEqual([s.id, s.policy, s.security_profile, s.node, s.name, s.has_password, s.connected, s.evses[0].tail_w],
				['LIFE-1', 'accepted', 1, 'feeder', 'Bay 1', true, false, 4140]);
			assert.doesNotMatch(text, /s1\$|Passw0rd/, 'neither password nor hash');
		};
		await check();
		await depotd.stop();
		await depotd.start();
		await check();
		const s = await new Station(depotd, 'LIFE-1').connect();
		await s.boot();
		const closed = s.closed;
		assert.equal((await depotd.https('DELETE', '/stations/LIFE-1', undefined, as('admin'))).status, 200);
		assert.equal((await closed).code, 1008);
		problem(await depotd.https('GET', '/stations/LIFE-1', undefined, as('viewer')), 404);
		problem(await depotd.https('DELETE', '/stations/LIFE-1', undefined, as('admin')), 404);
		await assert.rejects(new Station(depotd, 'LIFE-1').connect(), { status: 404 });
		const types = (await depotd.api('GET', '/journal?stream=station/LIFE-1&limit=1000')).json.events.map((e) => e.type);
		assert.equal(types[0], 'StationRegistered');
		assert.equal(types.filter((t) => t === 'StationRemoved').length, 1, 'its history stays');
	});

	test('a station whose safe tail fits no more is refused, and the node is named', async () => {
		const put = (id, tail_w, node = 'feeder') => depotd.https('PUT', `/stations/${id}`, { node, evses: [{ ...evses[0], tail_w }] }, as('admin'));
		assert.equal((await put('TAIL-1', 15000)).status, 200);
		const p = problem(await put('TAIL-2', 15000), 422);
		assert.match(p.detail, /feeder/);
		problem(await depotd.https('GET', '/stations/TAIL-2', undefined, as('viewer')), 404);
		assert.equal((await put('TAIL-2', 15000, 'site')).status, 200, 'it fits elsewhere');
		problem(await put('TAIL-2', 15000, 'feeder'), 422);
		assert.equal((await depotd.https('GET', '/stations/TAIL-2', undefined, as('viewer'))).json.node, 'site', 'stays where it was');
		for (const id of ['TAIL-1', 'TAIL-2']) assert.equal((await depotd.api('DELETE', `/stations/${id}`)).status, 200);
	});

	test('stations that fit one by one but not together: all at once, only those that fit get in', async () => {
		const put = (i) => depotd.api('PUT', `/stations/CROWD-${i}`, { node: 'feeder', evses: [{ ...evses[0], tail_w: 9000 }] });
		const all = await Promise.all(Array.from({ length: 6 }, (_, i) => put(i)));
		assert.deepEqual(all.map((r) => r.status).sort(), [200, 200, 422, 422, 422, 422]);
		await depotd.stop();
		await depotd.start();
		for (const [i, r] of all.entries()) assert.equal((await depotd.api('DELETE', `/stations/CROWD-${i}`)).status, r.status === 200 ? 200 : 404);
	});

	test('a new password ends the connection; the old one is dead', async () => {
		const s = await booted(depotd, 'PASS-1');
		assert.equal((await depotd.api('PUT', '/stations/PASS-1', { password: 'another-Good_Passw0rd' })).status, 200);
		assert.equal((await s.closed).code, 1008);
		await assert.rejects(new Station(depotd, 'PASS-1').connect(), { status: 401 });
		const t = await new Station(depotd, 'PASS-1', { password: 'another-Good_Passw0rd' }).connect();
		await t.call('Heartbeat', {});
		await t.close();
		for (const file of ['depot.db', 'depot.db-wal', 'wire.db', 'wire.db-wal'])
			if (existsSync(join(depotd.data, file))) assert.doesNotMatch(readFileSync(join(depotd.data, file), 'latin1'), /another-Good_Passw0rd/, file);
	});

	test('a station with an open transaction is not removed', async () => {
		const s = await booted(depotd, 'OPEN-1');
		const event = (eventType, seqNo) => s.call('TransactionEvent', { eventType, seqNo, timestamp: new Date().toISOString(), triggerReason: 'CablePluggedIn',
			transactionInfo: { transactionId: 't' }, evse: { id: 1, connectorId: 1 } });
		await event('Started', 0);
		assert.match(problem(await depotd.api('DELETE', '/stations/OPEN-1'), 409).detail, /transaction/);
		await event('Ended', 1);
		assert.equal((await depotd.api('DELETE', '/stations/OPEN-1')).status, 200);
	});

	test('twenty changes of one station at once: all are answered, one of them stands', async () => {
		const all = await Promise.all(Array.from({ length: 20 }, (_, i) => depotd.api('PUT', '/stations/RACE-1', { name: `n${i}`, node: 'site', evses: [{ ...evses[0], tail_w: 0 }] })));
		assert.ok(all.every((r) => r.status === 200));
		assert.match((await depotd.api('GET', '/stations/RACE-1')).json.name, /^n\d+$/);
		assert.equal((await depotd.api('GET', '/journal?stream=station/RACE-1&limit=1000')).json.events.length, 20);
		const gone = await Promise.all(Array.from({ length: 5 }, () => depotd.api('DELETE', '/stations/RACE-1')));
		assert.ok(gone.every((r) => [200, 404].includes(r.status)) && gone.some((r) => r.status === 200));
		assert.equal((await depotd.api('GET', '/stations/RACE-1')).status, 404);
	});
});

describe('tokens', () => {
	test('what is put in force decides the next Authorize', async () => {
		const s = await booted(depotd, 'AUTH-1');
		const status = async (idToken) => (await s.call('Authorize', { idToken: { idToken, type: 'Central' } })).idTokenInfo.status;
		const put = async (value, body) => assert.equal((await depotd.https('PUT', `/tokens/Central/${encodeURIComponent(value)}`, body, as('operator'))).status, 200);
		assert.equal(await status('card-1'), 'Unknown');
		await put('card-1', { group: 'G', vehicle: 'VAN-1' });
		assert.equal(await status('CARD-1'), 'Accepted');
		await put('card-1', { status: 'Blocked' });
		assert.equal(await status('card-1'), 'Blocked');
		await put('card-1', { expires: '2020-01-01T00:00:00Z' });
		assert.equal(await status('card-1'), 'Expired');
		assert.equal((await depotd.https('DELETE', '/tokens/Central/card-1', undefined, as('operator'))).status, 200);
		assert.equal(await status('card-1'), 'Unknown');
		for (const value of ['a/b', 'ünïcödé', "'; DROP TABLE token;--", '%41', '..', 'x'.repeat(36), '<b>']) {
			await put(value, {});
			const r = await depotd.https('GET', `/tokens/Central/${encodeURIComponent(value)}`, undefined, as('viewer'));
			assert.deepEqual([r.status, r.json.value], [200, value]);
		}
		await s.close();
	});
});

describe('calls', () => {
	const answers = {
		GetVariables: ({ getVariableData }) => ({ getVariableResult: getVariableData.map((v) => ({ ...v, attributeStatus: 'Accepted', attributeValue: 'é "<&>' })) }),
		SetVariables: ({ setVariableData }) => ({ setVariableResult: setVariableData.map(({ component, variable }) => ({ component, variable, attributeStatus: 'RebootRequired' })) }),
		UnlockConnector: () => ({ status: 'Unlocked' }),
		Reset: () => ({ status: 'Scheduled' }),
		GetLocalListVersion: () => ({ versionNumber: 7 }),
		DataTransfer: () => ({ status: 'Accepted', data: { any: ['thing', null, 1.5] } }),
		TriggerMessage: () => ({ status: 'NotImplemented' }),
		ClearCache: (p, m) => [4, m[1], 'InternalError', 'the "cache" burns', { why: 'fire' }],
	};
	const payloads = {
		GetVariables: { getVariableData: [{ component: { name: 'C' }, variable: { name: 'V' } }] },
		SetVariables: { setVariableData: [{ attributeValue: '1', component: { name: 'C' }, variable: { name: 'V' } }] },
		UnlockConnector: { evseId: 1, connectorId: 1 },
		Reset: { type: 'OnIdle' },
		GetLocalListVersion: {},
		DataTransfer: { vendorId: 'v', data: { deep: [{ a: 1 }] } },
		TriggerMessage: { requestedMessage: 'Heartbeat' },
	};
	const ask = (body, headers = as('operator'), query = '') => depotd.https('POST', `/stations/CALL-1/calls${query}`, body, headers);
	let s;
	before(async () => {
		s = await booted(depotd, 'CALL-1', { handlers: answers });
	});
	after(() => s?.close());

	for (const action of Object.keys(payloads))
		test(`${action} goes to the station as it is and its answer comes back as it is`, async () => {
			const r = await ask({ action, payload: payloads[action] });
			assert.equal(r.status, 200, r.text);
			const got = s.calls.findLast((m) => m[2] === action);
			assert.deepEqual(got[3], payloads[action]);
			assert.deepEqual([r.json.outcome, r.json.action], ['answered', action]);
			assert.deepEqual(r.json.response, answers[action](got[3], got));
			assert.equal(r.json.call_id, got[1]);
			assert.ok(r.json.took_ms >= 0 && r.json.took_ms < 5000);
		});

	test('the station’s CALLERROR is told as an error', async () => {
		const r = await ask({ action: 'ClearCache', payload: {} });
		assert.deepEqual([r.status, r.json.outcome, r.json.error_code, r.json.error_text], [200, 'error', 'InternalError', 'the "cache" burns']);
	});

	test('what must not be sent is refused with its path, and nothing goes to the station', async () => {
		const n = s.calls.length;
		problem(await ask({ action: 'Heartbeat', payload: {} }), 400, 'action');
		problem(await ask({ action: 'reset', payload: {} }), 400, 'action');
		problem(await ask({ payload: {} }), 400, 'action');
		problem(await ask({ action: 'Reset' }), 400, 'payload');
		problem(await ask({ action: 'Reset', payload: {} }), 400, 'payload.type');
		problem(await ask({ action: 'Reset', payload: { type: 'Now' } }), 400, 'payload.type');
		problem(await ask({ action: 'Reset', payload: { type: 'OnIdle', x: 1 } }), 400, 'payload.x');
		problem(await ask({ action: 'Reset', payload: 'OnIdle' }), 400, 'payload');
		problem(await ask({ action: 'SetVariables', payload: { setVariableData: [{ component: { name: 'C' }, variable: { name: 5 }, attributeValue: '' }] } }), 400,
			'payload.setVariableData[0].variable.name');
		problem(await ask({ action: 'Reset', payload: payloads.Reset, timeout_s: 0 }), 400, 'timeout_s');
		problem(await depotd.https('POST', '/stations/NOBODY/calls', { action: 'Reset', payload: payloads.Reset }, as('operator')), 404);
		await register(depotd, 'ABSENT-1');
		problem(await depotd.https('POST', '/stations/ABSENT-1/calls', { action: 'Reset', payload: payloads.Reset }, as('operator')), 409);
		assert.equal(s.calls.length, n);
	});

	test('with an Idempotency-Key it is done once', async () => {
		const asked = () => s.calls.filter((m) => m[2] === 'GetLocalListVersion').length;
		const n = asked();
		s.handlers = { ...answers, GetLocalListVersion: async () => (await sleep(300), { versionNumber: 8 }) };
		const body = { action: 'GetLocalListVersion', payload: {} }, headers = { ...as('operator'), 'idempotency-key': 'once-1' };
		const first = ask(body, headers);
		await until('it to be asked', () => asked() === n + 1);
		problem(await ask(body, headers), 409, 'idempotency-key');
		const a = await first, b = await ask(body, headers);
		assert.deepEqual(b.json, a.json);
		assert.equal(asked(), n + 1);
		problem(await ask({ ...body, timeout_s: 5 }, headers), 409, 'idempotency-key');
		const other = await ask(body, { ...as('admin'), 'idempotency-key': 'once-1' });
		assert.notEqual(other.json.call_id, a.json.call_id, 'a key belongs to who made it');
		s.handlers = answers;
		problem(await ask({ action: 'Reset', payload: {} }, { ...headers, 'idempotency-key': 'once-2' }), 400, 'payload.type');
		assert.equal((await ask({ action: 'Reset', payload: payloads.Reset }, { ...headers, 'idempotency-key': 'once-2' })).status, 200, 'a refusal does not use the key up');
	});

	test('async=1 answers at once; the outcome comes in the journal with who asked and why', async () => {
		const r = await ask({ action: 'Reset', payload: payloads.Reset, why: 'because "I" can' }, as('operator'), '?async=1');
		assert.deepEqual([r.status, r.json.outcome], [202, 'queued']);
		const mine = async () => (await depotd.api('GET', '/journal?stream=station/CALL-1&limit=1000')).json.events.filter((e) => e.payload.call_id === r.json.call_id);
		const [queued, ended] = await until('its end', async () => {
			const e = await mine();
			return e.length === 2 && e;
		});
		assert.deepEqual([queued.type, queued.actor, queued.payload.why], ['CallQueued', 'apitoken:the operator', 'because "I" can']);
		assert.deepEqual([ended.type, ended.payload.outcome, ended.payload.status], ['CallEnded', 'answered', 'Scheduled']);
	});

	test('GET /calls and depotctl calls tell who asked, why, and what came of it, newest first', async () => {
		await ask({ action: 'DataTransfer', payload: { vendorId: 'v', data: { connectionData: 1, password: 'Hidden-Passw0rd-1' } }, why: 'yearly' });
		await sleep(10); // newer, by the clock of the list
		await ask({ action: 'ClearCache', payload: {} });
		const list = async (query, role = 'operator') => depotd.https('GET', `/calls${query}`, undefined, as(role));
		const r = await until('both to stand there', async () => {
			const x = await list('?station=call-1&limit=2');
			return x.json.calls[0].action === 'ClearCache' && x.json.calls[0].outcome && x;
		});
		const [burnt, sent] = r.json.calls;
		assert.deepEqual([burnt.action, burnt.outcome, burnt.error_code, burnt.error_text, burnt.actor], ['ClearCache', 'error', 'InternalError', 'the "cache" burns', 'apitoken:the operator']);
		assert.deepEqual([sent.action, sent.station, sent.outcome, sent.why, sent.payload.data.password], ['DataTransfer', 'CALL-1', 'answered', 'yearly', '***']);
		assert.deepEqual([sent.status, sent.response.status], ['Accepted', 'Accepted']);
		assert.ok(sent.took_ms >= 0 && Date.parse(sent.ended_at) >= Date.parse(sent.at));
		assert.doesNotMatch(r.text, /Hidden-Passw0rd/);
		problem(await list('', 'viewer'), 403);
		problem(await list('?limit=201'), 400, 'limit');
		assert.deepEqual((await list('?station=NOBODY')).json.calls, []);

		const ctl = (...args) => spawnSync(join(BUILD, 'depotctl'), args, { encoding: 'utf8' });
		const here = ['--socket', join(depotd.data, 'depotd.sock')];
		const shown = ctl(...here, 'station', 'CALL-1').stdout.split('\n').map((l) => l.trimEnd());
		const head = shown.findIndex((l) => /^EVSE +DOES/.test(l));
		assert.match(shown[head], /^EVSE +DOES +VEHICLE +POWER +LIMIT +SET BY +AT +SESSION +CONNECTORS +WHY$/);
		const listed = ctl(...here, 'routes');
		assert.equal(listed.status, 0, listed.stderr);
		for (const r of routes) assert.ok(listed.stdout.includes(r.path), r.path);
		const table = ctl(...here, 'calls', 'CALL-1', '--limit', '2').stdout;
		assert.match(table, /^TIME +STATION +ACTION +BY +OUTCOME +STATUS +TOOK +WHY/);
		assert.match(table, /CALL-1 +ClearCache +apitoken:the operator +error +- +\d+\.\d s +InternalError: the "cache" burns/);
		assert.match(table, /CALL-1 +DataTransfer +apitoken:the operator +answered .* yearly\n/);
		assert.equal(JSON.parse(ctl(...here, '--json', 'calls', '--limit', '1').stdout).calls.length, 1);

		const says = (status, pattern, ...args) => {
			const out = ctl(...args);
			assert.equal(out.status, status, out.stderr);
			assert.match(out.stderr, pattern);
		};
		says(2, /^depotctl: the payload is not JSON: (?!.*byte \d\d)/, ...here, 'call', 'CALL-1', 'Reset', 'notjson');
		says(3, /no socket \/nonexist: is depotd running\? .*--socket/, '--socket', '/nonexist', 'status');
		says(2, /use https:\/\/localhost:1/, '--url', 'http://localhost:1', 'status');
		says(2, /^Usage: depotctl stations\n/, 'stations', 'x');
	});

	test('a hundred calls at once go one by one; a client that leaves does not stop its call', async () => {
		const all = await Promise.all(Array.from({ length: 99 }, () => ask({ action: 'GetLocalListVersion', payload: {} })));
		assert.ok(all.every((r) => r.status === 200 && r.json.outcome === 'answered'));
		s.handlers = { ...answers, Reset: async () => (await sleep(200), { status: 'Accepted' }) };
		const n = s.calls.length;
		const body = JSON.stringify({ action: 'Reset', payload: payloads.Reset });
		await bytes(`POST /api/v1/stations/CALL-1/calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${bearer.operator}\r\nContent-Length: ${body.length}\r\n\r\n${body}`, 100);
		await until('the call', () => s.calls.length === n + 1);
		await sleep(300);
		s.handlers = answers;
		assert.equal((await ask({ action: 'GetLocalListVersion', payload: {} })).json.outcome, 'answered');
	});
});

describe('the stream', () => {
	test('an overview first, then what changed, then an overview when things come', async () => {
		const cp = await booted(depotd, 'LIVE-1');
		const s = await stream();
		assert.equal(s.status, 200);
		assert.match(s.headers['content-type'], /^text\/event-stream/);
		const first = await s.seen('the overview', (e) => e.event === 'overview');
		assert.ok(first.data.stations.some((x) => x.id === 'LIVE-1' && x.connected));
		assert.deepEqual(Object.keys(first.data).sort(), Object.keys((await depotd.api('GET', '/overview')).json).sort());
		await cp.call('StatusNotification', { timestamp: new Date().toISOString(), connectorStatus: 'Occupied', evseId: 1, connectorId: 1 });
		const patch = await s.seen('the patch', (e) => e.event === 'patch' && e.data.evses?.['LIVE-1/1']?.connectors);
		assert.equal(patch.data.evses['LIVE-1/1'].connectors[0].status, 'Occupied');
		await cp.close();
		await s.seen('its going', (e) => e.event === 'patch' && e.data.stations?.['LIVE-1']?.connected === false);
		const n = s.events.length;
		await register(depotd, 'LIVE-2');
		await until('a new overview', () => s.events.slice(n).find((e) => e.event === 'overview' && e.data.stations.some((x) => x.id === 'LIVE-2')));
		s.close();
	});

	test('a patch names only what changed; whoever came when, it adds up to the overview', async () => {
		const cp = await booted(depotd, 'LIVE-3');
		const streams = [await stream()];
		const mine = (o) => o?.stations.find((x) => x.id === 'LIVE-3');
		await streams[0].seen('the overview', (e) => e.event === 'overview');
		const word = (connectorStatus) => cp.call('StatusNotification', { timestamp: new Date().toISOString(), connectorStatus, evseId: 1, connectorId: 1 });
		for (let i = 0; i < 24; i += 1) {
			await word(['Occupied', 'Faulted', 'Available'][i % 3]); /* sentences come and go with it */
			if (i % 4 === 3) streams.push(await stream()); /* between two words, and between two looks */
			if (i % 5 === 4) await sleep(60);
		}
		await word('Occupied'); /* another than the last: the same again is no news */
		for (const [i, s] of streams.entries()) {
			let want;
			await until(`reader ${i} has what is so`, async () => {
				want = mine((await depotd.api('GET', '/overview')).json);
				return JSON.stringify(Object.entries(mine(held(s)) ?? {}).sort()) === JSON.stringify(Object.entries(want).sort());
			}).catch(() => assert.deepEqual(mine(held(s)), want, `reader ${i}`));
		}
		const patches = streams[0].events.filter((e) => e.event === 'patch' && e.data.evses?.['LIVE-3/1']).map((e) => e.data.evses['LIVE-3/1']);
		assert.ok(patches.length > 0 && patches.every((e) => !('max_w' in e) && !('id' in e)), 'what stays is not told again');
		await cp.close();
		for (const s of streams) s.close();
	});

	test('who reads German gets the sentences in German, by the stream, the API and depotctl; others do not', async () => {
		const cp = await booted(depotd, 'LIVE-DE');
		const [german, english] = [await stream('', { ...as('viewer'), 'accept-language': 'de-AT,de;q=0.9' }), await stream()];
		const word = (s) => s.seen('a word of it', (e) => e.event === 'patch' && /LIVE-DE/.test(e.data.stations?.['LIVE-DE']?.sentence));
		await Promise.all([german, english].map((s) => s.seen('the overview', (e) => e.event === 'overview')));
		await cp.call('StatusNotification', { timestamp: new Date().toISOString(), connectorStatus: 'Faulted', evseId: 1, connectorId: 1 });
		assert.equal((await word(german)).data.stations['LIVE-DE'].sentence, 'LIVE-DE: Ladepunkt 1 ist gestört.');
		assert.equal((await word(english)).data.stations['LIVE-DE'].sentence, 'LIVE-DE: EVSE 1 has a fault.');
		const asked = await depotd.https('GET', '/stations/LIVE-DE', undefined, { ...as('viewer'), 'accept-language': 'de' });
		assert.equal(asked.headers['content-language'], 'de');
		assert.equal(asked.json.sentence, 'LIVE-DE: Ladepunkt 1 ist gestört.');
		assert.equal((await depotd.api('GET', '/stations/LIVE-DE')).json.sentence, 'LIVE-DE: EVSE 1 has a fault.');
		await cp.close();
		german.close();
		english.close();
	});

	test('it ends when the token is revoked, however much there is to tell', async () => {
		const made = (await depotd.api('POST', '/api-tokens', { name: 'watcher', role: 'viewer' })).json;
		const s = await stream('', { authorization: `Bearer ${made.token}` });
		await s.seen('the overview', (e) => e.event === 'overview');
		await depotd.api('DELETE', `/api-tokens/${made.id}`);
		await until('its end', () => s.ended, 8000);
	});

	test('a hundred open streams are the limit, and they are free again when they go', async () => {
		const crowd = [];
		for (let i = 0; i < 105; i++) crowd.push(await stream());
		const refused = crowd.filter((x) => x.status !== 200);
		assert.ok(refused.length >= 5 && refused.every((x) => x.status === 503), `${refused.length} refused`);
		for (const x of crowd) x.close();
		await until('the streams to be free again', async () => {
			const x = await stream();
			x.close();
			return x.status === 200;
		});
	});
});

describe('numbers and strangers', () => {
	test('/metrics is Prometheus text: every sample has its type, every label is quoted', async () => {
		const r = await depotd.https('GET', '/metrics', undefined, as('viewer'));
		assert.match(r.headers['content-type'], /^text\/plain; version=0\.0\.4/);
		const types = new Map(), seen = new Set();
		assert.ok(r.text.endsWith('\n'));
		for (const line of r.text.trimEnd().split('\n')) {
			const type = /^# TYPE ([a-z_]+) (counter|gauge|histogram|summary)$/.exec(line);
			if (type) assert.ok(!types.has(type[1]), `${type[1]} is typed twice`), types.set(type[1], type[2]);
			if (line.startsWith('#')) {
				assert.match(line, /^# (HELP|TYPE) [a-z_]+ \S/);
				continue;
			}
			const m = /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)+\})? (-?\d+(\.\d+)?(e[+-]\d+)?)$/.exec(line);
			assert.ok(m, line);
			assert.ok(types.has(m[1]), `${m[1]} has no type`);
			assert.ok(!seen.has(m[1] + (m[2] ?? '')), `${line} is there twice`);
			seen.add(m[1] + (m[2] ?? ''));
			if (types.get(m[1]) === 'counter') assert.ok(Number(m[3]) >= 0 && /_total$/.test(m[1]), line);
		}
		for (const name of ['depotd_stations_connected', 'depotd_db_events_total', 'depotd_build_info', 'depotd_http_auth_failures_total'])
			assert.ok(types.has(name), name);
	});

	test('names meant as markup or commands come back as data, and break no answer', async () => {
		const names = ['<script>alert(1)</script>', '"}],"x":[{"', '\u202e‮ rtl', '${jndi:ldap://x}', "' OR 1=1 --", 'a\\u0000b', '😀'.repeat(25), '\u2028\u2029', 'line\nbreak\ttab', '{{7*7}}', '%s%n%d', '-- '];
		for (const [i, name] of names.entries()) {
			await register(depotd, `NAME-${i}`, { name });
			const r = await depotd.https('GET', `/stations/NAME-${i}`, undefined, as('viewer'));
			assert.equal(r.json.name, name);
			assert.match(r.headers['content-type'], /^application\/json/);
			assert.equal(r.headers['x-content-type-options'], 'nosniff');
		}
		const cp = await new Station(depotd, 'NAME-0').connect();
		await cp.call('BootNotification', { reason: 'PowerUp', chargingStation: { model: '<img src=x>', vendorName: '"\n\r\u2028%s', serialNumber: '\\"', firmwareVersion: '\u0007' } });
		const s = (await depotd.api('GET', '/stations/NAME-0')).json;
		assert.deepEqual([s.model, s.vendor, s.serial, s.firmware], ['<img src=x>', '"\n\r\u2028%s', '\\"', '\u0007']);
		for (const path of ['/stations', '/overview', '/journal?limit=1000', '/wire?limit=100']) assert.equal((await depotd.api('GET', path)).status, 200, path);
		for (const line of depotd.logged().trimEnd().split('\n')) assert.match(line, /^ts=\S+ level=\w+ msg=".*"$/, 'one event, one line');
		await cp.close();
	});

	test('a backup of the running store can be started from', async () => {
		const dir = join(depotd.dir, 'backup');
		const r = await depotd.https('POST', '/backup', { dir }, as('admin'));
		assert.equal(r.status, 200, r.text);
		assert.ok(existsSync(join(dir, 'depot.db')));
		assert.match(r.json.text, /without \d+ secret files/);
		const mode = (...path) => statSync(join(dir, ...path)).mode & 0o777;
		assert.equal(mode('pki'), 0o700);
		const all = (...path) => readdirSync(join(...path), { recursive: true }).sort();
		const names = all(depotd.data, 'pki');
		assert.ok(names.includes('root.key') && names.includes('root.pem'), String(names));
		assert.deepEqual(all(dir, 'files'), all(depotd.data, 'files'));
		const isFile = (n) => statSync(join(depotd.data, 'pki', n)).isFile();
		const isKey = (n) => isFile(n) && /PRIVATE KEY-----/.test(readFileSync(join(depotd.data, 'pki', n), 'latin1'));
		assert.ok(names.filter(isKey).length >= 3);
		assert.deepEqual(all(dir, 'pki'), names.filter((n) => !isKey(n)), 'no key without a passphrase');

		problem(await depotd.https('POST', '/backup', { dir, passphrase: 'short' }, as('admin')), 400, 'passphrase');
		const passphrase = 'a calm night at the depot';
		assert.match((await depotd.https('POST', '/backup', { dir, passphrase }, as('admin'))).json.text, /secret files are sealed/);
		for (const name of names.filter(isKey)) {
			assert.equal(mode('pki', `${name}.sealed`), 0o600, name);
			assert.ok(!existsSync(join(dir, 'pki', name)));
			assert.doesNotMatch(readFileSync(join(dir, 'pki', `${name}.sealed`), 'latin1'), /PRIVATE KEY/);
		}
		const unseal = (words) => spawnSync(join(BUILD, 'depotctl'), ['unseal', dir, '--passphrase-file', '-'], { encoding: 'utf8', input: `${words}\n` });
		assert.match(unseal('another one entirely').stderr, /another passphrase.*\n[^]*could not be opened/);
		assert.match(unseal(passphrase).stdout, /^\d+ secret files are in their places/);
		assert.equal(unseal(passphrase).status, 1, 'nothing is sealed any more');
		assert.deepEqual(all(dir, 'pki'), names);
		for (const name of names) {
			if (!isFile(name)) {
				assert.equal(mode('pki', name), 0o700, name);
				continue;
			}
			assert.ok(readFileSync(join(dir, 'pki', name)).equals(readFileSync(join(depotd.data, 'pki', name))), name);
			assert.equal(mode('pki', name), 0o600, name);
		}
		assert.equal((await depotd.https('POST', '/backup', { dir }, as('admin'))).status, 200, 'a second time over the first');
		problem(await depotd.https('POST', '/backup', { dir: depotd.data }, as('admin')), 422, 'dir');
		assert.equal((await depotd.api('GET', '/readyz')).status, 200);
	});
});
