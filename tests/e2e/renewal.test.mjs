// The calendar of certificates, renewals ahead of time, and a new root for the depot without a station lost.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import { BUILD, Depotd, until } from './harness.mjs';
import { Maker } from './maker.mjs';
import { Station, basic, register } from './peer.mjs';

let d, make;

before(async () => {
	make = new Maker();
	// certificates for ten days, renewed thirty days ahead: each is due as soon as it is in use
	d = await new Depotd({ config: 'trust: {days: 10, v2g_days: 10}\ndevice: {inventory: off}\n' }).start();
});

after(async () => {
	await d?.clean();
	make.clean();
});

const get = async (path) => (await d.api('GET', path)).json;
const ctl = (...args) => execFileSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args]).toString();

/** A station on TLS that installs roots, lists them and asks for certificates when it is triggered. */
async function tlsStation(id, { triggered = 'Accepted', install = 'Accepted' } = {}) {
	await register(d, id, { security_profile: 2 });
	const held = [];
	const s = new Station(d, id, { handlers: {
		InstallCertificate: ({ certificate }) => {
			if (install === 'Accepted') held.push(certificate);
			return { status: install };
		},
		GetInstalledCertificateIds: () => (held.length ? { status: 'Accepted', certificateHashDataChain: held.map((pem) => ({
			certificateType: 'CSMSRootCertificate', certificateHashData: { hashAlgorithm: 'SHA256', issuerNameHash: 'AA',
				issuerKeyHash: 'BB', serialNumber: make.x509(pem, '-serial').split('=')[1] } })) } : { status: 'NotFound' }),
		TriggerMessage: () => {
			if (triggered === 'Accepted') setTimeout(() => s.sign(), 50);
			return { status: triggered };
		},
		CertificateSigned: ({ certificateChain }) => (s.chains.push(certificateChain), { status: 'Accepted' }),
	} });
	Object.assign(s, { held, chains: [], serial: `SN-${id}` });
	s.sign = () => s.call('SignCertificate', { csr: make.csr({ cn: `SECC-${id}` }), certificateType: 'V2GCertificate' });
	s.open = async () => {
		const { default: WebSocket } = await import('ws');
		s.connect = undefined;
		s.ws = new WebSocket(`wss://localhost:${d.ports.profile2}/ocpp/${id}`, 'ocpp2.0.1', {
			headers: { authorization: basic(id) }, perMessageDeflate: false, ca: s.root ?? readFileSync(d.root()) });
		s.closed = new Promise((r) => s.ws.on('close', (code) => r({ code })));
		s.ws.on('message', (data) => s.take(JSON.parse(data)));
		await new Promise((ok, bad) => (s.ws.on('open', ok), s.ws.on('error', bad)));
		return s;
	};
	await s.open();
	await s.call('BootNotification', { reason: 'PowerUp', chargingStation: { model: 'M', vendorName: 'V', serialNumber: s.serial } });
	return s;
}

test('the calendar shows what ends when; what is due is renewed, and what failed says at which step', async () => {
	const good = await tlsStation('RENEW-1');
	const mute = await tlsStation('RENEW-2', { triggered: 'NotImplemented' });
	for (const s of [good, mute]) {
		await s.sign();
		await until('its certificate', () => s.chains.length === 1);
	}
	const entries = async () => (await get('/certificate-calendar')).entries;
	const of = async (owner) => (await entries()).find((e) => e.owner === owner && e.kind === 'v2g');
	await until('both to be current', async () => (await of('RENEW-1')) && (await of('RENEW-2')));
	const all = await entries();
	assert.deepEqual([...all].sort((a, b) => Date.parse(a.not_after) - Date.parse(b.not_after)), all, 'what ends first, first');
	for (const kind of ['server', 'root', 'station-root', 'issuer', 'v2g'])
		assert.ok(all.some((e) => e.kind === kind), kind);
	const due = await of('RENEW-1');
	assert.deepEqual([due.state, due.days], ['due', 9]);
	assert.equal((await get('/certificate-calendar?within_days=20')).entries.every((e) => e.days <= 20), true);
	assert.equal((await d.api('POST', '/certificate-calendar/look')).status, 200);
	await until('another certificate', () => good.chains.length === 2);
	const failed = await until('the reason', async () => {
		const e = await of('RENEW-2');
		return e.note && e;
	}, 30000);
	assert.equal(failed.step, 'trigger');
	assert.match(failed.note, /NotImplemented|said no/);
	assert.ok(Date.parse(failed.again_at) > Date.now());
	assert.match(ctl('certificates', 'calendar', '--within', '20'), /RENEW-2 .*trigger: /);
	assert.match(ctl('ca', 'calendar'), /server-ecdsa.pem/);
	assert.match(ctl('ca', 'show'), /builtin: depotd-ca/);
	assert.match(ctl('ca', 'issued', 'RENEW-1'), /superseded/);
	assert.match(ctl('ca', 'requests', 'RENEW-1'), /done/);
	await good.close();
	await mute.close();
	for (const id of ['RENEW-1', 'RENEW-2']) await d.api('DELETE', `/stations/${id}`);
});

