/* People: users, passwords, second factors, roles and where they hold, and those who try to get around them. */
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, Depotd, sleep, until } from './harness.mjs';

const depot = `
depot: people
name: People
timezone: UTC
nodes:
  - {id: site, kind: site, limit_w: 100000}
  - {id: east, kind: feeder, parent: site, limit_w: 50000}
  - {id: west, kind: feeder, parent: site, limit_w: 50000}
stations:
  - {id: E-1, node: east, evses: [{id: 1, kind: ac, max_w: 11000, phases: 3}]}
  - {id: W-1, node: west, evses: [{id: 1, kind: ac, max_w: 11000, phases: 3}]}
`;
const SECRET = 'correct horse battery';
let depotd;

before(async () => {
	depotd = await new Depotd({ depot, config: 'limits: {auth_failures_per_min: 400}\n' }).start();
});
after(() => depotd?.clean());

const origin = () => `https://localhost:${depotd.ports.console}`;
const cookieOf = (r) => String(r.headers['set-cookie'] ?? '').split(';')[0];

/** A session with its own way to ask. */
function session(r) {
	assert.equal(r.status, 200, r.text);
	const cookie = cookieOf(r), csrf = r.json.csrf;
	const headers = { cookie, origin: origin(), 'x-csrf-token': csrf, 'content-type': 'application/json' };
	return { ...r.json, cookie, csrf, ask: (m, p, b) => depotd.https(m, p, m === 'GET' ? undefined : b ?? {}, headers) };
}
const signIn = (body, headers = {}) => depotd.https('POST', '/sign-in', body, { 'content-type': 'application/json', ...headers });

/** Adds a user who signs in by the link once and sets a password. */
async function add(name, put, password = SECRET) {
	const r = await depotd.api('PUT', `/users/${encodeURIComponent(name)}`, put);
	assert.equal(r.status, 200, r.text);
	const link = await depotd.api('POST', `/users/${encodeURIComponent(name)}/reset`, {});
	assert.equal(link.status, 200, link.text);
	const s = session(await signIn({ code: link.json.code }));
	assert.ok(s.fresh && s.user);
	const set = await s.ask('POST', '/password', { new: password });
	assert.equal(set.status, 200, set.text);
	return s;
}
const enter = async (name, password = SECRET, factor) => session(await signIn({ name, password, factor }));

/** The code of a secret in base32 at a time (RFC 6238). */
function totp(secret, ms = Date.now()) {
	const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
	const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(Math.floor(ms / 30000)));
	const mac = createHmac('sha1', key).update(counter).digest();
	return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

const ctl = (...args) => spawnSync(join(BUILD, 'depotctl'), ['--socket', join(depotd.data, 'depotd.sock'), ...args], { encoding: 'utf8' });
const journal = async (type) => (await depotd.api('GET', `/journal?type=${type}&order=newest&limit=100`)).json.events;

