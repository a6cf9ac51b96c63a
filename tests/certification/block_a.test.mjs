// Certification cases of a CSMS, block A: security.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import tls from 'node:tls';
import { Maker } from '../e2e/maker.mjs';
import { Ca, EC, RSA } from '../e2e/pki.mjs';
import { block, certify, change, command, ended, exchange, get, shows, until, view } from './harness.mjs';
import { WAYS } from './station.mjs';

/** The authority whose stations depotd trusts; what makes keys and requests of stations. */
let authority;
const maker = new Maker();

block({
	listen: '  profile3: {address: 127.0.0.1, port: 0}\n',
	prepare: async (depotd) => {
		authority = new Ca('Operator');
		writeFileSync(join(depotd.data, 'pki', 'station-roots', 'operator.pem'), authority.pem);
		await depotd.reload();
	},
});
after(() => {
	authority.clean();
	maker.clean();
});

const refused = (e) => e.status === 401 || e.status === 403;

// -- A00: basic authentication --------------------------------------------------------------------

certify('A_01', { ways: WAYS, connect: false }, async (s) => {
	await s.connect();
	await s.booted();
	await shows(s, 'Available', 2);
	assert.equal((await view(s)).connected, true);
});

certify('A_02', { connect: false }, async (s) => {
	await assert.rejects(s.connect({ user: `${s.id}Invalid` }), refused);
	assert.equal((await view(s)).connected, false);
});

certify('A_03', { connect: false }, async (s) => {
	s.password = 'Quite-an0ther_Password:or.so';
	await assert.rejects(s.connect(), refused);
	assert.equal((await view(s)).connected, false);
});

// -- A00: TLS -------------------------------------------------------------------------------------

/** A TLS handshake with the port of security profile 2 (or another), then a look at what was agreed. */
function handshake(depotd, options, port = depotd.ports.profile2) {
	return new Promise((ok, bad) => {
		const socket = tls.connect({
			host: '127.0.0.1', port, servername: 'localhost',
			ca: readFileSync(depotd.root()), ...options,
		}, () => {
			ok({ version: socket.getProtocol(), cipher: socket.getCipher(), certificate: socket.getPeerCertificate() });
			socket.destroy();
		});
		socket.on('error', bad);
	});
}

/** The suites that A00.FR.318 demands, as OpenSSL calls them, with the sort of the certificate's key. */
const SUITES = [
	['ECDHE-ECDSA-AES128-GCM-SHA256', 'EC'], ['ECDHE-ECDSA-AES256-GCM-SHA384', 'EC'],
	['AES128-GCM-SHA256', 'RSA'], ['AES256-GCM-SHA384', 'RSA'],
];

certify('A_04', { ways: WAYS, connect: false, station: { profile: 2 } }, async (s, { depotd }) => {
	for (const [suite, kind] of SUITES) {
		const { version, cipher, certificate } = await handshake(depotd,
			{ ciphers: `${suite}:@SECLEVEL=0`, maxVersion: 'TLSv1.2' });
		assert.deepEqual([version, cipher.name], ['TLSv1.2', suite]);
		assert.equal(certificate.asn1Curve ? 'EC' : 'RSA', kind);
		assert.ok(certificate.bits >= (kind === 'EC' ? 224 : 2048), `${certificate.bits} bits`);
		assert.match(certificate.serialNumber, /^[0-9A-F]+$/);
		assert.equal(certificate.subject.CN, 'localhost', 'the name of the endpoint');
	}
	await s.connect();
	assert.match(s.ws._socket.getProtocol(), /^TLSv1\.[23]$/);
	await s.booted();
	await shows(s, 'Available', 2);
});

certify('A_06', { ways: WAYS, connect: false, station: { profile: 2 } }, async (s, { depotd }) => {
	for (const version of ['TLSv1', 'TLSv1.1'])
		await assert.rejects(handshake(depotd,
			{ minVersion: version, maxVersion: version, ciphers: 'DEFAULT:@SECLEVEL=0' }),
			(e) => /alert|protocol|version|ECONNRESET/i.test(`${e.code} ${e.message}`));
	await s.connect();
	await s.booted();
	await shows(s, 'Available', 2);
});

const client = ({ key, cert }) => ({ key, cert });

const WITH_3 = { ways: WAYS, connect: false, station: { profile: 3 } };

/** Its certificate; each way of a case has a station of its own, and so its own serial number. */
async function certified(s, key) {
	s.serial = `${s.id}-SN`.slice(-25);
	await change(s, { serial: s.serial, security_profile: 3 });
	return client(authority.issue({ cn: s.serial, key }));
}

