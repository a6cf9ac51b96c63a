/* Sign-in by OpenID Connect: with a provider that nobody here wrote (panva's oidc-provider), and with one that lies. */
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, createHmac, createPublicKey, constants, generateKeyPairSync, sign } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Provider from 'oidc-provider';
import { BUILD, Depotd, until } from './harness.mjs';
import { claims } from './matrix.mjs';

const ours = claims('tests/e2e/oidc.test.mjs');
const depot = `
depot: oidc
name: Sign-in
timezone: UTC
nodes:
  - {id: site, kind: site, limit_w: 100000}
  - {id: east, kind: feeder, parent: site, limit_w: 50000}
stations:
  - {id: E-1, node: east, evses: [{id: 1, kind: ac, max_w: 11000, phases: 3}]}
`;
const SECRET = 'the secret of depotd: with % and spaces';
let depotd, real, liar;

const roles = `
      roles:
        - {value: admins, role: admin}
        - {value: night, role: dispatcher, nodes: [east]}
`;
const config = (realPort, liarPort) => `
limits: {auth_failures_per_min: 10000}
people:
  totp_for_oidc: true
  providers:
    - id: real
      name: Fleet Ltd
      issuer: http://127.0.0.1:${realPort}
      client_id: depotd
      client_secret_file: SECRET
      http_on_loopback: true${roles}    - id: liar
      name: Liar Ltd
      issuer: http://127.0.0.1:${liarPort}
      client_id: depotd
      role_claim: /realm/roles
      http_on_loopback: true${roles}`;

/** Answers of plain HTTP, without following. */
async function get(url, { jar = {}, method = 'GET', form } = {}) {
	const body = form && new URLSearchParams(form).toString();
	const r = await fetch(url, { method, redirect: 'manual', body,
		headers: { cookie: Object.entries(jar).map(([k, v]) => `${k}=${v}`).join('; '), ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) } });
	for (const c of r.headers.getSetCookie()) {
		const [, k, v] = /^([^=]+)=([^;]*)/.exec(c);
		jar[k] = v;
	}
	return { status: r.status, location: r.headers.get('location'), text: await r.text() };
}

const cookies = (r) => Object.fromEntries((r.headers['set-cookie'] ?? []).map((c) => /^([^=]+)=([^;]*)/.exec(c).slice(1)));
const begin = (id) => depotd.https('POST', `/sign-in/with/${id}`, {}, { origin: `https://localhost:${depotd.ports.console}`, 'content-type': 'application/json' });
/* Each from an address of its own: of one address only so many refusals a minute are journalled. */
let peers = 1;
const back = (id, params, browser) => depotd.request(https, { host: '127.0.0.1', localAddress: `127.0.1.${(peers = (peers % 250) + 1)}`, port: depotd.ports.console, servername: 'localhost', ca: readFileSync(depotd.root()) },
	'GET', `/sign-in/with/${id}?${new URLSearchParams(params)}`, undefined, { host: `localhost:${depotd.ports.console}`, cookie: browser ? `__Host-oidc=${browser}` : '' });
const ask = (cookie, path) => depotd.https('GET', path, undefined, { cookie: `__Host-sid=${cookie}` });
const refusals = async () => // newest first
	 (await depotd.api('GET', '/audit?refused=1&limit=500')).json.rows.filter((r) => /sign-in\/with/.test(r.payload.path ?? ''));

/** A person in a browser at the real provider: where it sends them back to. */
async function throughReal(url, login, jar = {}) {
	let r = await get(url, { jar });
	for (let i = 0; i < 12 && r.location && !r.location.startsWith('https://'); i++) {
		const at = new URL(r.location, url).href;
		r = await get(at, { jar });
		if (r.status !== 200) continue;
		const action = new URL(/action="([^"]+)"/.exec(r.text)[1], at).href;
		const prompt = /name="prompt" value="(\w+)"/.exec(r.text)[1];
		r = await get(action, { jar, method: 'POST', form: prompt === 'login' ? { prompt, login, password: 'x' } : { prompt } });
	}
	assert.ok(r.location?.startsWith('https://'), `${r.status} ${r.text}`);
	return Object.fromEntries(new URL(r.location).searchParams);
}