describe('users', () => {
	test('a link, a password, and a session for each sign-in', async () => {
		const first = await add('anna', { role: 'operator' });
		assert.equal(first.role, 'operator');
		const a = await enter('anna'), b = await enter('anna');
		assert.notEqual(a.cookie, b.cookie);
		assert.ok(a.may.includes('operate') && !a.may.includes('govern'));
		assert.deepEqual([a.fresh, a.user, a.factor], [false, true, false]);
		assert.equal((await a.ask('GET', '/overview')).status, 200);
		const list = (await depotd.api('GET', '/users')).json.users;
		const row = list.find((u) => u.name === 'anna');
		assert.deepEqual([row.role, row.disabled, row.password, row.sessions], ['operator', false, true, 3]);
	});

	test('the password is nowhere in plain, and argon2id in the journal only', async () => {
		assert.ok(!depotd.logged().includes(SECRET));
		assert.ok(!readFileSync(join(depotd.data, 'depot.db')).includes(SECRET));
		const e = (await journal('UserPasswordSet'))[0];
		assert.ok(!JSON.stringify(e).includes('argon2id'), 'the API hides it');
		assert.ok(readFileSync(join(depotd.data, 'depot.db-wal')).includes('$argon2id$v=19$m=19456,t=2,p=1$'));
	});

	test('wrong name, wrong password and a user without one are told the same', async () => {
		await depotd.api('PUT', '/users/nopass', { role: 'viewer' });
		const answers = await Promise.all([{ name: 'anna', password: 'wrong' }, { name: 'nobody', password: SECRET }, { name: 'nopass', password: '' || 'x' }].map((b) => signIn(b)));
		for (const r of answers) {
			assert.equal(r.status, 401);
			assert.equal(r.json.detail, answers[0].json.detail);
			assert.equal(r.headers['set-cookie'], undefined);
		}
		await until('the refusals in the journal', async () => (await journal('SignInRefused')).length >= 3);
	});

	test('an unknown name costs the work of a known one', async () => {
		const took = async (name) => {
			const all = [];
			for (let i = 0; i < 5; i++) {
				const t = process.hrtime.bigint();
				await signIn({ name, password: 'wrong password' });
				all.push(Number(process.hrtime.bigint() - t) / 1e6);
			}
			return Math.min(...all);
		};
		assert.ok((await took('stranger')) > 8, 'argon2id was not asked'); // 19 MiB twice through takes any machine longer
		assert.ok((await took('anna')) > 8);
	});

	test('a new password ends the other sessions and needs the old one', async () => {
		const a = await enter('anna'), b = await enter('anna');
		assert.equal((await a.ask('POST', '/password', { new: 'another long one' })).status, 400);
		assert.equal((await a.ask('POST', '/password', { old: 'guess', new: 'another long one' })).status, 403);
		assert.equal((await a.ask('POST', '/password', { old: SECRET, new: 'short' })).status, 400);
		assert.equal((await a.ask('POST', '/password', { old: SECRET, new: 'anna anna anna' })).status, 400);
		assert.equal((await a.ask('POST', '/password', { old: SECRET, new: 'another long one' })).status, 200);
		assert.equal((await b.ask('GET', '/session')).status, 401);
		assert.equal((await a.ask('GET', '/session')).status, 200);
		assert.equal((await signIn({ name: 'anna', password: SECRET })).status, 401);
		assert.equal((await a.ask('POST', '/password', { old: 'another long one', new: SECRET })).status, 200);
	});

	test('sign-out everywhere ends all of one, and of nobody else', async () => {
		await add('bert', { role: 'viewer' });
		const a = await enter('anna'), b = await enter('anna'), other = await enter('bert');
		assert.equal((await a.ask('POST', '/sign-out-everywhere')).status, 200);
		for (const s of [a, b]) assert.equal((await s.ask('GET', '/session')).status, 401);
		assert.equal((await other.ask('GET', '/session')).status, 200);
	});

	test('sessions are listed and ended one by one', async () => {
		await add('sara', { role: 'viewer' });
		const a = session(await signIn({ name: 'sara', password: SECRET }, { 'user-agent': 'Firefox/1 (Linux)\u00e9' }));
		const b = session(await signIn({ name: 'sara', password: SECRET }, { 'user-agent': 'x'.repeat(900) }));
		const own = (await a.ask('GET', '/sessions')).json.sessions;
		assert.equal(own.length, 3, 'that of the link, and two');
		assert.deepEqual(own.map((s) => s.own), [false, true, false]);
		const mine = own[1];
		assert.deepEqual([mine.peer, mine.browser, mine.method], ['127.0.0.1', 'Firefox/1 (Linux)??', 'password']);
		assert.equal(own[2].browser.length, 200);
		assert.ok(Date.parse(mine.since) <= Date.parse(mine.seen) && Date.parse(mine.seen) - Date.now() < 5000);
		// Somebody else's session is not hers to end, nor to see.
		const other = await enter('bert');
		assert.equal((await other.ask('DELETE', `/sessions/${mine.id}`)).status, 404);
		assert.equal((await other.ask('GET', '/users/sara/sessions')).status, 403);
		assert.equal((await other.ask('DELETE', `/users/sara/sessions/${mine.id}`)).status, 403);
		assert.equal((await a.ask('GET', '/session')).status, 200);
		assert.equal((await a.ask('DELETE', `/sessions/${own[2].id}`)).status, 200);
		assert.equal((await b.ask('GET', '/session')).status, 401);
		assert.equal((await a.ask('DELETE', `/sessions/${own[2].id}`)).status, 404);
		// An administrator, by the command line too.
		const seen = (await depotd.api('GET', '/users/sara/sessions')).json.sessions;
		assert.deepEqual(seen.map((s) => s.own), [false, false]);
		assert.match(ctl('user', 'sessions', 'sara').stdout, new RegExp(`${mine.id}.*127\\.0\\.0\\.1.*password.*Firefox`));
		assert.equal(ctl('user', 'sign-out', 'sara', mine.id).status, 0);
		assert.equal((await a.ask('GET', '/session')).status, 401);
		assert.equal((await depotd.api('DELETE', `/users/sara/sessions/${mine.id}`)).status, 404);
		assert.equal((await depotd.api('GET', '/users/nobody/sessions')).status, 404);
		assert.equal((await depotd.api('GET', '/sessions')).status, 409, 'the owner has none');
		const ended = async () => (await journal('SessionsEnded')).filter((e) => e.stream === 'user/sara').map((e) => `${e.payload.sessions} ${e.payload.why}`).slice(0, 2).join();
		await until('both in the audit', async () => (await ended()) === '1 one session, ended by an administrator,1 one session, ended by its owner');
		assert.ok(!JSON.stringify(own).includes(a.cookie.split('=')[1]), 'the id is not the secret');
	});

	test('users, password and second factor outlive depotd', async () => {
		const s = await add('gone', { role: 'dispatcher', nodes: ['east'] });
		const { secret } = (await s.ask('POST', '/second-factor')).json;
		const codes = (await s.ask('PUT', '/second-factor', { code: totp(secret, Date.now() - 30000) })).json.recovery;
		await depotd.stop();
		await depotd.start();
		const back = await enter('gone', SECRET, totp(secret));
		assert.deepEqual([back.role, back.nodes, back.factor], ['dispatcher', ['east'], true]);
		const taken = totp(secret, Date.now() + 30000);
		assert.equal((await signIn({ name: 'gone', password: SECRET, factor: taken })).status, 200);
		await depotd.stop();
		await depotd.start();
		assert.equal((await signIn({ name: 'gone', password: SECRET, factor: taken })).status, 401, 'a code is good once, whoever restarts depotd');
		assert.equal((await signIn({ name: 'gone', password: SECRET, factor: codes[0] })).status, 200);
		assert.equal((await signIn({ name: 'gone', password: SECRET, factor: codes[0] })).status, 401, 'each recovery code is good once');
	});
});

