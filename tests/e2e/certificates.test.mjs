// Certificates that stations hold (M03 to M05), as they themselves report them.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Depotd, sleep, until } from './harness.mjs';
import { booted } from './peer.mjs';

let d, work;

before(async () => {
	work = mkdtempSync(join(tmpdir(), 'certificates-test-'));
	d = await new Depotd().start();
});

after(async () => {
	await d?.clean();
	rmSync(work, { recursive: true, force: true });
});

const openssl = (...args) => execFileSync('openssl', args, { cwd: work, stdio: ['ignore', 'pipe', 'pipe'] }).toString();

/** A root and a certificate below it: {root, cert} as PEM; the root in NAME-root.pem. */
function maker(name) {
	const newkey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
	openssl('req', '-x509', ...newkey, '-keyout', `${name}-root.key`, '-out', `${name}-root.pem`, '-days', '30', '-subj', `/O=${name}/CN=${name} root`,
		'-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign');
	openssl('req', '-new', ...newkey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/O=${name}/CN=station`);
	writeFileSync(join(work, 'ext'), 'basicConstraints=critical,CA:FALSE\n');
	openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${name}-root.pem`, '-CAkey', `${name}-root.key`, '-CAcreateserial', '-days', '20',
		'-out', `${name}.pem`, '-extfile', 'ext');
	return { root: readFileSync(join(work, `${name}-root.pem`), 'utf8'), cert: readFileSync(join(work, `${name}.pem`), 'utf8') };
}

const hash = (serialNumber, hashAlgorithm = 'SHA256') => ({ hashAlgorithm, issuerNameHash: 'AA11', issuerKeyHash: 'bb22', serialNumber });

/** A station with certificates that lists, installs and deletes as the norm has it. */
async function holder(id, chain, more = {}) {
	const h = { chain, asked: [] };
	const took = (action, fn) => (p) => {
		h.asked.push([action, p]);
		return fn(p);
	};
	const same = (a, b) => a.hashAlgorithm === b.hashAlgorithm && parseInt(a.serialNumber, 16) === parseInt(b.serialNumber, 16);
	h.station = await booted(d, id, { handlers: Object.fromEntries(Object.entries({
		InstallCertificate: () => ({ status: 'Accepted' }),
		DeleteCertificate: ({ certificateHashData: hash }) => {
			const found = h.chain.find((c) => same(c.certificateHashData, hash));
			if (!found) return { status: 'NotFound' };
			if (found.certificateType === 'V2GCertificateChain') return { status: 'Failed' }; // M04.FR.06
			h.chain = h.chain.filter((c) => c !== found);
			return { status: 'Accepted' };
		},
		GetInstalledCertificateIds: ({ certificateType: types }) => {
			const found = h.chain.filter((c) => !types || types.includes(c.certificateType));
			return found.length ? { status: 'Accepted', certificateHashDataChain: found } : { status: 'NotFound' };
		},
		...more,
	}).map(([action, fn]) => [action, took(action, fn)])) });
	h.run = (action, payload) => d.api('POST', `/stations/${id}/commands`, { action, payload });
	h.held = async () => (await d.api('GET', `/stations/${id}/certificates`)).json.certificates;
	h.install = (certificate) => h.run('InstallCertificate', { certificateType: 'CSMSRootCertificate', certificate });
	h.remove = (certificateHashData) => h.run('DeleteCertificate', { certificateHashData });
	h.count = (action) => h.asked.filter(([a]) => a === action).length;
	/** What is shown comes to be this, all of it listed by the station itself. */
	h.shows = (serials) => until(`${serials} to be shown`, async () => {
		const list = await h.held();
		return list.every((c) => c.listed) && String(list.map((c) => c.serial)) === String(serials);
	});
	return h;
}