/** A whole sign-in; depotd's answer to the browser. */
async function signIn(login) {
	const b = await begin('real');
	assert.equal(b.status, 200, b.text);
	const browser = cookies(b)['__Host-oidc'];
	const params = await throughReal(b.json.url, login);
	return { params, browser, r: await back('real', params, browser) };
}

const b64 = (x) => Buffer.from(typeof x === 'string' || Buffer.isBuffer(x) ? x : JSON.stringify(x)).toString('base64url');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }), other = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }), ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = (pair, more) => ({ ...pair.publicKey.export({ format: 'jwk' }), ...more });
const KEYS = [jwk(rsa, { kid: 'rsa', use: 'sig' }), jwk(ec, { kid: 'ec', alg: 'ES256' }), jwk(weak, { kid: 'weak' }), jwk(other, { kid: 'enc', use: 'enc' }), { kty: 'OKP', crv: 'X', kid: 'strange' }];

/** A token with any header and signature. */
function token(claims, { header = {}, key = rsa, alg = 'RS256', mac } = {}) {
	const text = `${b64({ alg, kid: 'rsa', ...header })}.${b64(claims)}`;
	const signature = alg === 'none' ? Buffer.alloc(0)
		: mac !== undefined ? createHmac('sha256', mac).update(text).digest()
			: sign('sha256', Buffer.from(text), alg === 'ES256' ? { key: key.privateKey, dsaEncoding: 'ieee-p1363' }
				: alg === 'PS256' ? { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : key.privateKey);
	return `${text}.${b64(signature)}`;
}

before(async () => {
	const servers = [http.createServer(), http.createServer()];
	for (const s of servers) {
		s.listen(0, '127.0.0.1');
		await once(s, 'listening');
	}
	const [realPort, liarPort] = servers.map((s) => s.address().port);
	depotd = new Depotd({ depot, config: config(realPort, liarPort) });
	const file = join(depotd.dir, 'oidc.secret');
	writeFileSync(file, `${SECRET}\n`, { mode: 0o600 });
	const yaml = join(depotd.dir, 'depotd.yaml');
	writeFileSync(yaml, readFileSync(yaml, 'utf8').replace('SECRET', file));
	await depotd.start();
	const site = `https://localhost:${depotd.ports.console}`;
	const groups = { anna: ['night', 'canteen'], ben: ['admins'], carl: ['canteen'] };
	real = { server: servers[0], groups };
	real.provider = new Provider(`http://127.0.0.1:${realPort}`, {
		clients: [{ client_id: 'depotd', client_secret: SECRET, redirect_uris: [`${site}/api/v1/sign-in/with/real`], post_logout_redirect_uris: [`${site}/`], grant_types: ['authorization_code'], response_types: ['code'] }],
		pkce: { required: () => true }, // by the letter: claims of scopes are told by the userinfo endpoint alone
		claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
		features: { rpInitiatedLogout: { enabled: true }, devInteractions: { enabled: true } },
		findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id, groups: groups[id] ?? [] }) }),
	});
	servers[0].on('request', real.provider.callback());
	liar = { server: servers[1], issuer: `http://127.0.0.1:${liarPort}`, keys: KEYS, asked: [] };
	liar.discovery = { issuer: liar.issuer, authorization_endpoint: `${liar.issuer}/auth?x=1`, token_endpoint: `${liar.issuer}/token`, jwks_uri: `${liar.issuer}/keys` };
	servers[1].on('request', async (req, res) => {
		let body = '';
		for await (const d of req) body += d;
		liar.asked.push(`${req.url} ${body}`);
		if (req.url.startsWith('/userinfo')) return liar.userinfo(req, res);
		const json = req.url === '/keys' ? { keys: liar.keys } : req.url === '/token' ? { id_token: liar.token, ...liar.access } : liar.discovery;
		res.writeHead(200, { 'content-type': 'application/json' });
		res.end(JSON.stringify(json));
	});
});
after(async () => {
	for (const s of [real, liar]) {
		s?.server.closeAllConnections();
		s?.server.close();
	}
	await depotd?.clean();
});