describe('second factor', () => {
	test('counts from its first code; a code is good once', async () => {
		const s = await add('carl', { role: 'operator' });
		const offer = (await s.ask('POST', '/second-factor')).json;
		assert.match(offer.url, /^otpauth:\/\/totp\/depotd:carl\?secret=[A-Z2-7]{32}&/);
		assert.equal((await s.ask('PUT', '/second-factor', { code: '000000' })).status, 422);
		assert.equal((await signIn({ name: 'carl', password: SECRET })).status, 200, 'not in force yet');
		const set = await s.ask('PUT', '/second-factor', { code: totp(offer.secret, Date.now() - 30000) });
		assert.equal(set.status, 200, set.text);
		assert.equal(set.json.recovery.length, 10);
		const asked = await signIn({ name: 'carl', password: SECRET });
		assert.deepEqual([asked.status, asked.json.path], [401, 'factor']);
		assert.equal((await signIn({ name: 'carl', password: 'wrong', factor: totp(offer.secret) })).status, 401);
		const code = totp(offer.secret);
		assert.equal((await signIn({ name: 'carl', password: SECRET, factor: code })).status, 200);
		assert.equal((await signIn({ name: 'carl', password: SECRET, factor: code })).status, 401, 'a code that was seen is worth nothing');
		assert.equal((await s.ask('POST', '/second-factor/remove', { code: set.json.recovery[9] })).status, 200);
		assert.equal((await signIn({ name: 'carl', password: SECRET })).status, 200);
	});
});

describe('a lost second factor', () => {
	test('an administrator takes it away; sessions end, and nobody else may', async () => {
		const s = await add('fred', { role: 'viewer' });
		assert.equal((await depotd.api('POST', '/users/fred/second-factor/remove', {})).status, 409, 'there is none');
		const { secret } = (await s.ask('POST', '/second-factor')).json;
		assert.equal((await s.ask('PUT', '/second-factor', { code: totp(secret) })).status, 200);
		const other = await enter('bert');
		assert.equal((await other.ask('POST', '/users/fred/second-factor/remove')).status, 403);
		assert.equal((await signIn({ name: 'fred', password: SECRET })).status, 401);
		assert.equal(ctl('user', 'reset-factor', 'fred').status, 0);
		assert.equal((await s.ask('GET', '/session')).status, 401, 'its sessions have ended');
		assert.equal((await signIn({ name: 'fred', password: SECRET })).status, 200);
		assert.equal((await journal('UserFactorSet'))[0].payload.sealed, undefined);
	});
});

describe('roles', () => {
	test('the command line makes a token that holds at some nodes only', async () => {
		const made = ctl('api-token', 'add', 'east only', '--role', 'operator', '--nodes', 'east', '--days', '3');
		assert.equal(made.status, 0, made.stderr);
		const seen = (await depotd.api('GET', '/stations', undefined, { authorization: `Bearer ${made.stdout.trim()}` })).json.stations;
		assert.deepEqual(seen.map((s) => s.id), ['E-1']);
		assert.match(ctl('api-token', 'list').stdout, /east only +operator +east/);
		assert.notEqual(ctl('api-token', 'add', 'nowhere', '--nodes', 'nowhere').status, 0);
	});

	test('who may command stations may not take them over by a command', async () => {
		const token = (await depotd.api('POST', '/api-tokens', { name: 'the desk', role: 'operator' })).json.token;
		const send = (path, body) => depotd.api('POST', path, body, { authorization: `Bearer ${token}` });
		const set = (component, variable, value = 'x') =>
			`{"setVariableData":[{"attributeValue":"${value}","component":{"name":"${component}"},"variable":{"name":"${variable}"}}]}`;
		for (const [action, payload] of [
			['InstallCertificate', '{"certificateType":"CSMSRootCertificate","certificate":"x"}'],
			['DeleteCertificate', '{}'], ['SetNetworkProfile', '{}'], ['CustomerInformation', '{"requestId":1,"report":true,"clear":true}'],
			['SetVariables', set('SecurityCtrlr', 'BasicAuthPassword')], ['SetVariables', set('securityctrlr', 'OrganizationName')],
			['SetVariables', set('S', '\\u0042asicAuthPassword')], ['SetVariables', set('OCPPCommCtrlr', 'NetworkConfigurationPriority')],
			['SetVariables', set('S', 'CpoName')],
		]) {
			for (const path of ['commands', 'commands/try', 'calls']) {
				const r = await send(`/stations/CP-1/${path}`, `{"action":"${action}","payload":${payload}}`);
				assert.equal(r.status, 403, `${path} ${action} ${payload}: ${r.text}`);
			}
		}
		const wires = (await depotd.api('POST', '/api-tokens', { name: 'the wires', role: 'electrician' })).json.token;
		for (const [action, payload] of [['SendLocalList', { versionNumber: 1, updateType: 'Full' }], ['ClearCache', {}], ['ReserveNow', { id: 1, expiryDateTime: '2099-01-01T00:00:00Z', idToken: { idToken: 'X', type: 'Central' } }], ['CancelReservation', { reservationId: 1 }]])
			assert.equal((await depotd.api('POST', '/stations/CP-1/commands', { action, payload }, { authorization: `Bearer ${wires}` })).status, 403, action);
		// What only speaks of it is no reason.
		const harmless = `{"action":"SetVariables","payload":${set('DisplayCtrlr', 'Text', 'BasicAuthPassword of SecurityCtrlr \\u0042')}}`;
		assert.notEqual((await send('/stations/CP-1/commands', harmless)).status, 403);
		assert.equal((await send('/variables', { component: 'SecurityCtrlr', variable: 'BasicAuthPassword', value: 'x'.repeat(40), all: true })).status, 403);
		assert.notEqual((await send('/stations/CP-1/commands', { action: 'Reset', payload: '{"type":"OnIdle"}' })).status, 403);
	});

	test('a change of role takes effect at once, a disabled user is out', async () => {
		const s = await add('dora', { role: 'admin' });
		assert.equal((await s.ask('GET', '/users')).status, 200);
		assert.equal((await depotd.api('PUT', '/users/dora', { role: 'viewer', why: 'left the team' })).status, 200);
		assert.equal((await s.ask('GET', '/users')).status, 401, 'the session of the old role is over');
		const v = await enter('dora');
		assert.equal((await v.ask('GET', '/users')).status, 403);
		assert.equal((await depotd.api('PUT', '/users/dora', { role: 'viewer', disabled: true })).status, 200);
		assert.equal((await v.ask('GET', '/session')).status, 401);
		assert.equal((await signIn({ name: 'dora', password: SECRET })).status, 401);
		const e = (await journal('UserChanged')).find((x) => x.stream === 'user/dora' && x.payload.why);
		assert.deepEqual([e.payload.before.role, e.payload.role, e.payload.why], ['admin', 'viewer', 'left the team']);
	});

	test('a role holds only below its nodes', async () => {
		const s = await add('emil', { role: 'operator', nodes: ['east'] });
		const call = (id) => s.ask('POST', `/stations/${id}/calls`, { action: 'Reset', payload: { type: 'OnIdle' } });
		assert.equal((await call('E-1')).status, 409, 'his, and not connected');
		assert.equal((await call('W-1')).status, 403);
		assert.equal((await s.ask('GET', '/stations/W-1')).status, 403);
		assert.equal((await s.ask('GET', '/overview')).status, 200);
		const limit = (node) => s.ask('POST', '/envelopes', { node, why: 'test', blocks: [{ start: new Date().toISOString(), end: new Date(Date.now() + 3600e3).toISOString(), import_w: 40000 }] });
		assert.equal((await limit('west')).status, 403);
		const own = await limit('east');
		assert.equal(own.status, 200, own.text);
		assert.equal((await s.ask('POST', '/authorization-cache/clear', { stations: ['E-1', 'W-1'] })).status, 403);
		assert.equal((await s.ask('POST', '/authorization-cache/clear', {})).status, 403, 'all of the depot');
		assert.equal((await s.ask('PUT', '/tokens/Central/x', {})).status, 403, 'no node can be told');
	});

	test('nobody gives themselves more', async () => {
		const s = await enter('anna');
		assert.equal((await s.ask('PUT', '/users/anna', { role: 'admin' })).status, 403);
		assert.equal((await s.ask('POST', '/users/anna/reset')).status, 403);
		assert.equal((await s.ask('POST', '/links', { name: 'anna', role: 'admin' })).status, 403);
		assert.equal((await s.ask('POST', '/api-tokens', { name: 'x', role: 'admin' })).status, 403);
		const admin = await add('fred', { role: 'admin', nodes: ['east'] });
		assert.equal((await admin.ask('PUT', '/users/fred', { role: 'admin' })).status, 403, 'an administrator of a part is none of the whole');
		assert.equal((await admin.ask('POST', '/api-tokens', { name: 'x', role: 'admin' })).status, 403);
		for (const bad of [{ role: 'root' }, { role: 'nobody' }, { role: '' }])
			assert.equal((await depotd.api('PUT', '/users/x', bad)).status, 400);
		assert.equal((await depotd.api('PUT', '/users/x', { nodes: ['nowhere'] })).status, 422);
	});
});