/** The chain that the server of profile 2 shows, from its certificate on. */
const shown = (ca) => new Promise((ok, bad) => {
	const socket = tls.connect({ host: '127.0.0.1', port: d.ports.profile2, servername: 'localhost', ca }, () => {
		ok(socket.getPeerCertificate(true));
		socket.destroy();
	});
	socket.on('error', bad);
});

test('M05: a new root: installed everywhere, refused until the last station trusts it, then in force with no station lost', async () => {
	const old = readFileSync(d.root(), 'utf8');
	const rollover = (step) => d.api('POST', '/authority/rollover', { step });
	const state = async (id) => (await get('/authority/rollover')).stations.find((s) => s.station === id)?.state;
	assert.equal((await rollover('switch')).status, 409, 'nothing is on its way');
	const a = await tlsStation('ROOT-1');
	const b = await tlsStation('ROOT-2', { install: 'Rejected' });
	await register(d, 'ROOT-PLAIN', { security_profile: 1 });
	await register(d, 'ROOT-AWAY', { security_profile: 2 });
	assert.match(ctl('ca', 'rollover', 'start', '--why', 'the old one is weak'), /made/);
	assert.equal((await rollover('start')).status, 409);
	await until('the first to be ready', async () => (await state('ROOT-1')) === 'ready', 30000);
	await until('the second to have failed', async () => (await state('ROOT-2')) === 'failed');
	assert.deepEqual([await state('ROOT-AWAY'), await state('ROOT-PLAIN')], ['away', 'not-needed']);
	// signed by the old root: what a station checks before it takes it (M05.FR.10)
	assert.ok(make.verifies(a.held[0], old));
	let r = await rollover('switch');
	assert.equal(r.status, 409);
	assert.match(r.json.detail, /2 stations .*ROOT-2 \(failed\)/);
	assert.match(r.json.detail, /ROOT-AWAY \(away\)/);
	assert.match(ctl('ca', 'rollover', 'status'), /1 of 3 stations[^]*ROOT-2 +failed +InstallCertificate/);
	assert.equal((await shown(old)).issuer.CN, make.x509(old, '-subject', '-nameopt', 'RFC2253').match(/CN=([^,]*)/)[1]);
	// one of the two in the way is gone, the other stays behind
	await b.close();
	for (const id of ['ROOT-AWAY', 'CP-1']) await d.api('DELETE', `/stations/${id}`);
	const without = (names, why) => d.api('POST', '/authority/rollover', { step: 'switch', without: names, why });
	assert.match((await without(['ROOT-2'])).text, /say why/);
	assert.match((await without(['ROOT-9'], 'dead')).text, /no station ROOT-9/);
	assert.match((await without(['ROOT-1'], 'dead')).text, /1 stations .*ROOT-2 [^]*--without/);
	assert.match(ctl('ca', 'rollover', 'switch', '--without', 'ROOT-2,ROOT-1', '--why', 'it is dead'), /Left behind[^]*ROOT-2[^]*on site/);
	const fresh = await until('the new root', () => {
		const now = readFileSync(d.root(), 'utf8');
		return now !== old && now;
	});
	assert.ok(existsSync(join(d.data, 'pki', 'previous', 'root.key')));
	// who knows only the new root, and who knows only the old one
	const leaf = await until('the listener to use it', async () => shown(fresh).catch(() => undefined), 15000);
	assert.equal(leaf.subject.CN, 'localhost');
	await shown(old);
	assert.equal(a.ws.readyState, 1, 'open connections stay');
	await a.close();
	a.root = a.held[0] + old; // its store now: the new root by its cross certificate, the old one as fallback
	await a.open();
	await a.call('Heartbeat', {});
	const { events } = await get('/journal?type=RootRolloverMoved&limit=10');
	assert.deepEqual(events.map((e) => e.payload.step).sort(), ['started', 'switched']);
	const { payload: { without: left, why } } = events.find((e) => e.payload.step === 'switched');
	assert.deepEqual([left, why], [['ROOT-2'], 'it is dead']);
	assert.equal((await get('/authority/rollover')).open, false);
	await a.close();
	// and after a restart
	await d.stop();
	await d.start();
	await shown(fresh);
	await shown(old);
	// prepared, over a restart, and forgotten
	assert.equal((await rollover('start')).status, 200);
	await d.stop();
	await d.start();
	assert.equal((await get('/authority/rollover')).open, true);
	assert.equal((await rollover('abort')).status, 200);
	assert.equal((await get('/authority/rollover')).open, false);
	assert.equal(readFileSync(d.root(), 'utf8'), fresh);
});
