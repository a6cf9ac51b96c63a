// Certification cases of a CSMS, block M: certificates in the station, and those of vehicles.
import { after } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool, TOKEN } from '../contract/pool.mjs';
import { Responder } from '../contract/responder.mjs';
import { block, certify, ended, exchange, get, pathOf, until } from './harness.mjs';
import { certificate } from './pki.mjs';

const ocsp = await new Responder().start();
const pool = await new Pool().start();
const tokenFile = join(ocsp.dir, 'pool.token');
writeFileSync(tokenFile, TOKEN, { mode: 0o600 });

block({ config: `trust:
  ocsp_hosts: ["127.0.0.1:${ocsp.port}"]
  ocsp_timeout_ms: 10000
  contract_pool: {url: "${pool.url}/opcp", token_file: ${tokenFile}}
` });
after(() => { ocsp.stop(); pool.stop(); });

const ALGORITHMS = ['SHA256', 'SHA384', 'SHA512'];
const LENGTHS = { SHA256: 64, SHA384: 96, SHA512: 128 };

/** Data of a certificate as a station reports it; `n` tells them apart. */
const hashData = (n, hashAlgorithm = 'SHA256') => ({
	hashAlgorithm,
	issuerNameHash: `a${n}`.padEnd(LENGTHS[hashAlgorithm], '0'),
	issuerKeyHash: `b${n}`.padEnd(LENGTHS[hashAlgorithm], '0'),
	serialNumber: `0${n}f3`,
});

const certificates = async (s) => (await get(`${pathOf(s)}/certificates`)).certificates;

// -- M05: installing ------------------------------------------------------------------------------

/** The reusable state CertificateInstalled, or another answer of the station. */
async function install(s, certificateType, status = 'Accepted') {
	const payload = { certificateType, certificate: certificate(`${certificateType} of the test`).pem };
	const [q, k] = await exchange(s, 'InstallCertificate', payload, { status });
	assert.deepEqual(q, payload);
	const end = await ended(k, status === 'Accepted' ? 'done' : 'refused');
	assert.equal(end.status, status);
	const shown = (await certificates(s)).filter((c) => c.type === certificateType && !c.listed);
	assert.equal(shown.length, status === 'Accepted' ? 1 : 0);
	for (const c of shown) assert.match(c.subject, new RegExp(`${certificateType} of the test`));
}

const INSTALLED = {
	M_01: 'CSMSRootCertificate', M_02: 'ManufacturerRootCertificate', M_03: 'V2GRootCertificate', M_04: 'MORootCertificate',
};

for (const [number, type] of Object.entries(INSTALLED)) certify(number, {}, (s) => install(s, type));

certify('M_05', {}, (s) => install(s, 'CSMSRootCertificate', 'Failed'));

// -- M03: which there are -------------------------------------------------------------------------

/** The station holds `chain`; the operator asks for these types, and is shown it. */
async function retrieve(s, types, chain) {
	const payload = types ? { certificateType: types } : {};
	const [q, k] = await exchange(s, 'GetInstalledCertificateIds', payload, chain.length ?
		{ status: 'Accepted', certificateHashDataChain: chain } : { status: 'NotFound' });
	assert.deepEqual(q, payload);
	const end = await ended(k);
	assert.equal(end.status, chain.length ? 'Accepted' : 'NotFound');
	for (const { certificateType, certificateHashData, childCertificateHashData = [] } of chain)
		for (const hash of [certificateHashData, ...childCertificateHashData])
			await until(`${certificateType} ${hash.serialNumber} to be shown`, async () =>
				(await certificates(s)).find((c) => c.type === certificateType &&
					c.hash_algorithm === hash.hashAlgorithm && c.serial === hash.serialNumber &&
					c.issuer_key_hash === hash.issuerKeyHash));
}

const entry = (certificateType, n, algorithm) => ({ certificateType, certificateHashData: hashData(n, algorithm) });

certify('M_12', {}, async (s) => {
	for (const [n, algorithm] of ALGORITHMS.entries())
		await retrieve(s, ['CSMSRootCertificate'], [entry('CSMSRootCertificate', n, algorithm)]);
	assert.equal((await certificates(s)).length, 1, 'what was asked for is what there is now');
});