describe('hostile', () => {
	test('a link is good once', async () => {
		const { code } = (await depotd.api('POST', '/links', { name: 'once', role: 'viewer' })).json;
		assert.equal((await signIn({ code })).status, 200);
		assert.equal((await signIn({ code })).status, 401);
	});

	test('a link that was made before the user was does not lead to the user', async () => {
		const { code } = (await depotd.api('POST', '/links', { name: 'late', role: 'viewer' })).json;
		assert.equal((await depotd.api('PUT', '/users/late', { role: 'admin' })).status, 200);
		assert.equal((await signIn({ code })).status, 401);
	});
	test('nobody is somebody else: no link is made in the name of a user', async () => {
		assert.equal((await depotd.api('PUT', '/users/mia', { role: 'viewer' })).status, 200);
		const r = await depotd.api('POST', '/links', { name: 'mia', role: 'admin' });
		assert.equal(r.status, 409, r.text);
		assert.match(r.json.detail, /mia is a user.*user reset/);
	});

	test('a password that is taken away while it is looked at opens nothing', async () => {
		const json = { 'content-type': 'application/json' };
		assert.equal((await depotd.api('PUT', '/users/vic', { role: 'admin' })).status, 200);
		const { code } = (await depotd.api('POST', '/users/vic/reset', {})).json;
		const s = await depotd.https('POST', '/sign-in', { code }, json);
		const vic = { cookie: cookieOf(s), origin: `https://localhost:${depotd.ports.console}`, 'x-csrf-token': s.json.csrf, ...json };
		assert.equal((await depotd.https('POST', '/password', { new: 'a-stolen-password-1' }, vic)).status, 200);
		// argon2id is busy with these for as long as the reset takes; those behind them wait.
		const others = Array.from({ length: 15 }, (_, i) => depotd.https('POST', '/sign-in', { name: `nobody-${i}`, password: 'not-a-password' }, json));
		const thief = depotd.https('POST', '/sign-in', { name: 'vic', password: 'a-stolen-password-1' }, json);
		await sleep(100);
		assert.equal((await depotd.api('POST', '/users/vic/reset', {})).status, 200);
		assert.equal((await thief).status, 401, 'after the reset the password is none');
		await Promise.all(others);
	});

	test('a session that was brought along is not taken over', async () => {
		const fixed = `__Host-sid=${'A'.repeat(43)}`;
		const r = await signIn({ name: 'anna', password: SECRET }, { cookie: fixed });
		assert.notEqual(cookieOf(r), fixed);
		assert.match(String(r.headers['set-cookie']), /; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
		assert.equal((await depotd.https('GET', '/session', undefined, { cookie: fixed })).status, 401);
		const again = await signIn({ name: 'anna', password: SECRET }, { cookie: cookieOf(r) });
		assert.equal((await depotd.https('GET', '/session', undefined, { cookie: cookieOf(r) })).status, 401, 'the one before ends');
		assert.equal(again.status, 200);
	});

	test('another site cannot use the browser of somebody who is signed in', async () => {
		const a = await enter('anna'), b = await enter('bert');
		const out = (headers) => depotd.https('POST', '/sign-out-everywhere', {}, { cookie: a.cookie, 'content-type': 'application/json', ...headers });
		for (const headers of [{}, { origin: origin() }, { origin: origin(), 'x-csrf-token': b.csrf }, { origin: 'https://evil.example', 'x-csrf-token': a.csrf },
			{ origin: 'null', 'x-csrf-token': a.csrf }, { 'sec-fetch-site': 'cross-site', 'x-csrf-token': a.csrf }])
			assert.equal((await out(headers)).status, 403, JSON.stringify(headers));
		assert.equal((await signIn({ name: 'anna', password: SECRET }, { origin: 'https://evil.example' })).status, 403, 'nor sign it in as somebody else');
		assert.equal((await a.ask('GET', '/session')).status, 200);
	});

	test('bearer games: JWTs, none, HS256, an expired or foreign token', async () => {
		const part = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');
		for (const alg of ['none', 'HS256', 'RS256'])
			for (const sig of ['', 'AAAA'])
				assert.equal((await depotd.https('GET', '/overview', undefined, { authorization: `Bearer ${part({ alg })}.${part({ sub: 'admin', role: 'admin' })}.${sig}` })).status, 401);
		const { id, token } = (await depotd.api('POST', '/api-tokens', { name: 'short', role: 'admin', days: 1 })).json;
		assert.equal((await depotd.https('GET', '/overview', undefined, { authorization: `Bearer ${token}x` })).status, 401);
		assert.equal((await depotd.https('GET', '/overview', undefined, { authorization: `Bearer ${token}` })).status, 200);
		await depotd.api('DELETE', `/api-tokens/${id}`);
		assert.equal((await depotd.https('GET', '/overview', undefined, { authorization: `Bearer ${token}` })).status, 401);
	});

	test('SQL and script in names are names', async () => {
		const names = [`x'; DROP TABLE people; --`, `"><script>alert(1)</script>`.replaceAll('/', '|'), `ünï-<b>`];
		for (const name of names) {
			await add(name, { role: 'viewer' });
			assert.equal((await enter(name)).name, name);
		}
		const all = (await depotd.api('GET', '/users')).json.users.map((u) => u.name);
		for (const name of names) assert.ok(all.includes(name), name);
		for (const name of ['a/b', 'local', 'x'.repeat(61), ' x', 'a\nb'])
			assert.ok([400, 404].includes((await depotd.api('PUT', `/users/${encodeURIComponent(name)}`, {})).status), name);
	});

	test('strangers are slowed and lock nobody out', async () => {
		let last;
		for (let i = 0; i < 12; i++) last = await signIn({ name: 'never-here', password: `guess ${i}` });
		assert.equal(last.status, 429);
		for (let i = 0; i < 12; i++) last = await signIn({ name: 'anna', password: `guess ${i}` });
		assert.equal(last.status, 401, 'anna has come from this address before');
		assert.equal((await signIn({ name: 'anna', password: SECRET })).status, 200);
	});

	test('every refusal and every change stands in the journal: who, from where, what came of it', async () => {
		const s = await enter('bert');
		await s.ask('PUT', '/users/bert', { role: 'admin' });
		await until('the refusal', async () => (await journal('RequestMade')).some((e) =>
			e.actor === 'user:bert' && e.payload.path === '/api/v1/users/bert' && e.payload.status === 403 && e.payload.peer === '127.0.0.1' && /needs the role admin/.test(e.payload.why)));
		await until('what the socket asked', async () => (await journal('RequestMade')).some((e) => e.actor.startsWith('local:') && e.payload.status === 200));
	});
});

describe('the audit', () => {
	const list = async (query = '') => (await depotd.api('GET', `/audit${query}`)).json.rows;

	test('a change: who, from where, why, before and after, and what the same request did', async () => {
		const boss = await add('ada', { role: 'admin' });
		await depotd.api('PUT', '/users/ivy', { role: 'viewer' });
		assert.equal((await boss.ask('PUT', '/users/ivy', { role: 'dispatcher', why: 'she plans the night' })).status, 200);
		const row = await until('the change, and the request, which is written with its answer', async () =>
			(await list('?type=UserChanged&about=user/ivy&who=user:ada')).find((r) => r.peer));
		assert.deepEqual([row.who, row.peer, row.why, row.refused], ['user:ada', '127.0.0.1', 'she plans the night', false]);
		const one = (await depotd.api('GET', `/audit/${row.seq}`)).json;
		assert.equal(one.before.role, 'viewer');
		assert.equal(one.row.payload.role, 'dispatcher');
		assert.deepEqual(one.together.map((r) => r.type).sort(), ['RequestMade', 'UserChanged']);
		const shown = ctl('audit', 'show', String(row.seq)).stdout;
		assert.match(shown, /Before +\{.*"viewer"/);
		assert.match(shown, /PUT \/api\/v1\/users\/ivy: 200/);
		assert.equal((await depotd.api('GET', '/audit/999999999')).status, 404);
	});

	test('refusals alone; and only who may', async () => {
		const s = await add('kai', { role: 'viewer' });
		assert.equal((await s.ask('PUT', '/users/kai', { role: 'admin' })).status, 403);
		assert.equal((await s.ask('GET', '/audit')).status, 403);
		const rows = await until('both', async () => {
			const all = await list('?refused=1&who=user:kai');
			return all.length >= 2 && all;
		});
		assert.ok(rows.every((r) => r.refused && r.who === 'user:kai' && r.peer === '127.0.0.1' && r.why));
		assert.match(ctl('audit', '--refused', '--who', 'user:kai').stdout, /needs the role/);
		assert.deepEqual(await list('?who=user:nobody-here'), []);
		assert.ok((await list('?text=SHE+PLANS')).length >= 1, 'words of any case');
		const [newest] = await list('?limit=1');
		assert.ok((await list(`?before=${newest.seq}&limit=5`)).every((r) => r.seq < newest.seq));
	});

	test('what stations and depotd do of themselves is not in it', async () => {
		const rows = await list('?limit=1000');
		assert.ok(rows.every((r) => /^(user:|apitoken:|local:|oscp:|nobody)/.test(r.who) || ['StationRefused', 'DepotLoaded'].includes(r.type)));
		assert.ok(rows.some((r) => r.type === 'DepotLoaded'));
	});

	test('export, and an anchor that knows its journal', async () => {
		const file = join(depotd.dir, 'audit.jsonl'), anchor = join(depotd.dir, 'anchor');
		assert.match(ctl('audit', 'export', '--to-file', file).stdout, /\d+ lines and the anchor/);
		const lines = readFileSync(file, 'utf8').trim().split('\n').map(JSON.parse);
		const last = lines.pop();
		assert.ok(lines.length > 20 && lines.every((l, i) => i === 0 || l.seq < lines[i - 1].seq));
		assert.ok(last.seq >= lines[0].seq && /^[0-9a-f]{64}$/.test(last.hash));
		assert.equal(ctl('audit', 'export', '--to-file', file).status, 1, 'nothing is overwritten');
		writeFileSync(anchor, ctl('audit', 'anchor').stdout);
		for (const f of [file, anchor]) {
			const r = ctl('audit', 'verify', '--data', depotd.data, '--anchor', f);
			assert.equal(r.status, 0, r.stderr);
			assert.match(r.stdout, /it is the one that the anchor was made of/);
		}
		writeFileSync(anchor, `${JSON.stringify({ ...last, hash: last.hash.replace(/^./, (c) => (c === '0' ? '1' : '0')) })}\n`);
		const r = ctl('audit', 'verify', '--data', depotd.data, '--anchor', anchor);
		assert.equal(r.status, 1);
		assert.match(r.stderr, /not the one that the anchor was made of/);
		writeFileSync(anchor, 'nonsense\n');
		assert.match(ctl('audit', 'verify', '--data', depotd.data, '--anchor', anchor).stderr, /does not end in an anchor/);
	});
});

describe('four eyes', () => {
	const add2 = async (d, name, role) => {
		assert.equal((await d.api('PUT', `/users/${name}`, { role })).status, 200);
		const link = await d.api('POST', `/users/${name}/reset`, {});
		const r = await d.https('POST', '/sign-in', { code: link.json.code }, { 'content-type': 'application/json' });
		assert.equal(r.status, 200, r.text);
		const headers = { cookie: cookieOf(r), origin: `https://localhost:${d.ports.console}`, 'x-csrf-token': r.json.csrf, 'content-type': 'application/json' };
		return (m, p, b) => d.https(m, p, m === 'GET' ? undefined : b ?? {}, headers);
	};

	test('what the config names waits for a second person, and is then done as the first one asked', async (t) => {
		const d = await new Depotd({ depot, config: 'limits: {auth_failures_per_min: 400}\npeople: {four_eyes: [govern, trust]}\n' }).start();
		t.after(() => d.clean());
		const ann = await add2(d, 'ann', 'admin'), ben = await add2(d, 'ben', 'admin'), cal = await add2(d, 'cal', 'operator');
		const waits = async () => (await ben('GET', '/approvals')).json.approvals;
		const users = async () => (await d.api('GET', '/users')).json.users.map((u) => u.name);

		const r = await ann('PUT', '/users/eve', { role: 'operator', why: 'new on the night shift' });
		assert.equal(r.status, 409);
		assert.match(r.json.detail, /second person who may govern .* approval approve /);
		assert.ok(!(await users()).includes('eve'), 'not done');
		const [v] = await waits();
		assert.deepEqual([v.asked_by, v.method, v.path, v.needs, JSON.parse(v.body).role], ['user:ann', 'PUT', '/api/v1/users/eve', 'govern', 'operator']);
		assert.match((await ann('POST', `/approvals/${v.id}/approve`)).json.detail, /a second person/);
		assert.match((await cal('POST', `/approvals/${v.id}/approve`)).json.detail, /needs the role admin/);
		const { token } = (await d.api('POST', '/api-tokens', { name: 'robot', role: 'admin' })).json;
		assert.match((await d.https('POST', `/approvals/${v.id}/approve`, {}, { authorization: `Bearer ${token}`, 'content-type': 'application/json' })).json.detail, /a person must approve/);
		assert.ok(!(await users()).includes('eve'));

		const done = await ben('POST', `/approvals/${v.id}/approve`);
		assert.equal(done.status, 200, done.text);
		assert.ok((await users()).includes('eve'));
		assert.equal((await ben('POST', `/approvals/${v.id}/approve`)).status, 404, 'once');
		const row = await until('the line of it', async () => (await d.api('GET', '/audit?type=UserChanged&about=user/eve')).json.rows[0]);
		assert.deepEqual([row.who, row.why], ['user:ann', 'new on the night shift']);
		await until('both names', async () => (await d.api('GET', '/audit?type=RequestMade&text=users/eve')).json.rows.some((e) =>
			e.who === 'user:ann' && e.payload.approved_by === 'user:ben' && e.payload.status === 200));
		const moved = (await d.api('GET', '/audit?type=ApprovalMoved')).json.rows.map((e) => [e.who, e.payload.outcome]);
		assert.deepEqual(moved, [['user:ben', 'approved'], ['user:ann', 'asked']]);
	});

	test('refused, withdrawn, and not round about: raw commands, programs, people who may no more', async (t) => {
		const d = await new Depotd({ depot, config: 'limits: {auth_failures_per_min: 400}\npeople: {four_eyes: [govern, trust]}\n' }).start();
		t.after(() => d.clean());
		const ann = await add2(d, 'ann', 'admin'), ben = await add2(d, 'ben', 'admin');
		const waits = async () => (await ben('GET', '/approvals')).json.approvals;
		const ask = async (name) => {
			assert.equal((await ann('PUT', `/users/${name}`, { role: 'admin' })).status, 409);
			return (await waits()).at(-1).id;
		};
		assert.equal((await ben('POST', `/approvals/${await ask('x1')}/refuse`, { why: 'who is that?' })).status, 200);
		assert.equal((await ann('POST', `/approvals/${await ask('x2')}/refuse`)).status, 200);
		assert.deepEqual(await waits(), []);
		await until('how they ended', async () => {
			const ends = (await d.api('GET', '/audit?type=ApprovalMoved')).json.rows.map((e) => e.payload.outcome);
			return ends.includes('refused') && ends.includes('withdrawn');
		});

		const raw = await ann('POST', '/stations/E-1/commands', { action: 'SetVariables', payload: { setVariableData: [{ attributeValue: 'A-Long-Password-1', component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }] } });
		assert.match(raw.json.detail, /second person who may trust/);
		const shown = (await waits())[0];
		assert.ok(!shown.body.includes('A-Long-Password-1'), 'secrets are not shown');
		const { token } = (await d.api('POST', '/api-tokens', { name: 'robot', role: 'admin' })).json;
		const robot = (m, p, b) => d.https(m, p, b, { authorization: `Bearer ${token}`, 'content-type': 'application/json' });
		assert.equal((await robot('PUT', '/users/x3', { role: 'admin' })).status, 409, 'programs too');
		assert.equal((await ann('PUT', '/tokens/Central/4711', {})).status, 200, 'what is not named is done at once');

		const id = await ask('x4');
		assert.equal((await d.api('PUT', '/users/ann', { role: 'viewer' })).status, 200, 'who has the socket needs nobody');
		assert.match((await ben('POST', `/approvals/${id}/approve`)).json.detail, /may not do this any more/);
		assert.ok(!(await d.api('GET', '/users')).json.users.some((u) => /^x\d/.test(u.name)));
	});
	test('a second person of the same rights, who is one, for those who still have theirs', async (t) => {
		const d = await new Depotd({ depot, config: 'limits: {auth_failures_per_min: 400}\npeople: {four_eyes: [operate, trust]}\n' }).start();
		t.after(() => d.clean());
		const ann = await add2(d, 'ann', 'admin'), ben = await add2(d, 'ben', 'admin'), cal = await add2(d, 'cal', 'operator');
		const waits = async () => (await ben('GET', '/approvals')).json.approvals;
		const json = { 'content-type': 'application/json' };
		const reset = { action: 'Reset', payload: { type: 'OnIdle' } };

		const hash = { hashAlgorithm: 'SHA256', issuerNameHash: 'aa', issuerKeyHash: 'bb', serialNumber: '01' };
		assert.equal((await ann('POST', '/stations/E-1/commands', { action: 'DeleteCertificate', payload: { certificateHashData: hash } })).status, 409);
		const [trust] = await waits();
		assert.equal(trust.needs, 'operate', 'what the path needs; the command in it needs more');
		const by = await cal('POST', `/approvals/${trust.id}/approve`);
		assert.equal(by.status, 403, by.text);
		assert.match(by.json.detail, /DeleteCertificate needs the role admin, and so does who approves it/);

		const { token, id: bot } = (await d.api('POST', '/api-tokens', { name: 'bot', role: 'operator' })).json;
		assert.equal((await d.https('POST', '/stations/E-1/commands', reset, { authorization: `Bearer ${token}`, ...json })).status, 409);
		assert.equal((await d.api('DELETE', `/api-tokens/${bot}`)).status, 200);
		assert.match((await ben('POST', `/approvals/${(await waits())[0].id}/approve`)).json.detail, /bot may not do this any more/);
		assert.equal((await ben('POST', `/approvals/${(await waits())[0].id}/refuse`)).status, 200);

		assert.equal((await cal('POST', '/stations/W-1/commands', reset)).status, 409);
		assert.equal((await d.api('PUT', '/users/cal', { role: 'operator', nodes: ['east'] })).status, 200);
		const [west] = await waits();
		assert.match((await ben('POST', `/approvals/${west.id}/approve`)).json.detail, /cal may do this only below east/);

		assert.equal((await ann('POST', '/stations/E-1/commands', reset)).status, 409);
		const { code } = (await d.api('POST', '/links', { name: 'zoe', role: 'admin' })).json;
		const s = await d.https('POST', '/sign-in', { code }, json);
		const zoe = { cookie: cookieOf(s), origin: `https://localhost:${d.ports.console}`, 'x-csrf-token': s.json.csrf, ...json };
		assert.match((await d.https('POST', `/approvals/${(await waits())[0].id}/approve`, {}, zoe)).json.detail, /a user must approve/);
		assert.equal((await ann('POST', '/links', { name: 'yves', role: 'admin' })).status, 409, 'govern waits wherever anything does');
	});

	test('who made a program, and who approved that, are no second person for what it asks, also after a restart', async (t) => {
		const d = await new Depotd({ depot, config: 'limits: {auth_failures_per_min: 400}\npeople: {four_eyes: [trust]}\n' }).start();
		t.after(() => d.clean());
		const ann = await add2(d, 'ann', 'admin'), ben = await add2(d, 'ben', 'admin');
		let cal = await add2(d, 'cal', 'admin');
		const waits = async () => (await cal('GET', '/approvals')).json.approvals;
		const program = (token) => (m, p, b) => d.https(m, p, b, { authorization: `Bearer ${token}`, 'content-type': 'application/json' });
		/** One whose making `by` asks for and `second` approves: the answer goes to the second person. */
		const make = async (by, second, name) => {
			assert.equal((await by('POST', '/api-tokens', { name, role: 'admin' })).status, 409);
			const r = await second('POST', `/approvals/${(await waits())[0].id}/approve`);
			assert.equal(r.status, 200, r.text);
			return program(r.json.token);
		};
		const asks = async (bot, name) => {
			assert.equal((await bot('PUT', `/users/${name}`, { role: 'viewer' })).status, 409);
			return (await waits())[0].id;
		};
		const refused = async (who, id, name, bot) => {
			const r = await who('POST', `/approvals/${id}/approve`);
			assert.equal(r.status, 403, r.text);
			assert.match(r.json.detail, new RegExp(`${name} made the API token ${bot}, or approved its making: somebody else must approve what it asks for`));
		};

		const bot = await make(ann, ben, 'bot'), child = await make(bot, cal, 'child');
		let id = await asks(bot, 'x1');
		await refused(ann, id, 'ann', 'bot');
		await refused(ben, id, 'ben', 'bot');
		assert.equal((await cal('POST', `/approvals/${id}/approve`)).status, 200, 'who has nothing to do with it');
		id = await asks(child, 'x2');
		for (const [who, name] of [[ann, 'ann'], [ben, 'ben'], [cal, 'cal']]) await refused(who, id, name, 'child');

		await d.stop();
		await d.start();
		const links = {};
		for (const name of ['ann', 'ben', 'cal']) links[name] = await add2(d, name, 'admin');
		cal = links.cal;
		id = await asks(bot, 'x3');
		await refused(links.ann, id, 'ann', 'bot');
		await refused(links.ben, id, 'ben', 'bot');
		assert.equal((await cal('POST', `/approvals/${id}/approve`)).status, 200);
		id = await asks(child, 'x4');
		for (const name of ['ann', 'ben', 'cal']) await refused(links[name], id, name, 'child');
		assert.equal((await (await add2(d, 'dan', 'admin'))('POST', `/approvals/${id}/approve`)).status, 200);
	});

	test('nobody is the second person for whoever they made, nor for who made them', async (t) => {
		const d = await new Depotd({ depot, config: 'limits: {auth_failures_per_min: 400}\npeople: {four_eyes: []}\n' }).start();
		t.after(() => d.clean());
		const json = { 'content-type': 'application/json' };
		const inside = async (code, password) => {
			const r = await d.https('POST', '/sign-in', { code }, json);
			assert.equal(r.status, 200, r.text);
			const headers = { cookie: cookieOf(r), origin: `https://localhost:${d.ports.console}`, 'x-csrf-token': r.json.csrf, ...json };
			const ask = (m, p, b) => d.https(m, p, m === 'GET' ? undefined : b ?? {}, headers);
			if (password) assert.equal((await ask('POST', '/password', { new: password })).status, 200);
			return ask;
		};
		const enters = async (name) => {
			const r = await d.https('POST', '/sign-in', { name, password: SECRET }, json);
			assert.equal(r.status, 200, r.text);
			const headers = { cookie: cookieOf(r), origin: `https://localhost:${d.ports.console}`, 'x-csrf-token': r.json.csrf, ...json };
			return (m, p, b) => d.https(m, p, m === 'GET' ? undefined : b ?? {}, headers);
		};
		const add3 = async (by, name) => {
			assert.equal((await by('PUT', `/users/${name}`, { role: 'admin' })).status, 200);
			return inside((await by('POST', `/users/${name}/reset`, {})).json.code, SECRET);
		};
		let ann = await add3(d.api.bind(d), 'ann'), ben = await add3(d.api.bind(d), 'ben');
		await add3(ann, 'sham');

		await d.stop();
		const config = join(d.dir, 'depotd.yaml');
		writeFileSync(config, readFileSync(config, 'utf8').replace('four_eyes: []', 'four_eyes: [trust]'));
		await d.start();
		ann = await enters('ann');
		ben = await enters('ben');
		let sham = await enters('sham');
		const asks = async (by, name) => {
			assert.equal((await by('PUT', `/users/${name}`, { role: 'viewer' })).status, 409);
			return (await ben('GET', '/approvals')).json.approvals.at(-1).id;
		};
		const made = /ann made the sign-in link of sham, or approved that/;
		let id = await asks(ann, 'x1');
		const r = await sham('POST', `/approvals/${id}/approve`);
		assert.deepEqual([r.status, made.test(r.json.detail)], [403, true], r.text);
		assert.equal((await ben('POST', `/approvals/${id}/approve`)).status, 200);
		id = await asks(sham, 'x2');
		const back = await ann('POST', `/approvals/${id}/approve`);
		assert.deepEqual([back.status, made.test(back.json.detail)], [403, true], back.text);
		assert.equal((await d.api('POST', `/approvals/${id}/approve`)).status, 200, 'who has the socket');

		/* With a link made where depotd runs, they are theirs alone. */
		sham = await inside((await d.api('POST', '/users/sham/reset', {})).json.code, SECRET);
		id = await asks(ann, 'x3');
		assert.equal((await sham('POST', `/approvals/${id}/approve`)).status, 200);
	});

	test('a permission that is none is refused at the start', async () => {
		const d = new Depotd({ depot, config: 'people: {four_eyes: [trusty]}\n' });
		const r = spawnSync(join(BUILD, 'depotd'), ['--config', join(d.dir, 'depotd.yaml'), '--data', d.data], { encoding: 'utf8', timeout: 20000 });
		await d.clean();
		assert.equal(r.status, 1);
		assert.match(r.stderr, /four_eyes: trusty is no permission/);
	});
});