describe('a provider that nobody here wrote', () => {
	test('anna signs in, with the role and nodes of her groups', async () => {
		assert.deepEqual((await depotd.https('GET', '/sign-in/with')).json.providers, [{ id: 'real', name: 'Fleet Ltd' }, { id: 'liar', name: 'Liar Ltd' }]);
		const { r } = await signIn('anna');
		assert.equal(r.status, 303, r.text);
		assert.equal(r.headers.location, '/');
		assert.match(r.headers['set-cookie'].find((c) => c.startsWith('__Host-sid=')), /Secure; HttpOnly; SameSite=Strict/);
		const s = (await ask(cookies(r)['__Host-sid'], '/session')).json;
		assert.deepEqual([s.name, s.role, s.nodes, s.user], ['anna@real', 'dispatcher', ['east'], true]);
		const row = (await depotd.api('GET', '/users')).json.users[0];
		assert.deepEqual([row.name, row.provider, row.subject, row.password, row.sessions], ['anna@real', 'real', 'anna', false, 1]);
		const rows = (await depotd.api('GET', '/audit?who=user:anna@real')).json.rows;
		assert.deepEqual(rows.map((x) => x.type).sort(), ['SignedIn', 'UserChanged', 'UserLinked']);
		assert.equal(rows.find((x) => x.type === 'SignedIn').payload.method, 'oidc');
	});

	test('other groups count at the next sign-in; without any that counts nobody comes in', async () => {
		real.groups.anna = ['admins'];
		assert.equal((await ask(cookies((await signIn('anna')).r)['__Host-sid'], '/session')).json.role, 'admin');
		const had = (await refusals()).length;
		const { r } = await signIn('carl');
		assert.equal(r.status, 403);
		assert.match(r.text, /no role in this depot/);
		assert.match(r.headers['content-type'], /text\/html/);
		assert.equal(r.headers['set-cookie'], undefined);
		await until('its line', async () => (await refusals()).length === had + 1);
		assert.ok(!(await depotd.api('GET', '/users')).json.users.some((u) => u.name.startsWith('carl')));
	});

	test('disabled here is disabled, whatever the provider says; the role is not ours to change', async () => {
		assert.match((await depotd.api('PUT', '/users/anna@real', { role: 'viewer' })).json.detail, /comes from real/);
		assert.equal((await depotd.api('POST', '/users/anna@real/reset')).status, 409);
		assert.equal((await depotd.api('PUT', '/users/anna@real', { role: 'admin', disabled: true })).status, 200);
		const { r } = await signIn('anna');
		assert.equal(r.status, 403);
		assert.match(r.text, /disabled here/);
		assert.equal((await depotd.api('PUT', '/users/anna@real', { role: 'admin' })).status, 200);
		assert.equal((await signIn('anna')).r.status, 303);
	});

	test('users of a provider outlive depotd; signing out ends the session here and leads to the provider', async () => {
		const port = depotd.ports.console;
		await depotd.stop();
		writeFileSync(join(depotd.dir, 'depotd.yaml'), readFileSync(join(depotd.dir, 'depotd.yaml'), 'utf8').replace('console: {address: 127.0.0.1, port: 0}', `console: {address: 127.0.0.1, port: ${port}}`));
		await depotd.start();
		assert.equal((await depotd.api('GET', '/users')).json.users.find((u) => u.name === 'anna@real').subject, 'anna');
		const sid = cookies((await signIn('anna')).r)['__Host-sid'];
		const s = (await ask(sid, '/session')).json;
		const out = await depotd.https('POST', '/sign-out', {}, { cookie: `__Host-sid=${sid}`, origin: `https://localhost:${port}`, 'x-csrf-token': s.csrf, 'content-type': 'application/json' });
		assert.match(out.json.url, /\/session\/end\?client_id=depotd&post_logout_redirect_uri=https%3A%2F%2Flocalhost/);
		assert.equal((await get(out.json.url)).status, 200, 'the provider asks whether to sign out');
		assert.equal((await ask(sid, '/session')).status, 401);
	});

	test('a second factor that was set up here is asked for too', async () => {
		const sid = cookies((await signIn('ben')).r)['__Host-sid'];
		const s = (await ask(sid, '/session')).json;
		const post = (m, p, b, cookie = `__Host-sid=${sid}`) => depotd.https(m, p, b, { cookie, origin: `https://localhost:${depotd.ports.console}`, 'x-csrf-token': s.csrf, 'content-type': 'application/json' });
		const { secret } = (await post('POST', '/second-factor', {})).json;
		const { recovery } = (await post('PUT', '/second-factor', { code: totp(secret) })).json;
		assert.equal((await post('POST', '/password', { new: 'a long password here' })).status, 409);
		const { r } = await signIn('ben');
		assert.deepEqual([r.status, r.headers.location, cookies(r)['__Host-sid']], [303, '/#second-factor', undefined]);
		const browser = `__Host-oidc=${cookies(r)['__Host-oidc']}`;
		assert.equal((await post('POST', '/sign-in', { factor: recovery[0] }, '__Host-oidc=other')).status, 401);
		assert.equal((await post('POST', '/sign-in', { factor: '000000' }, browser)).status, 401);
		const inside = await post('POST', '/sign-in', { factor: recovery[0] }, browser);
		assert.deepEqual([inside.status, inside.json?.name], [200, 'ben@real'], inside.text);
		assert.equal((await post('POST', '/sign-in', { factor: recovery[1] }, browser)).status, 401, 'once');
	});

	test('what was answered once, or begun elsewhere, is refused; one audit line each', async () => {
		const first = await signIn('anna');
		const mine = await begin('real'), hers = await begin('real');
		const params = await throughReal(mine.json.url, 'anna');
		const cases = [
			['the same answer again', 'real', first.params, first.browser, 401, /answered already/],
			['no state', 'real', { code: 'x' }, first.browser, 400, /no state/],
			['a state that nobody sent', 'real', { ...params, state: 'x'.repeat(43) }, cookies(mine)['__Host-oidc'], 401, /nobody began/],
			['another browser', 'real', params, cookies(hers)['__Host-oidc'], 401, /another browser/],
			['no browser', 'real', params, '', 401, /another browser/],
			['another provider', 'liar', params, cookies(mine)['__Host-oidc'], 401, /another provider/],
		];
		for (const [what, id, p, browser, status, why] of cases) {
			const had = (await refusals()).length;
			const r = await back(id, p, browser);
			assert.deepEqual([r.status, why.test(r.text), r.headers['set-cookie']], [status, true, undefined], `${what}: ${r.status} ${r.text}`);
			if (status === 400) continue; // malformed: nobody was refused anything
			await until(`the line of ${what}`, async () => (await refusals()).length === had + 1);
			assert.match((await refusals())[0].why, why, what);
		}
		const again = await begin('real');
		const p2 = await throughReal(again.json.url, 'anna');
		for (const [what, change, why] of [['a code of another sign-in', { code: first.params.code }, /does not take the code/], ['another issuer', { iss: 'https://evil.example' }, /another provider/]]) {
			const b = await begin('real');
			const p = what.startsWith('a code') ? { ...(await throughReal(b.json.url, 'anna')), ...change } : { ...p2, ...change };
			const r = await back('real', p, cookies(what.startsWith('a code') ? b : again)['__Host-oidc']);
			assert.deepEqual([r.status, why.test(r.text)], [401, true], `${what}: ${r.text}`);
		}
		const { iss, ...without } = await throughReal((await begin('real')).json.url, 'anna');
		assert.match(iss, /^http:/);
		const b3 = await begin('real');
		const { iss: _, ...p3 } = await throughReal(b3.json.url, 'anna');
		assert.match((await back('real', p3, cookies(b3)['__Host-oidc'])).text, /does not say which provider/);
		assert.ok(without.code);
	});

	test('no address in the answer leads anywhere else, and no words of it become markup', async () => {
		const b = await begin('real');
		const p = await throughReal(b.json.url, 'anna');
		const r = await back('real', { ...p, redirect_uri: 'https://evil.example', next: '//evil.example', return_to: 'https://evil.example' }, cookies(b)['__Host-oidc']);
		assert.deepEqual([r.status, r.headers.location], [303, '/']);
		const b2 = await begin('real');
		const state = new URL(b2.json.url).searchParams.get('state');
		const no = await back('real', { state, error: '<script>alert(1)</script>', error_description: '<b>' }, cookies(b2)['__Host-oidc']);
		assert.equal(no.status, 401);
		assert.ok(!/<script|<b>/.test(no.text), no.text);
	});

	test('beginning needs a page of ours; PKCE by S256, state and nonce are new each time', async () => {
		assert.equal((await depotd.https('POST', '/sign-in/with/real', {}, { origin: 'https://evil.example', 'content-type': 'application/json' })).status, 403);
		assert.equal((await begin('nobody')).status, 404);
		const [a, b] = [await begin('real'), await begin('real')].map((r) => new URL(r.json.url).searchParams);
		for (const k of ['state', 'nonce', 'code_challenge']) {
			assert.notEqual(a.get(k), b.get(k));
			assert.equal(a.get(k).length, 43);
		}
		assert.deepEqual([a.get('code_challenge_method'), a.get('response_type'), a.get('scope')], ['S256', 'code', 'openid profile']);
	});
});

