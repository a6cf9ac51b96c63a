// Certificates that stations ask for (A02, A03): signed by depotd-ca, sent, taken, refused, asked again.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Depotd, until } from './harness.mjs';
import { PASSWORD, Station, register } from './peer.mjs';
import { Maker } from './maker.mjs';
import { claims } from './matrix.mjs';

const ours = claims('tests/e2e/signing.test.mjs');

let d, make;

before(async () => {
	make = new Maker();
	d = await new Depotd({ config: 'trust: {organizations: [Depot]}\ndevice: {inventory: off}\n' }).start();
});

after(async () => {
	await d?.clean();
	make.clean();
});

const get = async (path) => (await d.api('GET', path)).json;

/** A station with a serial number that takes certificates as it is told to. */
async function asker(id, { serial = `SN-${id}`, take = () => ({ status: 'Accepted' }), handlers = {} } = {}) {
	await register(d, id);
	const s = new Station(d, id, { password: PASSWORD, handlers: {
		CertificateSigned: (p) => (s.got.push(p), take(p, s.got.length)), ...handlers,
	} });
	s.got = [];
	s.serial = serial;
	await s.connect();
	await s.call('BootNotification', { reason: 'PowerUp', chargingStation: { model: 'M', vendorName: 'V', serialNumber: serial } });
	s.sign = (csr, certificateType = 'ChargingStationCertificate') =>
		s.call('SignCertificate', { csr, ...(certificateType && { certificateType }) });
	s.chain = async (n = 1) => until(`certificate ${n}`, () => s.got[n - 1]?.certificateChain);
	s.requests = async () => (await get(`/certificate-requests?station=${id}`)).requests;
	s.issued = async () => (await get(`/issued-certificates?station=${id}`)).certificates;
	return s;
}

const root = (name = 'depot.pem') => readFileSync(join(d.data, 'pki', name === 'depot.pem' ? 'station-roots' : 'charger-roots', name), 'utf8');

test('rule 49: a request is answered Accepted and its certificate comes by itself, for keys on curves and RSA', async () => {
	for (const [id, key] of [['SIGN-EC', make.key()], ['SIGN-RSA', make.key({ rsa: 2048 })]]) {
		const s = await asker(id);
		assert.deepEqual(await s.sign(make.csr({ cn: s.serial, key })), { status: 'Accepted' });
		const chain = await s.chain();
		assert.equal(s.got[0].certificateType, 'ChargingStationCertificate', 'A02.FR.14');
		assert.equal(Maker.split(chain).length, 2, 'its own, and who signed it; no root');
		assert.ok(make.verifies(chain, root()));
		const text = make.x509(chain, '-text', '-subject', '-nameopt', 'RFC2253');
		assert.match(text, /subject=CN=SN-SIGN-(EC|RSA),O=Depot/);
		assert.match(text, /X509v3 Basic Constraints: critical\s+CA:FALSE/);
		assert.doesNotMatch(text, /Extended Key Usage/, 'A00.FR.514');
		// clocks of stations run late: valid an hour ago, for a year
		const [, from, to] = /notBefore=(.*)\nnotAfter=(.*)/.exec(make.x509(chain, '-dates'));
		assert.ok(Math.abs(Date.now() - 3600e3 - Date.parse(from)) < 600e3, from);
		assert.ok(Math.abs(Date.parse(to) - Date.now() - 365 * 86400e3) < 2 * 3600e3, to);
		await until('its end', async () => (await s.requests())[0].state === 'done');
		const [i] = await s.issued();
		const fingerprint = make.x509(chain, '-fingerprint', '-sha256').split('=')[1];
		assert.deepEqual([i.state, i.type, i.station, i.authority], ['pending', 'ChargingStationCertificate', id, 'builtin']);
		assert.equal(i.fingerprint, fingerprint.replaceAll(':', '').toLowerCase());
		assert.equal((await get(`/issued-certificates/${fingerprint}`)).chain, chain);
		await s.close();
	}
});

test('rule 49: the same key asked for again is the same certificate, also when the first answer was lost', async () => {
	const s = await asker('SIGN-AGAIN', { take: (p, n) => (n === 1 ? undefined : { status: 'Accepted' }) });
	const csr = make.csr({ cn: s.serial });
	await s.sign(csr);
	await s.chain();
	assert.deepEqual(await s.sign(csr), { status: 'Accepted' }, 'it lost patience');
	assert.equal((await s.requests()).length, 1, 'one request, one certificate');
	s.close();
	await d.stop();
	await d.start();
	await s.connect();
	await s.call('Heartbeat', {});
	// depotd was stopped before the answer: the same chain again
	const [first] = s.got;
	await until('the second sending', () => s.got.length === 2, 60000);
	assert.equal(s.got[1].certificateChain, first.certificateChain);
	await until('its end', async () => (await s.requests())[0].state === 'done');
	// and once it is over: a station that lost it asks with the same key
	await s.sign(csr);
	await until('the third sending', () => s.got.length === 3);
	assert.equal(s.got[2].certificateChain, first.certificateChain);
	assert.equal((await s.issued()).length, 1);
	await s.close();
});

