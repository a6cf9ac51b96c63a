// Security profile 3 from outside: stations with certificates, good and hostile ones, made by openssl.
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import { Depotd, until } from './harness.mjs';
import { PASSWORD, Station, basic, register } from './peer.mjs';
import { Ca, RSA } from './pki.mjs';

let d, root, sub, maker, other, port;
const made = {}; // certificates by name

const pki = (...p) => join(d.data, 'pki', ...p);
const station = async (id) => (await d.api('GET', `/stations/${id}`)).json;
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
	for (const [k, v] of Object.entries(more)) assert.equal(lines[0][k], v, `${what}: ${k}`);
	return lines[0];
}

/** A station on security profile 3, connected; `boot` says its serial number. */
async function connected(id, certificate, { serial, handlers } = {}) {
	const s = new Station(d, id, { handlers });
	s.connect = Station.prototype.connect;
	s.options = { key: certificate.key, cert: certificate.cert, ca: readFileSync(d.root()), servername: 'localhost', checkServerIdentity: () => undefined };
	s.url = `wss://127.0.0.1:${port()}/ocpp/${id}`;
	await s.connect();
	s.boots = () => s.call('BootNotification', { reason: 'PowerUp',
		chargingStation: { model: 'M', vendorName: 'V', ...(serial && { serialNumber: serial }) } });
	return s;
}

before(async () => {
	root = new Ca('Depot Root');
	sub = new Ca('Depot Stations', { by: root });
	maker = new Ca('Maker Root');
	other = new Ca('Depot Root'); // the same name, another key
	d = new Depotd({
		listen: '  profile3: {address: 127.0.0.1, port: 0}\n',
		config: 'limits: {refusals_per_min: 1000}\ntrust: {organizations: [Depot Test]}\n',
	});
	mkdirSync(pki('station-roots'), { recursive: true });
	mkdirSync(pki('manufacturers'), { recursive: true });
	writeFileSync(pki('station-roots', 'depot.pem'), root.pem);
	writeFileSync(pki('manufacturers', 'maker.pem'), maker.pem);
	await d.start();
	port = () => Number(readFileSync(join(d.data, 'profile3.port'), 'utf8'));
	await register(d, 'P3-1', { serial: 'SN-0001', security_profile: 3 });
	await register(d, 'P3-2', { serial: 'SN-0002' });
	made.one = sub.issue({ cn: 'SN-0001' });
	made.two = sub.issue({ cn: 'SN-0002' });
});

after(async () => {
	await d?.clean();
	for (const ca of [root, sub, maker, other]) ca?.clean();
});

const client = (certificate) => ({ key: certificate.key, cert: certificate.cert });

test('rule 6: a station with its certificate comes in, says its serial number, and stays on profile 3', async () => {
	const s = await connected('P3-2', made.two, { serial: 'SN-0002' });
	assert.equal((await s.boots()).status, 'Accepted');
	await until('the floor to rise', async () => (await station('P3-2')).security_profile === 3);
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
	});
});
