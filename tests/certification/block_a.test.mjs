// Certification cases of a CSMS, block A: security.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import tls from 'node:tls';
import { Ca, EC, RSA } from '../e2e/pki.mjs';
import { block, certify, change, command, ended, exchange, get, shows, until, view } from './harness.mjs';
import { WAYS } from './station.mjs';

/** The authority whose stations depotd trusts. */
let authority;

block({
	listen: '  profile3: {address: 127.0.0.1, port: 0}\n',
	prepare: async (depotd) => {
		authority = new Ca('Operator');
		writeFileSync(join(depotd.data, 'pki', 'station-roots', 'operator.pem'), authority.pem);
		await depotd.reload();
	},
});
after(() => authority.clean());

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