certify('A_07', WITH_3, async (s, { depotd }) => {
	for (const key of [EC, RSA(2048)]) {
		const mine = await certified(s, key);
		for (const [suite] of SUITES) {
			const { version, cipher } = await handshake(depotd,
				{ ...mine, ciphers: `${suite}:@SECLEVEL=0`, maxVersion: 'TLSv1.2' }, depotd.ports.profile3);
			assert.deepEqual([version, cipher.name], ['TLSv1.2', suite]);
		}
		await s.connect(mine);
		assert.match(s.ws._socket.getProtocol(), /^TLSv1\.[23]$/);
		await s.booted();
		await shows(s, 'Available', 2);
		await s.close();
	}
});

certify('A_08', WITH_3, async (s) => {
	const mine = await certified(s);
	const stranger = new Ca('Stranger');
	const invalid = [
		['unknown', stranger.issue({ cn: s.serial })],
		['expired', authority.issue({ cn: s.serial, from: -20, to: -1 })],
		['of another serial number', authority.issue({ cn: `${s.serial}-1` })],
	];
	for (const [what, certificate] of invalid) {
		await assert.rejects(s.connect(client(certificate)), (e) => e.status === 403 || /alert/i.test(e.message), what);
		assert.equal((await view(s)).connected, false);
	}
	stranger.clean();
	await s.connect(mine);
	await s.booted();
	await shows(s, 'Available', 2);
});

// -- A02: a new certificate -----------------------------------------------------------------------

const root = (depotd, name) => readFileSync(join(depotd.data, 'pki', name === 'depot.pem' ? 'station-roots' : 'charger-roots', name), 'utf8');

/**
 * The operator asks the station for a new key; it asks for a certificate of it, gets one and says
 * whether it takes it. { chain, key, certificateType, requests }
 */
async function renew(s, requestedMessage, certificateType, cn, status = 'Accepted') {
	const [q, k] = await exchange(s, 'TriggerMessage', { requestedMessage }, { status: 'Accepted' });
	assert.equal(q.requestedMessage, requestedMessage);
	const key = maker.key();
	const came = s.expect('CertificateSigned', { status });
	const r = await s.call('SignCertificate', { csr: maker.csr({ cn, o: 'Depot Test', key }), certificateType });
	assert.equal(r.status, 'Accepted', 'A02.FR.11');
	const signed = await came;
	assert.equal(signed.certificateType, certificateType, 'A02.FR.14');
	await ended(k);
	const requests = await until('the request to end', async () => {
		const list = (await get(`/certificate-requests?station=${s.id}`)).requests;
		return list.length > 0 && list.every((x) => ['done', 'refused'].includes(x.state)) && list;
	});
	return { chain: signed.certificateChain, key: maker.read(key), requests };
}

/** X.509 in PEM, with a serial number, of a key of at least 224 bits. */
function proper(chain) {
	assert.match(chain, /^-----BEGIN CERTIFICATE-----\n/);
	const text = maker.x509(chain, '-text');
	assert.match(text, /Serial Number:\s+(\w\w:)+/);
	assert.ok(Number(/Public-Key: \((\d+) bit\)/.exec(text)[1]) >= 224);
}

certify('A_11', WITH_3, async (s, { depotd }) => {
	const old = await certified(s);
	await s.connect(old);
	await s.booted();
	const { chain, key } = await renew(s, 'SignChargingStationCertificate', 'ChargingStationCertificate', s.serial);
	proper(chain);
	assert.ok(maker.verifies(chain, root(depotd, 'depot.pem')));
	assert.match(maker.x509(chain, '-subject', '-nameopt', 'RFC2253'), new RegExp(`CN=${s.serial}(,|$)`));
	await s.close();
	// It reconnects with the new one, and depotd knows by that that it is in use.
	await s.connect({ key, cert: chain });
	await s.booted();
	await until('it to be the current one', async () =>
		(await get(`/issued-certificates?station=${s.id}`)).certificates[0].state === 'current');
});

certify('A_12', { boot: true }, async (s, { depotd }) => {
	const { chain } = await renew(s, 'SignV2GCertificate', 'V2GCertificate', `${s.id}-SECC`);
	proper(chain);
	assert.ok(maker.verifies(chain, root(depotd, 'depot-v2g.pem')));
});