test('M03 to M05, rule 53: what stations hold is kept as they report it, serials compare as numbers', async () => {
	const root = maker('csmsroot');
	const h = await holder('CERT-1', [{ certificateType: 'V2GRootCertificate', certificateHashData: hash('00AB') },
		{ certificateType: 'V2GCertificateChain', certificateHashData: hash('77', 'SHA512'), childCertificateHashData: [hash('78', 'SHA512')] }]);
	// Nothing is sent that no station could take.
	assert.match((await h.install('-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----')).text, /no certificate/);
	assert.match((await h.install(root.cert)).text, /no certificate authority/);
	assert.match((await h.install(root.root + root.root)).text, /one certificate/);
	assert.equal(h.asked.length, 0);
	const k = await h.install(root.root);
	assert.equal(k.json.state, 'done', k.text);
	const { payload } = (await d.api('GET', '/journal?stream=station/CERT-1&type=CertificateInstalled')).json.events[0];
	assert.match(payload.subject, /CN=csmsroot root/);
	// Rule 53: OCSP's own hashes, as openssl computes them.
	const ocsp = openssl('ocsp', '-sha256', '-issuer', 'csmsroot-root.pem', '-cert', 'csmsroot-root.pem', '-req_text');
	const [, name, key, serial] = /Issuer Name Hash: (\w+)\s+Issuer Key Hash: (\w+)\s+Serial Number: (\w+)/.exec(ocsp);
	assert.deepEqual(Object.values(payload.hash).map((v) => v.toUpperCase()), ['SHA256', name, key, serial.replace(/^0+/, '')], 'no zeros in front');
	// depotd has the station list them anew: its own list replaces what we believed.
	await h.shows(['77', '78', '00AB']);
	assert.deepEqual((await h.held()).map((c) => [c.type, c.hash_algorithm, c.serial, c.parent ?? null]), [
		['V2GCertificateChain', 'SHA512', '77', null],
		['V2GCertificateChain', 'SHA512', '78', '77'],
		['V2GRootCertificate', 'SHA256', '00AB', null],
	]);
	// M04: deleted under another spelling of the same number; Failed changes nothing; NotFound is gone.
	assert.equal((await h.remove(hash('ab'))).json.state, 'done');
	const own = (await h.remove(hash('77', 'SHA512'))).json;
	assert.deepEqual([own.state, own.status], ['refused', 'Failed'], 'M04.FR.06: its own stays');
	assert.equal((await h.remove(hash('99'))).json.status, 'NotFound');
	await h.shows(['77', '78']);
	// A list of one type leaves the others alone; NotFound empties it.
	h.chain = [];
	await h.run('GetInstalledCertificateIds', { certificateType: ['V2GRootCertificate'] });
	assert.deepEqual((await h.held()).map((c) => c.serial), ['77', '78']);
	await h.run('GetInstalledCertificateIds', { certificateType: ['V2GCertificateChain'] });
	assert.deepEqual(await h.held(), []);
	h.station.close();
});

test('M04.FR.07: a certificate is deleted by the hash algorithm that the station itself reports it with, over a restart too', async () => {
	let h = await holder('CERT-2', [{ certificateType: 'CSMSRootCertificate', certificateHashData: hash('0C0FFE', 'SHA384') },
		{ certificateType: 'MORootCertificate', certificateHashData: hash('0C0FFE', 'SHA512') }]);
	const refused = async (hashData) => {
		const before = h.count('DeleteCertificate');
		const r = await h.remove(hashData);
		assert.equal(r.status, 409, r.text);
		assert.match(r.json.detail, /M04\.FR\.07: CERT-2 reports .* by SHA(384|512), not SHA256/);
		assert.equal(h.count('DeleteCertificate'), before, 'nothing is sent');
	};
	// of what it never reported nobody knows: the station is asked
	assert.equal((await h.remove(hash('c0ffe'))).json.status, 'NotFound');
	await h.shows(['0C0FFE', '0C0FFE']); // … and lists what it has
	await refused(hash('C0FFE'));
	h.station.close();
	const { chain } = h;
	await d.stop();
	await d.start();
	h = await holder('CERT-2', chain);
	await refused(hash('c0ffe'));
	assert.equal((await h.remove(hash('c0ffe', 'SHA512'))).json.state, 'done');
	await h.shows(['0C0FFE']);
	assert.equal((await h.held())[0].hash_algorithm, 'SHA384');
	assert.equal((await h.remove(hash('c0ffe', 'SHA384'))).json.state, 'done');
	await until('none', async () => (await h.held()).length === 0);
	assert.equal((await h.remove(hash('c0ffe'))).json.status, 'NotFound', 'what is gone binds nobody');
	h.station.close();
});

