// Security profile 3 from outside: stations with certificates, good and hostile ones, made by openssl.
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import http from 'node:http';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { BUILD, Depotd, until } from './harness.mjs';
import { matrix } from './matrix.mjs';
import { PASSWORD, Station, basic, register } from './peer.mjs';
import { Ca, P192, RSA, request } from './pki.mjs';

let lists; // a server of revocation lists: lists.say is its answer
let d, root, sub, maker, other, port;
const made = {}; // certificates by name
const ours = matrix.filter((r) => r.file === 'tests/e2e/profile3.test.mjs'), tried = new Set(); // rows of the matrix
let told = 0; // refusals that the journal must have

const pki = (...p) => join(d.data, 'pki', ...p);
const identity = async (id) => (await d.api('GET', `/stations/${id}/identity`)).json;
const refusals = async () => (await d.api('GET', '/journal?stream=gate/&limit=1000')).json.events
	.filter((e) => e.type === 'StationRefused').map((e) => ({ seq: e.seq, ...e.payload }));

/** A TLS handshake and an upgrade: { status } of HTTP, or { error } of TLS. */
function attempt({ id = 'P3-1', path = `/ocpp/${id}`, to = port(), headers = '', ...options } = {}) {
	return new Promise((ok) => {
		let got = '', session;
		const s = tls.connect({
			host: '127.0.0.1', port: to, servername: 'localhost', ca: readFileSync(d.root()), ...options,
		});
		const end = (r) => { s.destroy(); ok({ version, cipher, session, ...r }); };
		let version, cipher;
		s.on('secureConnect', () => {
			version = s.getProtocol();
			cipher = s.getCipher().name;
			s.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
				`Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
				`Sec-WebSocket-Protocol: ocpp2.0.1\r\n${headers}\r\n`);
		});
		s.on('session', (ticket) => (session = ticket));
		s.on('data', (bytes) => {
			got += bytes;
			const m = /^HTTP\/1\.1 (\d+)/.exec(got);
			if (m) end({ status: Number(m[1]) });
		});
		s.on('error', (e) => end({ error: e.code }));
		s.on('close', () => end({ error: 'closed' }));
	});
}

/** One that must not come in: its HTTP status or alert, and exactly one line in the journal, which says why. */
async function refused(what, options, expected, why, more = {}) {
	const row = ours.find((r) => r.words === what);
	assert.equal(row?.expects, typeof expected === 'number' ? expected : 'TLS alert', `${what}, in matrix.mjs`);
	tried.add(row);
	const seen = new Set((await refusals()).map((r) => r.seq));
	const r = await attempt(options);
	if (typeof expected === 'number') assert.equal(r.status, expected, `${what}: ${JSON.stringify(r)}`);
	else assert.match(r.error ?? `status ${r.status}`, expected, what);
	const lines = await until(`a line about ${what}`, async () => {
		const now = (await refusals()).filter((e) => !seen.has(e.seq));
		return now.length ? now : null;
	});
	assert.equal(lines.length, 1, `${what}: ${JSON.stringify(lines)}`);
	assert.match(lines[0].why, why, what);
	assert.equal(lines[0].peer, '127.0.0.1');
	told++;
	for (const [k, v] of Object.entries(more)) assert.equal(lines[0][k], v, `${what}: ${k}`);
	return lines[0];
}

/** A station on security profile 3, connected; `boot` says its serial number. */
async function connected(id, certificate, { serial, handlers, protocols } = {}) {
	const s = new Station(d, id, { handlers });
	s.options = { ...(protocols && { protocols }), ...client(certificate), ca: readFileSync(d.root()), servername: 'localhost', checkServerIdentity: () => undefined };
	s.url = `wss://127.0.0.1:${port()}/ocpp/${id}`;
	await s.connect();
	s.boots = () => s.call('BootNotification', { reason: 'PowerUp',
		chargingStation: { model: 'M', vendorName: 'V', ...(serial && { serialNumber: serial }) } });
	return s;
}

before(async () => {
	lists = http.createServer((req, res) => (lists.say ? res.end(lists.say) : res.writeHead(404).end()));
	await new Promise((ok) => lists.listen(0, '127.0.0.1', ok));
	root = new Ca('Depot Root');
	sub = new Ca('Depot Stations', { by: root });
	maker = new Ca('Maker Root');
	other = new Ca('Depot Root'); // the same name, another key
	d = new Depotd({
		depot: `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 600000}
stations:
  - {id: CP-1, node: site, security_profile: 3, serial: SN-FILE, evses: [{id: 1, kind: ac, max_w: 22000}]}
`,
		listen: '  profile3: {address: 127.0.0.1, port: 0}\n',
		config: `limits: {refusals_per_min: 1000}
trust: {organizations: [Depot Test], crls: [{url: "http://127.0.0.1:${lists.address().port}/stations.crl", issuer: ${sub.dir}/ca.pem}]}
`,
	});
	mkdirSync(pki('station-roots'), { recursive: true });
	mkdirSync(pki('manufacturers'), { recursive: true });
	writeFileSync(pki('station-roots', 'operator.pem'), root.pem);
	writeFileSync(pki('manufacturers', 'maker.pem'), maker.pem);
	await d.start();
	port = () => d.ports.profile3;
	await register(d, 'P3-1', { serial: 'SN-0001', security_profile: 3 });
	await register(d, 'P3-2', { serial: 'SN-0002' });
	made.one = sub.issue({ cn: 'SN-0001' });
	made.two = sub.issue({ cn: 'SN-0002' });
});

after(async () => {
	lists?.close();
	await d?.clean();
	for (const ca of [root, sub, maker, other]) ca?.clean();
});

const client = (certificate) => ({ key: certificate.key, cert: certificate.cert });

test('rule 6: a station with its certificate comes in, says its serial number, and stays on profile 3', async () => {
	const s = await connected('P3-2', made.two, { serial: 'SN-0002' });
	assert.equal((await s.boots()).status, 'Accepted');
	await until('the floor to rise', async () => (await identity('P3-2')).security_profile === 3);
	const i = await identity('P3-2');
	assert.deepEqual([i.serial, i.serial_source, i.connected_profile, i.certificate.common_name, i.certificate.expired, i.certificate.factory],
		['SN-0002', 'api', 3, 'SN-0002', false, false]);
	assert.match(i.certificate.issuer, /CN=Depot Stations/);
	await s.close();
});

test('rule 6: the serial number of a BootNotification is that of the certificate (B01.FR.12)', async () => {
	for (const serial of ['SN-0002', 'sn-0001', undefined]) {
		const before = (await refusals()).length;
		const s = await connected('P3-1', made.one, { serial });
		await assert.rejects(s.boots(), /closed with 1008/);
		const lines = await until('the line', async () => { const l = await refusals(); return l.length > before && l; });
		assert.equal(lines.length, before + 1);
		told++;
		const last = lines.reduce((a, b) => (a.seq > b.seq ? a : b));
		assert.deepEqual([last.status, last.station], [1008, 'P3-1']);
		assert.match(last.why, /B01\.FR\.12/);
	}
	const s = await connected('P3-1', made.one, { serial: 'SN-0001' });
	assert.equal((await s.boots()).status, 'Accepted');
	await s.close();
});

describe('rule 6: hostile certificates', () => {
	test('rule 6: paths that lead to none of our roots', async () => {
		await refused('another authority of the same name', client(other.issue({ cn: 'SN-0001' })), /UNKNOWN_CA|DECRYPT_ERROR|BAD_CERTIFICATE/, /path|issuer|signature|certificate/i, { common_name: 'SN-0001', status: 0 });
		const self = new Ca('x', { extensions: 'keyUsage=critical,digitalSignature' });
		await refused('one that signed itself', { key: readFileSync(join(self.dir, 'ca.key')), cert: self.pem }, /UNKNOWN_CA/, /self-signed/);
		self.clean();
		await refused('the authority between is missing', { key: made.one.key, cert: made.one.leaf }, /UNKNOWN_CA/, /issuer/);
		const leafAsCa = new Ca('SN-0002', { by: sub, extensions: 'keyUsage=critical,digitalSignature' });
		await refused('one that a station signed', client(leafAsCa.issue({ cn: 'SN-0001' })), /CERT|CA/, /CA|issuer|usage/i);
		const last = new Ca('Last', { by: root, extensions: 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign' });
		const tooDeep = new Ca('Too deep', { by: last });
		await refused('a path longer than allowed', client(tooDeep.issue({ cn: 'SN-0001' })), /CERT|CA/, /path length/);
		const bound = new Ca('Bound', { by: root, extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nnameConstraints=critical,permitted;dirName:only\n[only]\nO=Elsewhere' });
		await refused('a name that its authority may not give', client(bound.issue({ cn: 'SN-0001' })), /CERT/, /permitted subtree/);
		for (const ca of [leafAsCa, last, tooDeep, bound]) ca.clean();
	});

	test('rule 6: certificates whose time is not now', async () => {
		await refused('an expired one', client(sub.issue({ cn: 'SN-0001', from: -20, to: -1 })), /CERTIFICATE_EXPIRED/, /expired/);
		await refused('one that is not valid yet', client(sub.issue({ cn: 'SN-0001', from: 2, to: 9 })), /CERT/, /not yet valid/);
	});

	test('rule 6: weak keys and signatures', async () => {
		const weak = { ciphers: 'ALL:@SECLEVEL=0' };
		await refused('RSA 1024', { ...client(sub.issue({ cn: 'SN-0001', key: RSA(1024) })), ...weak }, /./, /too weak|too small/);
		await refused('SHA-1', { ...client(sub.issue({ cn: 'SN-0001', digest: 'sha1' })), ...weak }, /./, /digest|md too weak/);
		await refused('a curve of 192 bits', { ...client(sub.issue({ cn: 'SN-0001', key: P192 })), ...weak, ecdhCurve: 'auto', maxVersion: 'TLSv1.2' }, /./, /too weak|too small|not allowed|curve/);
		const small = new Ca('Small', { by: root, key: RSA(1024) });
		await refused('an authority with RSA 1024', { ...client(small.issue({ cn: 'SN-0001' })), ...weak }, /./, /too weak|too small/);
		small.clean();
	});

	test('rule 6: names that look like another', async () => {
		const names = [
			['in other capitals', 'sn-0001', 403, /not the station's serial/],
			['with a blank behind', 'SN-0001 ', 403, /not the station's serial/],
			['with percent signs', 'SN%2D0001', 403, /not the station's serial/],
			['that has it inside', 'XSN-0001X', 403, /not the station's serial/],
			['of the OCPP identity', 'P3-1', 403, /not the station's serial/],
			['that matches all', '*', 403, /not the station's serial/],
			['of a URL', 'https:\\/\\/SN-0001', /CERT/, /URL/],
			['of an address', '192.0.2.7', /CERT/, /IP address/],
		];
		for (const [what, cn, expected, why] of names)
			await refused(`a name ${what}`, client(sub.issue({ cn })), expected, why);
		for (const [what, byte] of [['NUL', '\0'], ['a line end', '\n'], ['an escape', '\x1b']])
			await refused(`a name with ${what} behind`, client(sub.forge(sub.issue({ cn: 'SN-0001X' }), 'SN-0001X', `SN-0001${byte}`)),
				/CERT/, /control characters/, { common_name: undefined });
		await refused('no name', client(sub.issue({ subject: '/O=Depot Test/OU=SN-0001' })), /CERT/, /no CN/);
		await refused('two names', client(sub.issue({ subject: '/O=Depot Test/CN=SN-0002/CN=SN-0001' })), /CERT/, /more than one CN/);
		await refused('no organization', client(sub.issue({ subject: '/CN=SN-0001' })), /CERT/, /no O/);
		await refused('another organization', client(sub.issue({ cn: 'SN-0001', o: 'Depot Testers' })), 403, /trust\.organizations/);
	});

	test('rule 6: certificates for something else', async () => {
		await refused('an authority as a station', client(sub.issue({ cn: 'SN-0001', extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,keyCertSign' })), /CERT/, /of an authority/);
		await refused('a key that must not sign', client(sub.issue({ cn: 'SN-0001', extensions: 'keyUsage=critical,keyEncipherment' })), /CERT/, /key usage/);
		await refused("a maker's where nobody allowed it", client(maker.issue({ cn: 'SN-0001' })), 403, /maker's/);
		const r = await attempt(client(sub.issue({ cn: 'SN-0001', extensions: 'extendedKeyUsage=serverAuth' })));
		assert.equal(r.status, 101, 'no extended key usage is asked for (A00.FR.514)');
	});

	test('rule 6: the certificate of another, or none', async () => {
		await refused("another station's", client(made.two), 403, /not the station's serial/, { station: 'P3-1', common_name: 'SN-0002' });
		await refused('a user that is not the identity', { ...client(made.one), headers: `Authorization: ${basic('P3-2')}\r\n` }, 403, /Basic header/);
		await refused('a station that nobody registered', { ...client(made.one), id: 'P3-9' }, 404, /nobody registered/);
		await refused('a path behind the identity', { ...client(made.one), path: '/ocpp/P3-1%2F..' }, 404, /./);
		await register(d, 'P3-BARE');
		await refused('a station without a known serial number', { ...client(made.one), id: 'P3-BARE' }, 403, /serial number/);
		assert.equal((await attempt({ ...client(made.one), path: '/ocpp/P3%2D1' })).status, 101, 'an escaped identity is the same');
		for (const version of ['TLSv1.2', 'TLSv1.3'])
			await refused(`no certificate by ${version}`, { minVersion: version, maxVersion: version },
				version === 'TLSv1.3' ? /CERTIFICATE_REQUIRED/ : /HANDSHAKE_FAILURE/, /showed no certificate/, { common_name: undefined });
	});

	test('rule 6: a resumed session does not stand for a certificate', async () => {
		for (const version of ['TLSv1.2', 'TLSv1.3']) {
			const fixed = { minVersion: version, maxVersion: version };
			const s = tls.connect({ host: '127.0.0.1', port: port(), ca: readFileSync(d.root()), servername: 'localhost', ...client(made.one), ...fixed });
			await new Promise((ok, bad) => s.on('secureConnect', ok).on('error', bad));
			const session = s.getSession();
			s.destroy();
			await refused(`a session of before by ${version}`, { session, ...fixed }, /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/, /showed no certificate/);
		}
	});

	test('rules 5, 6: TLS below 1.2, and suites that are not allowed', async () => {
		const old = { ...client(made.one), ciphers: 'ALL:@SECLEVEL=0' };
		await refused('TLS 1.1', { ...old, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' }, /PROTOCOL_VERSION/, /below 1\.2/);
		for (const ciphers of ['AES128-SHA', 'ECDHE-RSA-AES128-SHA256', 'DHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-SHA'])
			await refused(ciphers, { ...client(made.one), ciphers: `${ciphers}:@SECLEVEL=0`, maxVersion: 'TLSv1.2' }, /HANDSHAKE_FAILURE/, /no cipher suite/);
	});

	test('rules 6, 7: the wrong listener', async () => {
		const password = `Authorization: ${basic('P3-1')}\r\n`;
		await refused('a login of profile 2', { to: d.ports.profile2, headers: password }, 403, /higher security profile/, { profile: 2 });
		await refused('a certificate on the port of profile 2', { to: d.ports.profile2, ...client(made.one) }, 401, /password/, { profile: 2, common_name: undefined });
		const seen = (await refusals()).length;
		await assert.rejects(new Station(d, 'P3-1').connect(), (e) => e.status === 403);
		const lines = await until('the line', async () => { const l = await refusals(); return l.length > seen && l; });
		assert.equal(lines.length, seen + 1);
		told++;
	});

	test('rule 6: not one line more than refusals', async () => {
		assert.ok(told >= 50, `${told} attempts`);
		assert.equal((await refusals()).length, told);
	});
});

/** openssl s_client until the answer came: what it said of the connection. */
function sClient(certificate, ...options) {
	const dir = join(d.dir, `client-${Math.random()}`);
	mkdirSync(dir);
	writeFileSync(join(dir, 'cert.pem'), certificate.cert);
	writeFileSync(join(dir, 'key.pem'), certificate.key);
	return new Promise((ok) => {
		const p = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port()}`, '-CAfile', d.root(), '-cert', join(dir, 'cert.pem'),
			'-cert_chain', join(dir, 'cert.pem'), '-key', join(dir, 'key.pem'), '-verify_return_error', ...options]);
		let out = '';
		const take = (b) => {
			out += b;
			if (/HTTP\/1\.1 \d/.test(out)) p.kill();
		};
		p.stdout.on('data', take);
		p.stderr.on('data', take);
		p.on('close', () => ok(out));
		p.stdin.on('error', () => {});
		p.stdin.write('GET /ocpp/P3-1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
			'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp2.0.1\r\n\r\n');
	});
}

test('rules 5, 6: the four suites and TLS 1.3, with both certificates of ours and stations of both kinds', async () => {
	const rsa = sub.issue({ cn: 'SN-0001', key: RSA(2048) });
	const rows = [
		['ECDHE-ECDSA-AES128-GCM-SHA256', made.one, '-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
		['ECDHE-ECDSA-AES256-GCM-SHA384', rsa, '-tls1_2', '-cipher', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
		['AES128-GCM-SHA256', rsa, '-tls1_2', '-cipher', 'AES128-GCM-SHA256'],
		['AES256-GCM-SHA384', made.one, '-tls1_2', '-cipher', 'AES256-GCM-SHA384'],
		['TLS_AES_256_GCM_SHA384', made.one, '-tls1_3', '-sigalgs', 'ECDSA+SHA256'],
		['TLS_AES_128_GCM_SHA256', rsa, '-tls1_3', '-ciphersuites', 'TLS_AES_128_GCM_SHA256', '-sigalgs', 'RSA-PSS+SHA256:ECDSA+SHA256'],
	];
	for (const [suite, certificate, ...options] of rows) {
		const out = await sClient(certificate, ...options);
		assert.match(out, /HTTP\/1\.1 101 /, `${suite}\n${out}`);
		assert.ok(out.includes(`Cipher is ${suite}`), suite);
	}
});

test('rule 6: revocation lists and roots are read again while stations stay', async () => {
	const stays = await connected('P3-2', made.two, { serial: 'SN-0002' });
	await stays.boots();
	const bad = sub.issue({ cn: 'SN-0001' });
	assert.equal((await attempt(client(bad))).status, 101);
	sub.revoke(bad);
	writeFileSync(pki('crl', 'stations.pem'), sub.crl());
	assert.equal((await attempt(client(bad))).status, 101, 'nobody has read the list yet');
	await d.reload();
	await refused('a revoked one', client(bad), /CERTIFICATE_REVOKED/, /revoked/);
	assert.equal((await attempt(client(made.one))).status, 101, 'others of the same authority, and a root without a list');
	writeFileSync(pki('crl', 'stations.pem'), sub.crl({ over: true }));
	await d.reload();
	await refused('a revoked one, by a list that was not renewed', client(bad), /CERTIFICATE_REVOKED/, /revoked/);
	assert.equal((await attempt(client(made.one))).status, 101);

	const second = new Ca('Second Root');
	const moved = second.issue({ cn: 'SN-0001' });
	await refused('a root that is not there yet', client(moved), /UNKNOWN_CA/, /./);
	writeFileSync(pki('station-roots', 'second.pem'), second.pem);
	await d.reload();
	assert.equal((await attempt(client(moved))).status, 101);
	writeFileSync(pki('station-roots', 'broken.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
	await d.reload(/not reloaded: .*broken\.pem/);
	assert.equal((await attempt(client(moved))).status, 101, 'what was in force stays');
	rmSync(pki('station-roots', 'broken.pem'));
	rmSync(pki('station-roots', 'second.pem'));
	rmSync(pki('crl', 'stations.pem'));
	await d.reload();
	await refused('a root that was taken away', client(moved), /UNKNOWN_CA/, /./);
	assert.ok((await stays.call('Heartbeat', {})).currentTime, 'it was connected all the time');
	await stays.close();
	second.clean();
});

test('rule 6: a revocation list is fetched, judged, kept and in force, without a connection that drops', async () => {
	const file = () => readdirSync(pki('crl')).find((f) => f.startsWith('url-'));
	const row = async () => (await d.api('GET', '/certificate-calendar')).json.entries.find((e) => e.kind === 'crl');
	const stays = await connected('P3-2', made.two, { serial: 'SN-0002' });
	await stays.boots();
	const stolen = sub.issue({ cn: 'SN-0001' });
	assert.equal((await attempt(client(stolen))).status, 101);
	sub.revoke(stolen);
	const der = (pem) => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
	const good = sub.crl(), before = d.logged().length;
	for (const [say, why] of [[Buffer.from('<html>'), /is no revocation list/], [other.crl(), /signed by none/], [sub.crl({ over: true }), /is over/],
		[Buffer.concat([der(good), Buffer.from('x')]), /is no revocation list/], [Buffer.from(der(good)).map((b, n, all) => (n === all.length - 1 ? b ^ 1 : b)), /signed by none/], [Buffer.alloc(5 << 20), /./]]) {
		lists.say = say;
		const had = d.logged().length;
		await d.reload();
		const said = () => /revocation list http\S+: (.*)"\n/.exec(d.logged().slice(had))?.[1];
		assert.match(await until(`a word about ${why}`, said), why);
		assert.equal(file(), undefined, 'nothing of it is kept');
	}
	assert.equal((await attempt(client(stolen))).status, 101);
	lists.say = der(good);
	await d.reload();
	await until('the list', () => /was taken: pki.crl.url-[^]*certificates reloaded/.test(d.logged().slice(before)));
	await refused('a revoked one, by a list that was fetched', client(stolen), /CERTIFICATE_REVOKED/, /revoked/);
	const shown = await row();
	assert.match(`${shown.owner} ${shown.subject} ${shown.renewed_by} ${shown.state}`, /^crl\/url-\w+\.pem CN=Depot Stations.*, \d+ revoked, of 20.* depotd, from http:.* fine$/);

	// an older one, played back, does not take its place
	lists.say = sub.crl({ before: 2 });
	const had = d.logged().length;
	await d.reload();
	await until('the refusal', () => /older than the one that is kept/.test(d.logged().slice(had)));
	assert.equal((await row()).step, 'fetch');

	// a file of it that was overdue is an alarm; one that changes is read again by itself
	rmSync(pki('crl', file()));
	lists.say = undefined;
	writeFileSync(pki('crl', 'by-hand.pem'), sub.crl({ over: true }));
	await d.reload();
	const alarm = await until('the alarm', async () => (await d.api('GET', '/alarms')).json.alarms.find((a) => a.kind === 'crl-overdue'));
	assert.match(alarm.text, /pki\/crl\/by-hand\.pem should have been renewed \d+ hours ago: .* comes in/);
	assert.equal((await attempt(client(made.one))).status, 101, 'trust.crl_overdue: keep');
	rmSync(pki('crl', 'by-hand.pem'));
	await d.reload();
	await until('its end', async () => !(await d.api('GET', '/alarms')).json.alarms.some((a) => a.kind === 'crl-overdue' && !a.cleared_at));
	assert.ok((await stays.call('Heartbeat', {})).currentTime, 'it was connected all the time');
	await stays.close();
});

/** Asked for a new certificate: the first TriggerMessage. */
const trigger = (s) => until('TriggerMessage', () => s.calls.find((m) => m[2] === 'TriggerMessage')?.[3]);

test('rule 6: an expired certificate renews itself where an operator allows it, and nothing else (A00.FR.429)', async () => {
	await register(d, 'P3-OLD', { serial: 'SN-0003' });
	await register(d, 'P3-OLD2', { serial: 'SN-0004' });
	const old = sub.issue({ cn: 'SN-0003', from: -20, to: -1 });
	const put = (body) => d.api('PUT', '/stations/P3-OLD/identity', body);
	await refused('it before', { ...client(old), id: 'P3-OLD' }, /CERTIFICATE_EXPIRED/, /expired/);
	assert.equal((await put({ expired_allowed: true })).status, 422, 'without a reason');
	assert.equal((await put({ expired_allowed: true, why: 'it was in store for a year' })).status, 200);
	await refused('another one that is over', { ...client(sub.issue({ cn: 'SN-0004', from: -20, to: -1 })), id: 'P3-OLD2' }, /CERTIFICATE_EXPIRED/, /expired/);
	await refused('it at the door of another', { ...client(old), id: 'P3-OLD2' }, 403, /not the station's serial/);
	await refused('over and of nobody', { ...client(other.issue({ cn: 'SN-0003', from: -20, to: -1 })), id: 'P3-OLD' }, /./, /./);

	const s = await connected('P3-OLD', old, { serial: 'SN-0003' });
	assert.equal((await s.boots()).status, 'Pending');
	assert.deepEqual(await trigger(s), { requestedMessage: 'SignChargingStationCertificate' });
	assert.equal((await s.ask('Heartbeat', {}))[2], 'SecurityError');
	const { restricted, security_profile } = await identity('P3-OLD');
	assert.deepEqual([restricted, security_profile], [true, 0], 'nothing is learnt of it');
	await s.close();

	// what it asks for, depotd's own authority signs, and it comes back with that
	const again = await connected('P3-OLD', old, { serial: 'SN-0003' });
	assert.equal((await again.boots()).status, 'Pending');
	await trigger(again);
	const { key, csr } = request({ cn: 'SN-0003', o: 'Depot Test' });
	assert.equal((await again.call('SignCertificate', { csr, certificateType: 'ChargingStationCertificate' })).status, 'Accepted');
	const { certificateChain } = await until('CertificateSigned', () => again.calls.find((m) => m[2] === 'CertificateSigned')?.[3]);
	await again.close();
	const renewed = await connected('P3-OLD', { key, cert: certificateChain }, { serial: 'SN-0003' });
	assert.equal((await renewed.boots()).status, 'Accepted');
	assert.equal((await identity('P3-OLD')).certificate.expired, false);
	await until('the mark to go', async () => !(await identity('P3-OLD')).expired_allowed);
	await refused('it once more', { ...client(old), id: 'P3-OLD' }, /CERTIFICATE_EXPIRED/, /expired/);

	// what depotd issued, it can take back, without a list
	const { fingerprint } = (await identity('P3-OLD')).certificate;
	const revoked = await d.api('POST', `/issued-certificates/${fingerprint}/revoke`, { reason: 'stolen' });
	assert.equal(revoked.status, 200, revoked.text);
	assert.equal((await renewed.closed).code, 1008, 'who has it open is cut off');
	await refused('one that depotd revoked', { key, cert: certificateChain, id: 'P3-OLD' }, 403, /revoked|stolen/, { fingerprint });
});

test('rule 6: what depotd issued is good for its own station alone, and not what is for ISO 15118', async () => {
	await register(d, 'P3-VICTIM', { serial: 'SN-9107' });
	await register(d, 'P3-THIEF');
	const s = new Station(d, 'P3-THIEF', { password: PASSWORD, handlers: { CertificateSigned: () => ({ status: 'Accepted' }) } });
	await s.connect();
	const boot = (serialNumber) => s.call('BootNotification', { reason: 'PowerUp', chargingStation: { model: 'M', vendorName: 'V', serialNumber } });
	const ask = async (cn, certificateType) => {
		const { key, csr } = request({ cn, o: 'Depot Test' });
		const n = s.calls.length;
		const { status } = await s.call('SignCertificate', { csr, certificateType });
		if (status !== 'Accepted') return { status };
		const { certificateChain } = await until('CertificateSigned', () => s.calls.slice(n).find((m) => m[2] === 'CertificateSigned')?.[3]);
		return { status, key, cert: certificateChain };
	};
	await boot('SN-9107');
	for (const type of ['ChargingStationCertificate', 'V2GCertificate']) assert.equal((await ask('SN-9107', type)).status, 'Rejected', `${type} with the name of another`);
	// a name that becomes another's only afterwards
	await boot('SN-9108');
	const [early, v2g] = [await ask('SN-9108', 'ChargingStationCertificate'), await ask('SN-9108', 'V2GCertificate')];
	await register(d, 'P3-LATE', { serial: 'SN-9108' });
	await refused("another station's, by its name", { ...early, id: 'P3-LATE' }, 403, /issued to station P3-THIEF/);
	await refused('one for ISO 15118 of another', { ...v2g, id: 'P3-LATE' }, 403, /issued to station P3-THIEF/);
	// for itself, too: only a combined certificate is for both; and nothing below that root that depotd does not know
	assert.equal((await d.api('PUT', '/stations/P3-THIEF/identity', { serial: 'SN-9109', why: 'its type plate' })).status, 200);
	await boot('SN-9109');
	const [own, both] = [await ask('SN-9109', 'V2GCertificate'), await ask('SN-9109', undefined)];
	await refused('its own for ISO 15118', { ...own, id: 'P3-THIEF' }, 403, /is for ISO 15118/);
	const { csr, key } = request({ cn: 'SN-9109', o: 'Depot Test' });
	const at = (name) => join(d.dir, name);
	writeFileSync(at('unknown.csr'), csr);
	const v2gCa = join(d.data, 'pki', 'ca');
	execFileSync('openssl', ['x509', '-req', '-in', at('unknown.csr'), '-CA', join(v2gCa, 'v2g.pem'), '-CAkey', join(v2gCa, 'v2g.key'),
		'-set_serial', '77', '-days', '5', '-out', at('unknown.pem')], { stdio: 'ignore' });
	const unknown = readFileSync(at('unknown.pem'), 'utf8') + readFileSync(join(v2gCa, 'v2g.pem'), 'utf8');
	await refused('one below that root that depotd does not know', { key, cert: unknown, id: 'P3-THIEF' }, 403, /below the root of ISO 15118/);
	const combined = await connected('P3-THIEF', both, { serial: 'SN-9109' });
	assert.equal((await combined.boots()).status, 'Accepted', 'a combined one opens its own door');
	await combined.close();
	await s.close();
	// A station that is removed leaves nothing behind that opens a door, also of one by its name.
	await d.api('DELETE', '/stations/P3-LATE?why=sold');
	assert.equal((await d.api('DELETE', `/stations/P3-THIEF?why=${'x'.repeat(201)}`)).status, 400);
	assert.match((await ctl('remove-station', 'P3-THIEF', '--why', 'stolen')).stdout, /revoked/);
	const { certificates } = (await d.api('GET', '/issued-certificates?station=P3-THIEF')).json;
	assert.deepEqual(certificates.map((c) => `${c.state}: ${c.why}`), Array(4).fill('revoked: the station was removed: stolen'));
	const [removed] = (await d.api('GET', '/journal?stream=station/P3-THIEF&type=StationRemoved&limit=10')).json.events;
	assert.match(JSON.stringify(removed.payload), /stolen/);
	await register(d, 'P3-THIEF', { serial: 'SN-9108', security_profile: 3 });
	await refused('of a station that was removed', { ...early, id: 'P3-THIEF' }, 403, /was revoked/);
});

test("rule 6: a maker's certificate is good to get one of ours (A00.FR.804 to 807)", async () => {
	await register(d, 'P3-NEW', { serial: 'SN-0005' });
	const own = maker.issue({ cn: 'SN-0005', o: 'Maker' });
	assert.equal((await d.api('PUT', '/stations/P3-NEW/identity', { factory_allowed: true, why: 'installed today' })).status, 200);
	await refused('another of the same maker', { ...client(maker.issue({ cn: 'SN-0006', o: 'Maker' })), id: 'P3-NEW' }, 403, /not the station's serial/);
	const s = await connected('P3-NEW', own, { serial: 'SN-0005' });
	assert.equal((await s.boots()).status, 'Pending');
	assert.equal((await trigger(s)).requestedMessage, 'SignChargingStationCertificate');
	await s.close();
	const ours = await connected('P3-NEW', sub.issue({ cn: 'SN-0005' }), { serial: 'SN-0005' });
	assert.equal((await ours.boots()).status, 'Accepted');
	await ours.close();
	const another = new Ca('Another Maker');
	const its = { ...client(another.issue({ cn: 'SN-0005' })), id: 'P3-NEW' };
	await refused('a maker that nobody knows', its, /UNKNOWN_CA/, /./);
	assert.equal((await d.api('PUT', '/manufacturer-roots/another', { certificate: another.pem })).status, 200);
	await refused('one that is known from now on, at a station that is not marked', its, 403, /maker's/);
	another.clean();
	await refused("the maker's once more", { ...client(own), id: 'P3-NEW' }, 403, /maker's/);
});

test('rules 6, 7: the serial number comes from a boot on profile 2, the floor rises with the boot on 3, and falls only as the errata allow', async () => {
	await register(d, 'P3-UP');
	const on2 = async (boots) => {
		const s = new Station(d, 'P3-UP', { ca: readFileSync(d.root()), servername: 'localhost', checkServerIdentity: () => undefined });
		s.url = `wss://127.0.0.1:${d.ports.profile2}/ocpp/P3-UP`;
		await s.connect();
		if (boots) await s.call('BootNotification', { reason: 'PowerUp', chargingStation: { model: 'M', vendorName: 'V', serialNumber: boots } });
		return s;
	};
	let s = await on2('SN-0001'); // that of another station
	await s.close();
	assert.equal((await identity('P3-UP')).serial, undefined);
	s = await on2('SN-0007');
	await until('its word to count', async () => (await identity('P3-UP')).serial === 'SN-0007');
	assert.equal((await identity('P3-UP')).serial_source, 'boot');
	await s.close();

	const certificate = sub.issue({ cn: 'SN-0007' });
	s = await connected('P3-UP', certificate, { serial: 'SN-0007', handlers: {
		SetVariables: (p) => ({ setVariableResult: p.setVariableData.map(({ component, variable }) => ({ attributeStatus: 'Accepted', component, variable })) }),
	} });
	assert.equal((await s.boots()).status, 'Accepted');
	await until('the floor to rise', async () => (await identity('P3-UP')).security_profile === 3);
	await assert.rejects(on2(), (e) => e.status === 403);
	const allow = await d.api('POST', '/stations/P3-UP/calls', { action: 'SetVariables', payload: { setVariableData: [
		{ component: { name: 'SecurityCtrlr' }, variable: { name: 'AllowSecurityProfileDowngrade' }, attributeValue: 'true' }] } });
	assert.equal(allow.json.outcome, 'answered', allow.text);
	await s.close();
	s = await on2('SN-0007');
	await until('the floor to fall', async () => (await identity('P3-UP')).security_profile === 2);
	await s.close();
	await assert.rejects(new Station(d, 'P3-UP').connect(), (e) => e.status === 403, 'never to 1');

	const lower = (body) => d.api('PUT', '/stations/P3-UP', { security_profile: 1, ...body });
	assert.equal((await lower({})).status, 422, 'without a reason');
	assert.equal((await lower({ why: 'the modem died' })).status, 200);
	const events = (await d.api('GET', '/journal?stream=station/P3-UP&limit=1000')).json.events.filter((e) => e.type === 'StationRegistered');
	assert.equal(events.at(-1).payload.why, 'the modem died');
});

test('rule 6: serial numbers: one station each, from the file or from an operator', async () => {
	const taken = await d.api('PUT', '/stations/P3-BARE/identity', { serial: 'SN-0001' });
	assert.deepEqual([taken.status, /P3-1/.test(taken.text)], [409, true]);
	assert.equal((await d.api('PUT', '/stations/P3-BARE', { security_profile: 3 })).status, 422, 'profile 3 needs one');
	assert.equal((await d.api('PUT', '/stations/P3-BARE/identity', { serial: 'SN-0010' })).status, 200);
	assert.equal((await attempt({ ...client(sub.issue({ cn: 'SN-0010' })), id: 'P3-BARE' })).status, 101);
	const file = await identity('CP-1');
	assert.deepEqual([file.serial, file.serial_source, file.security_profile], ['SN-FILE', 'file', 3]);
	assert.equal((await d.api('PUT', '/stations/CP-1/identity', { serial: 'SN-0011' })).status, 409);
	assert.equal((await d.api('PUT', '/stations/CP-1', { serial: 'SN-0011' })).status, 422);
	const s = await connected('CP-1', sub.issue({ cn: 'SN-FILE' }), { serial: 'SN-FILE' });
	assert.equal((await s.boots()).status, 'Accepted');
	await s.close();
});

const ctl = (...args) => promisify(execFile)(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args])
	.catch((e) => ({ stdout: e.stdout, stderr: e.stderr, code: e.code }));

test('what an operator sees and does: depotctl identity, refusals', async () => {
	const { stdout } = await ctl('identity', 'P3-1');
	for (const words of [/at least 3/, /SN-0001 \(api\)/, /issuer +CN=/, /expired +refused/]) assert.match(stdout, words);
	const refusal = await ctl('identity', 'P3-BARE', '--expired', 'allow');
	assert.notEqual(refusal.code ?? 0, 0, 'without a reason');
	assert.match((await ctl('identity', 'P3-BARE', '--expired', 'allow', '--why', 'in store')).stdout, /Stored/);
	assert.equal(JSON.parse((await ctl('--json', 'identity', 'P3-BARE')).stdout).expired_allowed, true);
	assert.match((await ctl('identity', 'P3-BARE', '--expired', 'refuse')).stdout, /Stored/);
	assert.equal((await identity('P3-BARE')).expired_allowed, false);
	assert.match((await ctl('refusals', '--limit', '500')).stdout, /SN-0002.*403.*A00\.FR\.405/);
	assert.match((await ctl('identity', '--help')).stdout, /--expired allow/);
});

test('rule 6: a station of OCPP 1.6 comes by certificate too; it need not say its serial number, but not another', async () => {
	await register(d, 'P3-16', { serial: 'SN-0016', security_profile: 3 });
	const certificate = sub.issue({ cn: 'SN-0016' });
	const boot = { chargePointModel: 'M', chargePointVendor: 'V' };
	let s = await connected('P3-16', certificate, { protocols: 'ocpp1.6' });
	assert.equal((await s.call('BootNotification', boot)).status, 'Accepted');
	await s.close();
	s = await connected('P3-16', certificate, { protocols: 'ocpp1.6' });
	await assert.rejects(s.call('BootNotification', { ...boot, chargePointSerialNumber: 'SN-0001' }), /closed with 1008/);
});

test('rule 6: what is known of certificates survives a restart, and the journal proves it', async () => {
	const before = await identity('P3-OLD');
	await d.stop();
	await d.start();
	assert.deepEqual(await identity('P3-OLD'), before);
	await refused("another station's", client(made.two), 403, /not the station's serial/);
	const s = await connected('P3-1', made.one, { serial: 'SN-0001' });
	assert.equal((await s.boots()).status, 'Accepted');
	await s.close();
	await d.stop();
	const { stdout } = await promisify(execFile)(join(BUILD, 'depotctl'), ['rebuild', '--check', '--data', d.data]);
	assert.match(stdout, /./);
});

describe('other settings', () => {
	let e;

	before(async () => {
		e = new Depotd({
			depot: `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 600000}
stations:
  - {id: SIM-1, node: site, security_profile: 3, serial: SIM-1, evses: [{id: 1, kind: ac, max_w: 22000}]}
  - {id: W-1, node: site, serial: SN-77, evses: [{id: 1, kind: ac, max_w: 22000}]}
`,
			listen: '  profile3: {address: 127.0.0.1, port: 0}\n  forward_secrecy_only: true\n',
			config: 'limits: {refusals_per_min: 3}\ntrust: {common_name: contains}\n',
		});
		await e.start();
		writeFileSync(join(e.data, 'pki', 'station-roots', 'operator.pem'), root.pem);
		await e.reload();
	});
	after(() => e?.clean());

	const to = (certificate, more = {}) => attempt({ to: e.ports.profile3, id: 'W-1', ca: readFileSync(e.root()), ...client(certificate), ...more });

	test('rule 6: forward secrecy only: no plain RSA; names that contain the serial number as a word', async () => {
		const wide = sub.issue({ cn: 'Wallbox SN-77.B', o: 'Anybody' });
		assert.equal((await to(wide)).status, 101);
		assert.match((await to(wide, { ciphers: 'AES128-GCM-SHA256', maxVersion: 'TLSv1.2' })).error, /HANDSHAKE_FAILURE/);
		assert.equal((await to(wide, { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' })).status, 101);
		for (const cn of ['Wallbox SN-771', 'XSN-77', 'SN-7', 'sn-77']) assert.equal((await to(sub.issue({ cn }))).status, 403, cn);
	});

	test('rule 6: who is refused again and again is counted, not journalled', async () => {
		const lines = async () => (await e.api('GET', '/journal?stream=gate/&limit=1000')).json.events.length;
		const counted = async () => Number(/^depotd_station_auth_failures_total (\d+)/m.exec((await e.api('GET', '/metrics')).text)[1]);
		await until('all to be counted', async () => await counted() === 5);
		await until('three lines', async () => await lines() === 3);
		await to(sub.issue({ cn: 'nobody' }));
		assert.deepEqual([await counted(), await lines()], [6, 3]);
	});

	test('a simulated station comes on security profile 3', async () => {
		const dir = join(e.dir, 'stations');
		mkdirSync(dir);
		const its = sub.issue({ cn: 'SIM-1' });
		writeFileSync(join(dir, 'SIM-1.pem'), its.cert);
		writeFileSync(join(dir, 'SIM-1.key'), its.key);
		const sim = spawn(join(BUILD, 'depotsim'), ['--depot', join(e.dir, 'depot.yaml'), '--stations', '1', '--no-meters', '--quiet',
			'--csms-mutual', `wss://127.0.0.1:${e.ports.profile3}/ocpp`, '--certificates', dir, '--ca', e.root()], { stdio: 'inherit' });
		try {
			await until('it to be accepted', async () => {
				const s = (await e.api('GET', '/stations/SIM-1')).json;
				return s.connected && s.boot_status === 'Accepted';
			});
			assert.equal((await e.api('GET', '/stations/SIM-1/identity')).json.connected_profile, 3);
		} finally {
			sim.kill();
		}
	});

	test('docs/certificates.md, day one, and docs/security.md, from profile 2 to 3, step by step with a simulated station', async () => {
		await register(e, 'SIM-2', { security_profile: 2 });
		const file = (name, text) => (writeFileSync(join(e.dir, name), text), join(e.dir, name));
		const depot = file('sim-depot.yaml', readFileSync(join(e.dir, 'depot.yaml'), 'utf8').replace(/SIM-1, node: site, security_profile: 3, serial: SIM-1/, 'SIM-2, node: site, security_profile: 2'));
		const sim = spawn(join(BUILD, 'depotsim'), ['--depot', depot, '--stations', '1', '--no-meters', '--quiet', '--ca', e.root(),
			'--csms-tls', `wss://localhost:${e.ports.profile2}/ocpp`, '--passwords', file('sim-passwords', `*:${PASSWORD}\n`)], { stdio: 'inherit' });
		const run = async (...args) => (await promisify(execFile)(join(BUILD, 'depotctl'), ['--socket', join(e.data, 'depotd.sock'), ...args])).stdout;
		const issued = async () => (await e.api('GET', '/issued-certificates?station=SIM-2')).json.certificates.map((c) => `${c.type} ${c.state}`);
		try {
			await until('it to be accepted', async () => (await e.api('GET', '/stations/SIM-2')).json.boot_status === 'Accepted');
			const quick = { RetryBackOffWaitMinimum: 1, RetryBackOffRandomRange: 0, RetryBackOffRepeatTimes: 0, NetworkProfileConnectionAttempts: 1 };
			await e.api('POST', '/stations/SIM-2/commands', { action: 'SetVariables', payload: { setVariableData: Object.entries(quick).map(
				([name, n]) => ({ component: { name: 'OCPPCommCtrlr' }, variable: { name }, attributeValue: String(n) })) } });
			await until('its serial number', async () => /SIM-2/.test((await e.api('GET', '/stations/SIM-2/identity')).json.serial));
			await run('ca', 'renew', 'SIM-2');
			await until('the certificate', async () => (await issued())[0] === 'ChargingStationCertificate pending' &&
				/the station took it/.test(await run('ca', 'requests', 'SIM-2')));
			await run('ca', 'renew', 'SIM-2', '--v2g');
			await until('the one for vehicles', async () => (await issued())[0] === 'V2GCertificate current');
			assert.match(await run('certificates', 'SIM-2', '--refresh'), /CSMSRootCertificate/);
			assert.match(await run('network-profile', 'SIM-2', '2', `wss://localhost:${e.ports.profile3}/ocpp`, '--security-profile', '3', '--wait'), /back on slot 2/);
			assert.match(await run('identity', 'SIM-2'), /at least 3/);
			assert.equal((await e.api('GET', '/stations/SIM-2/identity')).json.connected_profile, 3);
			assert.ok((await issued()).includes('ChargingStationCertificate current'));
			// A place where nobody answers: it comes back to where it was.
			const no = await run('network-profile', 'SIM-2', '3', 'wss://localhost:1/ocpp', '--security-profile', '3', '--wait').catch((x) => x.stdout + x.stderr);
			assert.match(no, /came back on the profile of slot 2/);
		} finally {
			sim.kill();
		}
	});
});

test('rule 6: all that the matrix claims of certificates was tried', () => {
	assert.deepEqual(ours.filter((r) => !tried.has(r)).map((r) => r.attempt), []);
});