/** The code of a secret in base32 now (RFC 6238). */
function totp(secret) {
	const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
	const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))).update(counter).digest();
	return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

describe('a provider that lies', () => {
	/** One sign-in that ends with the token that `make` gives; depotd's answer. */
	async function lie(make) {
		const b = await begin('liar');
		assert.equal(b.status, 200, b.text);
		const q = new URL(b.json.url).searchParams, now = Math.floor(Date.now() / 1000);
		assert.equal(q.get('x'), '1', 'what the address had stays');
		liar.token = make({ iss: liar.issuer, sub: 'mallory', aud: 'depotd', exp: now + 300, iat: now, nonce: q.get('nonce'), realm: { roles: ['night'] } });
		liar.challenge = q.get('code_challenge');
		return back('liar', { state: q.get('state'), code: 'c' }, cookies(b)['__Host-oidc']);
	}
	const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });

	test('a good token is taken: RS256, PS256, ES256; roles by a pointer; the verifier is that of the challenge', async () => {
		for (const make of [(c) => token(c), (c) => token(c, { alg: 'PS256' }), (c) => token(c, { alg: 'ES256', key: ec, header: { kid: 'ec' } }), (c) => token({ ...c, aud: ['depotd'], azp: 'depotd' })]) {
			const r = await lie(make);
			assert.equal(r.status, 303, r.text);
			assert.deepEqual((await ask(cookies(r)['__Host-sid'], '/session')).json.role, 'dispatcher');
		}
		const verifier = new URLSearchParams(liar.asked.findLast((x) => x.startsWith('/token ')).slice(7)).get('code_verifier');
		assert.equal(createHash('sha256').update(verifier).digest('base64url'), liar.challenge);
	});

	const none = (c, header) => token(c, { alg: 'none', header });
	const raw = (text) => () => text;
	const bad = [
		['alg none', (c) => none(c), /signed by none/],
		['alg None', (c) => none(c, { alg: 'None' }), /signed by None/],
		['HS256 with the public key as its secret (PEM)', (c) => token(c, { alg: 'HS256', mac: pem }), /signed by HS256/],
		['HS256 with the modulus', (c) => token(c, { alg: 'HS256', mac: Buffer.from(KEYS[0].n, 'base64url') }), /signed by HS256/],
		['HS256 with no secret', (c) => token(c, { alg: 'HS256', mac: '' }), /signed by HS256/],
		['RS512 by name', (c) => token(c, { header: { alg: 'RS512' } }), /signed by RS512/],
		['ES256 by name with the RSA key', (c) => token(c, { header: { alg: 'ES256' } }), /no such key/],
		['RS256 by name with the EC key', (c) => token(c, { header: { kid: 'ec' } }), /no such key/],
		['a key of another', (c) => token(c, { key: other }), /signature .* wrong/],
		['a key that the token brings (jwk)', (c) => token(c, { key: other, header: { jwk: jwk(other) } }), /signature .* wrong/],
		['a key by address (jku)', (c) => token(c, { key: other, header: { jku: `${liar.issuer}/evil` } }), /signature .* wrong/],
		['an unknown kid', (c) => token(c, { header: { kid: 'new' } }), /no such key/],
		['a kid like a path', (c) => token(c, { key: other, header: { kid: '../../dev/null' } }), /no such key/],
		['a kid like SQL', (c) => token(c, { key: other, header: { kid: "' OR 1=1 --" } }), /no such key/],
		['no kid where several fit', (c) => token(c, { header: { kid: undefined } }), /no such key/],
		['a key for encryption', (c) => token(c, { key: other, header: { kid: 'enc' } }), /no such key/],
		['a key that is too short', (c) => token(c, { key: weak, header: { kid: 'weak' } }), /signature .* wrong/],
		['critical extensions', (c) => token(c, { header: { crit: ['b64'], b64: false } }), /critical/],
		['an access token', (c) => token(c, { header: { typ: 'at+jwt' } }), /no ID token/],
		['claims changed', (c) => { const [h, , s] = token(c).split('.'); return `${h}.${b64({ ...c, sub: 'root' })}.${s}`; }, /signature .* wrong/],
		['no signature', (c) => token(c).replace(/[^.]*$/, ''), /signature .* wrong/],
		['a letter more', (c) => `${token(c)}A`, /signature .* wrong/],
		['a fourth part', (c) => `${token(c)}.x`, /cannot be read/],
		['encrypted', () => 'a.b.c.d.e', /cannot be read/],
		['no token at all', raw('x'), /cannot be read/],
		['padding', (c) => token(c).replace('.', '=.'), /cannot be read/],
		['another issuer', (c) => token({ ...c, iss: `${liar.issuer}/` }), /another issuer/],
		['for another client', (c) => token({ ...c, aud: 'other' }), /another client/],
		['for us and another', (c) => token({ ...c, aud: ['depotd', 'other'], azp: 'depotd' }), /another client/],
		['for nobody', (c) => token({ ...c, aud: [] }), /another client/],
		['for a number', (c) => token({ ...c, aud: 7 }), /another client/],
		['azp of another', (c) => token({ ...c, azp: 'other' }), /another party/],
		['expired', (c) => token({ ...c, exp: c.iat - 300 }), /expired/],
		['no end', (c) => token({ ...c, exp: undefined }), /claims .* cannot be read/],
		['an end in words', (c) => token({ ...c, exp: 'never' }), /claims .* cannot be read/],
		['of tomorrow', (c) => token({ ...c, iat: c.iat + 86400 }), /future/],
		['not yet', (c) => token({ ...c, nbf: c.iat + 3600 }), /not count yet/],
		['another nonce', (c) => token({ ...c, nonce: 'x' }), /nonce/],
		['no nonce', (c) => token({ ...c, nonce: undefined }), /nonce/],
		['nobody', (c) => token({ ...c, sub: '' }), /claims .* cannot be read/],
		['a name that is too long', (c) => token({ ...c, sub: 'x'.repeat(256) }), /claims .* cannot be read/],
		['the same claim twice', (c) => { const h = b64({ alg: 'RS256', kid: 'rsa' }), p = b64(`{"sub":"x",${JSON.stringify(c).slice(1)}`); return `${h}.${p}.${b64(sign('sha256', Buffer.from(`${h}.${p}`), rsa.privateKey))}`; }, /claims .* cannot be read/],
	];
	test('each of its tokens is refused with 401 and one audit line', async () => {
		const users = (await depotd.api('GET', '/users')).json.users.length, before = (await refusals()).length;
		for (const [what, make, why] of bad) {
			const r = await lie(make);
			assert.deepEqual([r.status, cookies(r)['__Host-sid']], [401, undefined], `${what}: ${r.status} ${r.text}`);
			assert.match(r.text.replaceAll('&#39;', "'"), why, what);
		}
		await until('the lines', async () => (await refusals()).length >= before + bad.length);
		const lines = (await refusals()).slice(0, -before || undefined).reverse();
		assert.equal(lines.length, bad.length, 'one each');
		bad.forEach(([what, , why], i) => {
			assert.match(lines[i].why, why, what);
			ours.prove(what, 401);
		});
		assert.equal((await depotd.api('GET', '/users')).json.users.length, users);
		assert.ok(bad.length >= 40);
	});

	test('no role: 403; names with anything in them become names that the journal can hold', async () => {
		assert.equal((await lie((c) => token({ ...c, sub: 'nobody', realm: { roles: ['canteen'] } }))).status, 403);
		assert.equal((await lie((c) => token({ ...c, sub: 'n2', realm: 'night' }))).status, 403);
		const named = async (sub, preferred_username) => (await ask(cookies(await lie((c) => token({ ...c, sub, preferred_username })))['__Host-sid'], '/session')).json.name;
		assert.equal(await named('s1', '../\n<b>anna</b>'), '..<b>anna<b>@liar');
		assert.equal(await named('s2', 'é'.repeat(60)), `${'é'.repeat(20)}@liar`);
		assert.equal(await named('s3', 'same'), 'same@liar');
		assert.match(await named('s4', 'same'), /^user-[0-9a-f]{16}@liar$/, 'two people are not one');
		assert.equal(await named('s3', 'renamed'), 'same@liar', 'who they are is their subject');
	});

	test('what the ID token lacks the userinfo endpoint may say, of the same person', async () => {
		liar.access = { access_token: 'the-access.token', token_type: 'bearer' };
		const asked = [];
		const answer = (body, status = 200, headers = { 'content-type': 'application/json' }) => (req, res) => {
			asked.push([req.method, req.url, req.headers.authorization]);
			res.writeHead(status, headers);
			res.end(typeof body === 'string' ? body : JSON.stringify(body));
		};
		const without = (c) => token({ ...c, sub: 'uma', realm: undefined });
		const d = liar.discovery;
		const take = async (userinfo, make = without) => {
			liar.userinfo = userinfo;
			const r = await lie(make);
			return { r, session: r.status === 303 ? (await ask(cookies(r)['__Host-sid'], '/session')).json : undefined };
		};
		assert.equal((await take(answer({ sub: 'uma', realm: { roles: ['night'] } }))).r.status, 403, 'no such endpoint was named when it was asked');
		assert.deepEqual(asked, []);
		/* depotd keeps the document for an hour: another depotd reads it with the endpoint in it. */
		const old = depotd;
		liar.discovery = { ...d, userinfo_endpoint: `${liar.issuer}/userinfo` };
		const userinfo = { sub: 'uma', preferred_username: 'uma', realm: { roles: ['night'] } };
		const refused = [
			['of another', answer({ ...userinfo, sub: 'root' }), 401, /somebody else/],
			['of nobody', answer({ ...userinfo, sub: undefined }), 401, /cannot be read/],
			['of a list', answer({ ...userinfo, sub: ['uma'] }), 401, /cannot be read/],
			['of two', answer('{"sub":"root","sub":"uma","realm":{"roles":["night"]}}'), 401, /cannot be read/],
			['huge', answer({ ...userinfo, x: 'x'.repeat(100000) }), 502, /does not give its userinfo/],
			['no JSON', answer('<html>', 200, { 'content-type': 'text/html' }), 401, /cannot be read/],
			['nothing', answer(''), 401, /cannot be read/],
			['led elsewhere', answer('', 302, { location: `${liar.issuer}/userinfo2` }), 401, /answers 302/],
			['an error with good words', answer(userinfo, 403), 401, /answers 403/],
		];
		try {
			depotd = await new Depotd({ depot, config: config(1, Number(new URL(liar.issuer).port)).replace(/ {4}- id: real[^]*?(?= {4}- id: liar)/, '') }).start();
			const good = await take(answer(userinfo));
			assert.deepEqual([good.session?.name, good.session?.role, good.session?.nodes], ['uma@liar', 'dispatcher', ['east']], good.r.text);
			assert.deepEqual(asked, [['GET', '/userinfo', 'Bearer the-access.token']]);
			for (const [what, how, status, why] of refused) {
				const had = (await refusals()).length;
				const { r } = await take(how);
				assert.deepEqual([r.status, why.test(r.text), cookies(r)['__Host-sid']], [status, true, undefined], `${what}: ${r.status} ${r.text}`);
				if (status !== 502) await until(`the line of ${what}`, async () => (await refusals()).length === had + 1);
				ours.prove(`userinfo: ${what}`, status);
			}
			assert.ok(!asked.some(([, url]) => url === '/userinfo2'), 'nobody was followed');
			const said = await take(answer({ ...userinfo, realm: { roles: ['admins'] } }), (c) => token({ ...c, sub: 'uma' }));
			assert.equal(said.session.role, 'dispatcher', 'the ID token goes first');
			const n = asked.length;
			assert.equal((await take(answer(userinfo), (c) => token({ ...c, sub: 'uma', preferred_username: 'uma' }))).session.role, 'dispatcher');
			assert.equal(asked.length, n, 'nothing lacks: nobody is asked');
			for (const bad of ['a b', 'x\r\nX-Y: z', 'é']) {
				liar.access = { access_token: bad, token_type: 'Bearer' };
				assert.equal((await take(answer(userinfo))).r.status, 403, 'no token that can be shown');
			}
			assert.equal(asked.length, n);
			await depotd.clean();
			liar.access = { access_token: 'x', token_type: 'Bearer' };
			depotd = await new Depotd({ depot, config: config(1, Number(new URL(liar.issuer).port)).replace(/ {4}- id: real[^]*?(?= {4}- id: liar)/, '').replace('role_claim: /realm/roles', 'role_claim: /realm/roles\n      userinfo: false') }).start();
			assert.equal((await take(answer(userinfo))).r.status, 403);
			assert.equal(asked.length, n, 'by the config');
		} finally {
			if (depotd !== old) await depotd.clean();
			depotd = old;
			liar.discovery = d;
			liar.access = undefined;
		}
		assert.deepEqual(ours.rest(), [], 'all that the matrix claims of tokens and userinfo was tried');
	});

	test('new keys are found when the provider signs with them', async () => {
		const fresh = generateKeyPairSync('rsa', { modulusLength: 2048 });
		liar.keys = [jwk(fresh, { kid: 'fresh' })];
		await until('the new key', async () => (await lie((c) => token(c, { key: fresh, header: { kid: 'fresh' } }))).status === 303, 20000);
		assert.equal(createPublicKey(fresh.privateKey).asymmetricKeyType, 'rsa');
	});

	test('a discovery document of another, without https, or without S256 ends in 502 and no way there', async () => {
		const cases = [[{ issuer: 'https://evil.example' }, /another issuer/], [{ token_endpoint: 'http://evil.example/token' }, /not https/], [{ jwks_uri: 'file:///etc/passwd' }, /not https/], [{ userinfo_endpoint: 'http://evil.example/userinfo' }, /not https/],
			[{ authorization_endpoint: 'javascript:alert(1)' }, /not https/], [{ code_challenge_methods_supported: ['plain'] }, /S256/]];
		const rows = cases.map((_, i) => `    - {id: x${i}, name: L, issuer: "${liar.issuer}/x${i}", client_id: depotd, http_on_loopback: true, roles: [{value: x, role: viewer}]}\n`);
		const d = await new Depotd({ depot, config: `people:\n  providers:\n${rows.join('')}` }).start();
		for (const [i, [change, why]] of cases.entries()) {
			liar.discovery = { issuer: `${liar.issuer}/x${i}`, authorization_endpoint: `${liar.issuer}/auth`, token_endpoint: `${liar.issuer}/token`, jwks_uri: `${liar.issuer}/keys`, ...change };
			const r = await d.https('POST', `/sign-in/with/x${i}`, {}, { origin: `https://localhost:${d.ports.console}`, 'content-type': 'application/json' });
			assert.equal(r.status, 502, r.text);
			assert.match(r.json.detail, why);
		}
		await d.clean();
	});

	test('what the config cannot mean is refused at the start', async () => {
		const row = (more) => `people:\n  providers:\n    - {id: x, name: X, client_id: c, issuer: "https://x.example", roles: [{value: v, role: viewer}], ${more}}\n`;
		const start = async (config) => {
			const d = new Depotd({ depot, config });
			const r = spawnSync(join(BUILD, 'depotd'), ['--config', join(d.dir, 'depotd.yaml'), '--data', d.data], { encoding: 'utf8', timeout: 20000 });
			await d.clean();
			assert.equal(r.status, 1);
			return r.stderr;
		};
		assert.match(await start(row('client_secret_file: /nowhere')), /no secret could be read/);
		assert.match(await start(row('x: 1').replace(', x: 1', '').replace('https:', 'http:')), /must be an https address/);
		assert.match(await start(row('scopes: [profile]').replace('role: viewer', 'role: king')), /no role king/);
		assert.match(await start(row('scopes: [profile]').replace('role: viewer', 'role: viewer, nodes: [nowhere]')), /no node nowhere/);
	});
});