certify('A_14', WITH_3, async (s) => {
	const old = await certified(s);
	await s.connect(old);
	await s.booted();
	const { requests } = await renew(s, 'SignChargingStationCertificate', 'ChargingStationCertificate', s.serial, 'Rejected');
	assert.equal(requests[0].state, 'refused');
	assert.match(requests[0].note, /Rejected/);
	await s.call('SecurityEventNotification', { type: 'InvalidChargingStationCertificate', timestamp: new Date().toISOString() });
	assert.equal((await get(`/issued-certificates?station=${s.id}`)).certificates[0].state, 'rejected');
	await s.close();
	await s.connect(old); // it goes on with what it has
	await s.call('Heartbeat', {});
});

// -- A01: a new password --------------------------------------------------------------------------

const NEXT = 'the-Next_Passw0rd.of.this:one';

/** The operator gives the station a new password, which it answers so. [request, command] */
async function changePassword(s, attributeStatus) {
	const [q, k] = await exchange(s, 'SetVariables', { setVariableData: [{
		attributeValue: NEXT, component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' },
	}] }, ({ setVariableData: [{ component, variable }] }) =>
		({ setVariableResult: [{ attributeStatus, component, variable }] }));
	const [d] = q.setVariableData;
	assert.deepEqual([d.component.name, d.variable.name, d.attributeValue], ['SecurityCtrlr', 'BasicAuthPassword', NEXT]);
	assert.ok(!JSON.stringify([k, await command(k)]).includes(NEXT), 'a password is shown to nobody (A01.FR.09)');
	const journal = await get(`/journal?stream=station/${s.id}&limit=1000`);
	assert.ok(!JSON.stringify(journal).includes(NEXT), 'nor does it stand in the journal');
	return k;
}

/** Connects and boots with one of two passwords; the other one is refused. */
async function onlyWith(s, good, bad) {
	s.password = good;
	await s.connect();
	await s.booted();
	await s.quiet();
	await s.close();
	s.password = bad;
	await assert.rejects(s.connect(), refused);
}

certify('A_09', {}, async (s) => {
	const old = s.password;
	await ended(await changePassword(s, 'Accepted'));
	await s.close();
	await onlyWith(s, NEXT, old);
});

certify('A_10', {}, async (s) => {
	const old = s.password;
	await ended(await changePassword(s, 'Rejected'), 'refused');
	assert.equal(s.ws.readyState, 1, 'it stays connected (A01.FR.05)');
	await s.close();
	await onlyWith(s, old, NEXT);
});

// -- A05: a higher security profile ---------------------------------------------------------------

// rule 7: never lower again; rule 24: SetNetworkProfile, its priority, Reset, with OCPP20 as version
certify('A_19', { registration: { security_profile: 1 } }, async (s, { depotd }) => {
	const [q, set] = await exchange(s, 'SetNetworkProfile', {
		configurationSlot: 2,
		connectionData: {
			messageTimeout: 30, ocppCsmsUrl: `wss://localhost:${depotd.ports.profile2}/ocpp`, ocppInterface: 'Wired0',
			ocppTransport: 'JSON', ocppVersion: 'OCPP20', securityProfile: 2,
		},
	}, { status: 'Accepted' });
	assert.equal(q.connectionData.securityProfile, 2);
	await ended(set);
	const [{ setVariableData: [d] }, prefer] = await exchange(s, 'SetVariables', { setVariableData: [{
		attributeValue: '2,1', component: { name: 'OCPPCommCtrlr' }, variable: { name: 'NetworkConfigurationPriority' },
	}] }, ({ setVariableData: [{ component, variable }] }) =>
		({ setVariableResult: [{ attributeStatus: 'RebootRequired', component, variable }] }));
	assert.deepEqual([d.component.name, d.variable.name, d.attributeValue],
		['OCPPCommCtrlr', 'NetworkConfigurationPriority', '2,1']);
	await ended(prefer);
	const [, reset] = await exchange(s, 'Reset', { type: 'Immediate' }, { status: 'Accepted' });
	await s.close();
	s.profile = 2;
	await s.connect();
	await s.booted('RemoteReset');
	await ended(reset);
	await s.close();
	await until('the higher profile to be demanded', async () => (await view(s)).security_profile === 2);
	s.profile = 1;
	await assert.rejects(s.connect(), (e) => e.status >= 400 && e.status < 500, 'never lower again (A05.FR.07)');
	s.profile = 2;
	await s.connect();
	await s.call('Heartbeat', {});
	await until('the operator to see it', async () => (await view(s)).connected);
});