test('rule 49: several are open at a time, each gets its own; V2G is signed below the V2G root', async () => {
	const s = await asker('SIGN-MANY');
	const csrs = [make.csr({ cn: s.serial }), make.csr({ cn: s.serial }), make.csr({ cn: 'SECC-1' })];
	await Promise.all([s.sign(csrs[0]), s.sign(csrs[1]), s.sign(csrs[2], 'V2GCertificate')]);
	await until('three', () => s.got.length === 3);
	const v2g = s.got.find((p) => p.certificateType === 'V2GCertificate');
	assert.ok(make.verifies(v2g.certificateChain, root('depot-v2g.pem')));
	assert.match(make.x509(v2g.certificateChain, '-text', '-subject', '-nameopt', 'RFC2253'),
		/Digital Signature, Key Agreement[^]*subject=CN=SECC-1,O=Depot,DC=CPO/);
	const keys = s.got.map((p) => make.x509(p.certificateChain, '-pubkey'));
	assert.equal(new Set(keys).size, 3);
	await until('all to end', async () => (await s.requests()).every((r) => r.state === 'done'));
	assert.equal((await s.issued()).find((i) => i.type === 'V2GCertificate').state, 'current', 'nobody sees vehicles log in');
	// omitted: one for both, named like the station
	await s.sign(make.csr({ cn: s.serial }), null);
	await until('the combined one', () => s.got.length === 4);
	assert.equal(s.got[3].certificateType, undefined);
	assert.ok(make.verifies(s.got[3].certificateChain, root('depot-v2g.pem')));
	await s.close();
});

test('requests that nobody should sign are rejected now, with the reason in the journal', async () => {
	const s = await asker('SIGN-BAD');
	const other = await asker('SIGN-OTHER');
	const theirs = make.key();
	await other.sign(make.csr({ cn: other.serial, key: theirs }));
	await other.chain();
	const good = make.csr({ cn: s.serial });
	const body = good.split('\n').slice(1, -2);
	body[2] = body[2].replace(/[A-Za-z]/, (c) => (c === 'A' ? 'B' : 'A'));
	const bad = {
		'another name': [make.csr({ cn: other.serial }), /common name is SN-SIGN-OTHER, but .* SN-SIGN-BAD/],
		'its OCPP identity': [make.csr({ cn: 'SIGN-BAD' }), /common name/],
		'no name': [make.csr({}), /missing/],
		'an address': [make.csr({ cn: '192.0.2.7' }), /address of the network/],
		'a URL': [make.csr({ cn: 'https://evil.example/x' }), /address of the network/],
		'two names': [make.csr({ subject: `/O=Depot/CN=${s.serial}/CN=admin` }), /one common name/],
		'another organisation': [make.csr({ cn: s.serial, o: 'Evil' }), /organisation is Evil, not Depot/],
		'no organisation': [make.csr({ cn: s.serial, o: '' }), /no organisation/],
		'a key of another station': [make.csr({ cn: s.serial, key: theirs }), /key of station SIGN-OTHER/],
		'RSA of 1024 bits': [make.csr({ cn: s.serial, key: make.key({ rsa: 1024 }) }), /1024 bits/],
		'a weak curve': [make.csr({ cn: s.serial, key: make.key({ curve: 'prime192v1' }) }), /prime192v1/],
		'SHA-1': [make.csr({ cn: s.serial, digest: 'sha1' }), /digest/],
		'a signature of something else': [`${good.split('\n')[0]}\n${body.join('\n')}\n${good.split('\n').at(-2)}\n`, /signature|cannot be read|curve|key/],
		'a private key': [good + make.read(make.key()), /private key/],
		'two requests': [good + good, /not one request/],
		'a certificate': [root(), /not one request/],
		'garbage': ['-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n', /cannot be read/],
		'an encrypted one': [good.replace('REQUEST-----\n', 'REQUEST-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n'), /cannot be read/],
		'nothing': [' ', /not one request/],
	};
	for (const [what, [csr, words]] of Object.entries(bad)) {
		assert.deepEqual(await s.sign(csr), { status: 'Rejected' }, what);
		const { events } = await get('/journal?stream=station/SIGN-BAD&type=CertificateAsked&limit=1000');
		events.sort((a, b) => a.seq - b.seq);
		assert.match(events.at(-1).payload.why, words, what);
		ours.prove(what, 'Rejected');
	}
	const long = await s.ask('SignCertificate', { csr: good + ' '.repeat(5600 - good.length) });
	assert.deepEqual([long[0], long[2]], [4, 'PropertyConstraintViolation']);
	ours.prove('a request of 5600 characters', long[2]);
	assert.deepEqual(await s.requests(), []);
	assert.equal(s.got.length, 0);
	// what it asks for beside its key and its names is not heard
	await s.sign(make.csr({ cn: s.serial, ext: ['basicConstraints=critical,CA:TRUE', 'subjectAltName=DNS:evil.example',
		'keyUsage=keyCertSign', 'extendedKeyUsage=serverAuth'] }));
	const text = make.x509(await s.chain(), '-text');
	assert.match(text, /CA:FALSE/);
	assert.doesNotMatch(text, /evil|Certificate Sign|Server Auth/);
	await s.close();
	await other.close();
});