test('A02, M03: the certificates are listed anew after each change, once for several, and not where that is not known', async () => {
	const root = maker('listroot');
	const h = await holder('CERT-3', [], { CertificateSigned: () => ({ status: 'Accepted' }) });
	await Promise.all(Array.from({ length: 4 }, () => h.install(root.root)));
	h.chain = [{ certificateType: 'CSMSRootCertificate', certificateHashData: hash('11') }];
	await h.shows(['11']);
	assert.ok(h.count('GetInstalledCertificateIds') < 4, `${h.count('GetInstalledCertificateIds')} lists`);
	const why = (await d.api('GET', '/commands?station=CERT-3&action=GetInstalledCertificateIds')).json.commands[0];
	assert.deepEqual([why.actor, why.why], ['depotd', 'its certificates changed']);
	h.chain.push({ certificateType: 'V2GCertificateChain', certificateHashData: hash('12') });
	const k = (await h.run('CertificateSigned', { certificateChain: root.cert, certificateType: 'V2GCertificate' })).json;
	assert.equal(k.state, 'done', JSON.stringify(k));
	await h.shows(['11', '12']);
	// what no station could take is refused before it is sent
	const key = readFileSync(join(work, 'listroot.key'), 'utf8');
	for (const [certificateChain, words] of [['x', /certificate/], [root.root, /authority/], [root.cert + key, /private key/]]) {
		const r = await d.api('POST', '/stations/CERT-3/commands', { action: 'CertificateSigned', payload: { certificateChain } });
		assert.deepEqual([r.status, r.json.path], [400, 'payload.certificateChain'], r.text);
		assert.match(r.json.detail, words);
	}
	assert.equal(h.count('CertificateSigned'), 1);
	h.station.close();

	// who knows nothing of lists is asked once, and its certificates can be deleted all the same
	const asked = [];
	const mute = await booted(d, 'CERT-4', { handlers: {
		InstallCertificate: () => ({ status: 'Accepted' }), DeleteCertificate: () => ({ status: 'Accepted' }),
		GetInstalledCertificateIds: (p, m) => (asked.push(p), [4, m[1], 'NotImplemented', '', {}]),
	} });
	const run = (action, payload) => d.api('POST', '/stations/CERT-4/commands', { action, payload });
	const install = () => run('InstallCertificate', { certificateType: 'CSMSRootCertificate', certificate: root.root });
	assert.equal((await install()).json.state, 'done');
	await until('the question', () => asked.length === 1);
	const [held] = (await d.api('GET', '/stations/CERT-4/certificates')).json.certificates;
	assert.equal(held.listed, false);
	const r = await run('DeleteCertificate', { certificateHashData: { hashAlgorithm: held.hash_algorithm,
		issuerNameHash: held.issuer_name_hash, issuerKeyHash: held.issuer_key_hash, serialNumber: held.serial } });
	assert.equal(r.json.state, 'done', r.text);
	await until('none to be shown', async () => !(await d.api('GET', '/stations/CERT-4/certificates')).json.certificates.length);
	assert.equal((await install()).json.state, 'done');
	await sleep(1500); // longer than depotd waits for more changes
	assert.equal(asked.length, 1);
	mute.close();
});