const RETRIEVED = { M_13: 'ManufacturerRootCertificate', M_14: 'V2GRootCertificate', M_16: 'MORootCertificate' };

for (const [number, type] of Object.entries(RETRIEVED))
	certify(number, {}, (s) => retrieve(s, [type], [entry(type, 1)]));

/** A chain whose leaf has two sub-CAs above it. */
const CHAIN = { ...entry('V2GCertificateChain', 3), childCertificateHashData: [hashData(4), hashData(5)] };

certify('M_15', {}, (s) => retrieve(s, ['V2GCertificateChain'], [CHAIN]));

certify('M_17', {}, (s) => retrieve(s, ['CSMSRootCertificate', 'ManufacturerRootCertificate'],
	[entry('CSMSRootCertificate', 1), entry('ManufacturerRootCertificate', 2)]));

certify('M_18', {}, async (s) => {
	const all = ['CSMSRootCertificate', 'ManufacturerRootCertificate', 'V2GRootCertificate', 'MORootCertificate'];
	await retrieve(s, undefined, [...all.map((type, n) => entry(type, n)), { ...CHAIN, certificateHashData: hashData(9) }]);
});

certify('M_19', {}, async (s) => {
	await retrieve(s, ['ManufacturerRootCertificate'], [entry('ManufacturerRootCertificate', 1)]);
	await retrieve(s, ['ManufacturerRootCertificate'], []);
	await until('none to be shown', async () => (await certificates(s)).length === 0);
});

// -- M04: deleting --------------------------------------------------------------------------------

/** Deletes by the data that the station itself reported (M04.FR.07). */
async function remove(s, hash, status = 'Accepted') {
	const [q, k] = await exchange(s, 'DeleteCertificate', { certificateHashData: hash }, { status });
	assert.deepEqual(q, { certificateHashData: hash });
	const end = await ended(k, status === 'Accepted' ? 'done' : 'refused');
	assert.equal(end.status, status);
}

certify('M_20', {}, async (s) => {
	for (const [n, algorithm] of ALGORITHMS.entries()) {
		await install(s, 'CSMSRootCertificate');
		await retrieve(s, ['CSMSRootCertificate'], [entry('CSMSRootCertificate', n, algorithm)]);
		await remove(s, hashData(n, algorithm));
		await until('none to be shown', async () => (await certificates(s)).length === 0);
	}
});

certify('M_21', {}, async (s) => {
	await install(s, 'CSMSRootCertificate');
	await retrieve(s, ['CSMSRootCertificate'], [entry('CSMSRootCertificate', 1)]);
	await remove(s, hashData(1), 'Failed');
	assert.equal((await certificates(s)).length, 1);
});

// -- M06: the status of the station's certificates ------------------------------------------------

certify('M_24', {}, async (s) => {
	const asked = (authority) => ocsp.asked.filter((a) => a === authority).length;
	for (const ocspRequestData of ocsp.hashes('secc')) { // its sub-CAs, and itself
		const r = await s.call('GetCertificateStatus', { ocspRequestData });
		assert.equal(r.status, 'Accepted');
		assert.equal(r.ocspResult, ocsp.last.der.toString('base64'), 'DER of the responder, in base64');
	}
	for (const authority of ['cpo-sub2', 'cpo-sub1', 'v2g-root']) assert.equal(asked(authority), 1);
});

// -- M01, M02: certificates for vehicles ----------------------------------------------------------

const forVehicle = (number, action) => certify(number, {}, async (s) => {
	const exiRequest = Buffer.from(`${action}Req in EXI`).toString('base64');
	const r = await s.call('Get15118EVCertificate', { iso15118SchemaVersion: 'urn:iso:15118:2:2013:MsgDef', action, exiRequest });
	assert.deepEqual(r, { status: 'Accepted', exiResponse: pool.exi });
	assert.equal(pool.asked.at(-1).certificateInstallationReq, exiRequest);
	assert.deepEqual(pool.faults, []);
});

forVehicle('M_26', 'Install');
forVehicle('M_28', 'Update');