test('V2G: a station that told no SeccId gets no name that another station or depotd has', async () => {
	const s = await asker('SIGN-SECC');
	const other = await asker('SIGN-SECC-2');
	await other.call('NotifyReport', { requestId: 1, generatedAt: new Date().toISOString(), seqNo: 0, tbc: false, reportData: [{
		component: { name: 'ISO15118Ctrlr', evse: { id: 1 } }, variable: { name: 'SeccId' }, variableAttribute: [{ value: 'SECC-OF-2' }] }] });
	await until('its SeccId', async () => (await get('/stations/SIGN-SECC-2/variables?variable=SeccId')).variables.length > 0);
	for (const [cn, words] of [['localhost', /depotd itself/], ['LocalHost', /depotd itself/],
		['SECC-OF-2', /SeccId of station SIGN-SECC-2/], ['SIGN-SECC-2', /identity of station SIGN-SECC-2/],
		['SN-SIGN-SECC-2', /serial number of station SIGN-SECC-2/]]) {
		assert.deepEqual(await s.sign(make.csr({ cn }), 'V2GCertificate'), { status: 'Rejected' }, cn);
		const { events } = await get('/journal?stream=station/SIGN-SECC&type=CertificateAsked&limit=100');
		events.sort((a, b) => a.seq - b.seq);
		assert.match(events.at(-1).payload.why, words, cn);
	}
	assert.deepEqual(await s.sign(make.csr({ cn: 'SECC-OF-1' }), 'V2GCertificate'), { status: 'Accepted' });
	assert.deepEqual(await other.sign(make.csr({ cn: 'SECC-OF-2' }), 'V2GCertificate'), { status: 'Accepted' });
	await s.close();
	await other.close();
});

test('A02.FR.20: a station that rejects its certificate is asked anew, a few times, then a person is told', async () => {
	const s = await asker('SIGN-NO', { take: () => ({ status: 'Rejected', statusInfo: { reasonCode: 'WriteFailed', additionalInfo: 'no room' } }) });
	await s.sign(make.csr({ cn: s.serial }));
	await until('the refusal', async () => (await s.requests())[0]?.state === 'refused');
	const [r] = await s.requests();
	assert.match(r.note, /Rejected.*WriteFailed, no room.*asked for a new request/);
	assert.equal((await s.issued())[0].state, 'rejected');
	await s.close();
	const mute = await asker('SIGN-MUTE', { handlers: { CertificateSigned: (p, m) => [4, m[1], 'NotImplemented', '', {}] } });
	await mute.sign(make.csr({ cn: mute.serial }));
	const alarm = await until('the alarm', async () =>
		(await get('/alarms')).alarms.find((a) => a.kind === 'certificate-failed' && a.subject === 'SIGN-MUTE'));
	assert.match(alarm.text, /NotImplemented/);
	await mute.close();
});

test('what a station cannot take is not signed: MaxCertificateChainSize counts before, and after a restart', async () => {
	const s = await asker('SIGN-SHORT');
	await s.call('NotifyReport', { requestId: 1, generatedAt: new Date().toISOString(), seqNo: 0, tbc: false, reportData: [{
		component: { name: 'SecurityCtrlr' }, variable: { name: 'MaxCertificateChainSize' }, variableAttribute: [{ value: '300' }] }] });
	const key = make.key();
	await until('the refusal', async () => (await s.sign(make.csr({ cn: s.serial, key }))).status === 'Rejected');
	const { events } = await get('/journal?stream=station/SIGN-SHORT&type=CertificateAsked&limit=20');
	assert.match(events.find((e) => e.payload.status === 'Rejected').payload.why, /have \d+ characters, and the station takes 300 .*MaxCertificateChainSize/);
	assert.deepEqual((await s.issued()).map((i) => i.state), [], 'nothing was signed in vain');
	await s.close();
	await d.stop();
	await d.start();
	await s.connect();
	assert.equal((await s.sign(make.csr({ cn: s.serial }))).status, 'Rejected');
	assert.deepEqual(await s.issued(), []);
	await s.close();
});

test('a revoked certificate is out, and its key does not come back', async () => {
	const s = await asker('SIGN-REVOKED');
	const key = make.key();
	await s.sign(make.csr({ cn: s.serial, key }));
	await s.chain();
	await until('its end', async () => (await s.requests())[0].state === 'done');
	const [{ fingerprint }] = await s.issued();
	const revoke = (f, body) => d.api('POST', `/issued-certificates/${f}/revoke`, body);
	assert.equal((await revoke(fingerprint, {})).status, 400);
	assert.equal((await revoke('00', { reason: 'stolen' })).status, 404);
	assert.equal((await revoke(fingerprint, { why: 'stolen' })).status, 200);
	const [i] = await s.issued();
	assert.deepEqual([i.state, i.why], ['revoked', 'stolen']);
	assert.deepEqual(await s.sign(make.csr({ cn: s.serial, key })), { status: 'Rejected' });
	const { events } = await get('/journal?stream=station/SIGN-REVOKED&type=CertificateAsked&limit=1000');
	assert.match(events.sort((a, b) => a.seq - b.seq).at(-1).payload.why, /revoked/);
	ours.prove('the key of a certificate that was revoked', 'Rejected');
	assert.deepEqual(await s.sign(make.csr({ cn: s.serial })), { status: 'Accepted' }, 'a new key is welcome');
	await s.close();
});

test('rule 53: certificates are named as OCSP names them, by each of the three algorithms', async () => {
	const s = await asker('SIGN-HASH');
	await s.sign(make.csr({ cn: s.serial }));
	const [leaf, issuer] = Maker.split(await s.chain());
	const files = [make.write('hash-leaf.pem', leaf), make.write('hash-issuer.pem', issuer), make.write('hash-root.pem', root())];
	const post = (certificate, by) => d.api('POST', '/certificate-hashes', { certificate, ...(by && { issuer: by }) });
	for (const [certificate, by, a, b] of [[leaf, issuer, 0, 1], [issuer, root(), 1, 2], [root(), undefined, 2, 2]]) {
		const { json: { hashes } } = await post(certificate, by);
		assert.deepEqual(hashes.map((h) => h.hash_algorithm), ['SHA256', 'SHA384', 'SHA512']);
		for (const h of hashes) {
			const text = make.openssl('ocsp', `-${h.hash_algorithm.toLowerCase()}`, '-issuer', files[b], '-cert', files[a], '-req_text').replaceAll('\\\n', '');
			const [, name, key, serial] = /Issuer Name Hash: (\w+)\s+Issuer Key Hash: (\w+)\s+Serial Number: (\w+)/.exec(text);
			assert.deepEqual([h.issuer_name_hash.toUpperCase(), h.issuer_key_hash.toUpperCase(), h.serial_number.toUpperCase()],
				[name, key, serial.replace(/^0+/, '')]);
		}
	}
	assert.equal((await post(leaf)).status, 422, 'it did not issue itself');
	assert.equal((await post(leaf, root())).status, 422, 'nor did the root');
	assert.equal((await post('x')).status, 422);
	await s.close();
});

test('keys are of mode 0600 and with depotd-ca alone, which has no network and is started again when it dies', async () => {
	const dir = join(d.data, 'pki', 'ca');
	for (const name of readdirSync(dir).filter((n) => n.endsWith('.key')))
		assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600, name);
	const a = await get('/authority');
	assert.equal(a.authority, 'builtin');
	assert.match(a.is, /depotd-ca.*filter of system calls/);
	assert.deepEqual(a.roots.map((r) => [r.file, r.use]), [['depot.pem', 'station'], ['depot-v2g.pem', 'v2g']]);
	const children = () => readFileSync(`/proc/${d.child.pid}/task/${d.child.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
	const [ca] = children();
	assert.match(readFileSync(`/proc/${ca}/status`, 'utf8'), /Seccomp:\s+2/);
	process.kill(Number(ca), 'SIGKILL');
	const s = await asker('SIGN-DEAD');
	await s.sign(make.csr({ cn: s.serial }));
	await until('the certificate all the same', () => s.got.length === 1, 30000);
	assert.notEqual(children()[0], ca);
	await s.close();
	const { code } = await d.stop();
	assert.equal(code, 0);
	await until('it to end with depotd', () => { try { process.kill(Number(ca), 0); } catch { return true; } });
});

test('all that the matrix claims of requests was tried', () => {
	assert.deepEqual(ours.rest(), []);
});
