// Plug and charge: contract certificates (C07), OCSP (M06), certificates for vehicles (M01, M02), and
// what hostile stations, responders and pools try.
import test, { after, before, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { Depotd, until } from './harness.mjs';
import { claims } from './matrix.mjs';
import { booted } from './peer.mjs';
import { Pool, TOKEN } from '../contract/pool.mjs';
import { Responder } from '../contract/responder.mjs';

const ours = claims('tests/e2e/contract.test.mjs');
const EMAID = 'NLLABC00000001';
let d, ocsp, pool, trap, s;
const trapped = [];

before(async () => {
	ocsp = await new Responder().start();
	pool = await new Pool().start();
	// Whoever is led here has been led astray.
	trap = http.createServer((req, res) => { trapped.push(req.url); res.end('secret'); });
	await new Promise((r) => trap.listen(0, '127.0.0.1', r));
	d = new Depotd({ config: `device: {inventory: off}
trust:
  ocsp_hosts: ["127.0.0.1:${ocsp.port}", "localhost:${trap.address().port}", "2130706433:${trap.address().port}", responder.example]
  ocsp_timeout_ms: 4000
  contract_ms: 8000
  contract_pool: {url: "${pool.url}/opcp/", token_file: pool.token}
limits: {max_message: 262144}
` });
	writeFileSync(join(d.dir, 'pool.token'), `${TOKEN}\n`, { mode: 0o600 });
	await d.start();
	for (const [type, value, more] of [
		['eMAID', 'NL-LAB-C00000001-X', {}], ['eMAID', 'NLLABC00000002', {}], ['eMAID', 'NLLABC00000003', {}],
	]) assert.ok((await d.api('PUT', `/tokens/${type}/${value}`, more)).status < 300);
	await put('mo', 'lab', ocsp.file('mo-roots.pem'));
	s = await booted(d, 'PNC');
});

after(async () => {
	s?.close();
	await d.stop();
	await d.clean();
	for (const x of [ocsp, pool]) x.stop();
	trap.close();
});

beforeEach(() => {
	ocsp.ways = {};
	ocsp.asked = [];
});

const put = async (kind, name, certificates) => {
	const r = await d.api('PUT', `/contract-roots/${kind}/${name}`, { certificates });
	assert.equal(r.status, 200, r.text);
	await believed();
};

/** The worker has taken the roots over. */
let believing = 1;
const believed = () => until('the roots to be in force', () =>
	(d.logged().match(/roots are believed/g) ?? []).length > believing && ++believing);

/** Answers that were kept are forgotten with any change of the roots. */
const forget = () => put('mo', 'lab', ocsp.file('mo-roots.pem'));

const token = (idToken) => ({ idToken: { idToken, type: 'eMAID' } });
const byHash = (leaf = 'contract', change = (h) => h) => ({ iso15118CertificateHashData: ocsp.hashes(leaf).map(change) });
const byChain = (leaf = 'contract') => ({ certificate: ocsp.file(`${leaf}-chain.pem`) });

/** "certificate status, token status" of an Authorize. */
async function authorize(with_, emaid = EMAID) {
	const r = await s.call('Authorize', { ...token(emaid), ...with_ });
	return `${r.certificateStatus} ${r.idTokenInfo.status}`;
}

/** What the journal keeps of the newest message of a kind. */
async function lastAsked(type = 'TokenAsked') {
	const { events } = (await d.api('GET', `/journal?stream=station/PNC&limit=1000&type=${type}`)).json;
	const { payload } = events.reduce((a, b) => (a.seq > b.seq ? a : b));
	return typeof payload === 'string' ? JSON.parse(payload) : payload;
}
const why = async () => (await lastAsked()).certificate_why;
const countAsked = async (type) => (await d.api('GET', `/journal?stream=station/PNC&limit=1000&type=${type}`)).json.events.length;

test('rule 50: a valid contract may charge, by hash data, by its chain, and by both', async () => {
	assert.equal(await authorize(byHash()), 'Accepted Accepted');
	assert.deepEqual(ocsp.asked.sort(), ['mo-root', 'mo-sub1', 'mo-sub2']);
	assert.equal(ocsp.last.method, 'POST');
	assert.equal(ocsp.last.type, 'application/ocsp-request');
	await forget();
	assert.equal(await authorize(byChain()), 'Accepted Accepted');
	assert.equal(ocsp.asked.length, 6);
	assert.equal(await authorize({ ...byChain(), ...byHash() }), 'Accepted Accepted');
	assert.equal(ocsp.asked.length, 6, 'answers are kept until their nextUpdate');
	assert.equal((await lastAsked()).certificate_status, 'Accepted');
	const [leaf, ...subs] = ocsp.file('contract-chain.pem').split(/(?<=-----END CERTIFICATE-----\n)/).filter(Boolean);
	assert.equal(await authorize({ certificate: [leaf, ...subs.reverse()].join('') }), 'Accepted Accepted');
	assert.equal(await authorize(byChain(), 'nl-lab-c00000001'), 'Accepted Accepted', 'however it is written');
});

test('rule 50: the table of C07.FR.13 to FR.17', async () => {
	assert.equal(await authorize(byHash('contract-revoked'), 'NLLABC00000002'), 'CertificateRevoked Invalid');
	assert.match(await why(), /revoked/);
	assert.equal(await authorize(byChain('contract-revoked'), 'NLLABC00000002'), 'CertificateRevoked Invalid');
	assert.equal(await authorize(byChain('contract-expired'), 'NLLABC00000003'), 'CertificateExpired Expired');
	for (const [put, status] of [[{ status: 'Blocked' }, 'Blocked'], [{ expires: '2020-01-01T00:00:00Z' }, 'Expired'], [{ status: 'Invalid' }, 'Invalid']]) {
		await d.api('PUT', `/tokens/eMAID/${EMAID}`, put);
		assert.equal(await authorize(byHash()), `ContractCancelled ${status}`);
		assert.equal(await authorize(byHash('contract-revoked')), 'CertificateRevoked Invalid', 'the certificate comes first');
	}
	await d.api('DELETE', `/tokens/eMAID/${EMAID}`);
	assert.equal(await authorize(byChain()), 'ContractCancelled Unknown');
	await d.api('PUT', `/tokens/eMAID/${EMAID}`, { evses: ['CP-1'] });
	assert.equal(await authorize(byChain()), 'Accepted NotAtThisLocation', 'good, but not here (C07.FR.14)');
	await d.api('DELETE', `/tokens/eMAID/${EMAID}`);
	await d.api('PUT', `/tokens/eMAID/${EMAID}`, {});
	assert.equal(await authorize(byChain(), 'NLLABC00000002'), 'CertChainError Invalid', 'of another contract');
	assert.match(await why(), /is of contract NLLABC00000001/);
	assert.equal((await s.call('Authorize', token(EMAID))).certificateStatus, undefined);
});

test('both must hold: good hash data do not hide a bad chain, nor the other way round', async () => {
	assert.equal(await authorize({ ...byChain('contract-expired'), ...byHash() }, 'NLLABC00000003'), 'CertificateExpired Expired');
	assert.equal(await authorize({ ...byChain(), ...byHash('contract-revoked') }), 'CertificateRevoked Invalid');
});

/** A PKI of somebody else, whose leaf has the same eMAID. */
function foreign() {
	const lab = join(ocsp.dir, 'foreign');
	execFileSync(join(process.env.BUILD ?? 'build', 'depotctl'), ['pki', 'lab', lab, '--ocsp', `127.0.0.1:${ocsp.port}`, '--one-port']);
	return (name) => execFileSync('cat', [join(lab, name)], { encoding: 'utf8' });
}

test('chains that lead nowhere are refused', async () => {
	const other = foreign();
	const one = (name) => ocsp.file(`${name}.pem`);
	const chains = {
		'of an unknown root': other('contract-chain.pem'),
		'that bring their own root': other('contract-chain.pem') + other('mo-root.pem'),
		'of a leaf of one and the sub-CAs of another': other('contract.pem') + one('mo-sub2') + one('mo-sub1'),
		'that begin with an authority': one('mo-sub2') + one('mo-sub1'),
		'of a charger': ocsp.file('secc-chain.pem'),
		'in a circle': one('contract') + (one('mo-sub2') + one('mo-sub1')).repeat(4),
		'of a root alone': one('mo-root'),
		'of a key': ocsp.file('contract.key'),
		'of nothing': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
	};
	for (const [what, certificate] of Object.entries(chains).filter(([, c]) => c.length <= 5500))
		assert.equal(await authorize({ certificate }), 'CertChainError Invalid', `chains ${what}`);
	assert.deepEqual(ocsp.asked, [], 'nobody is asked about them');
	await d.api('DELETE', '/contract-roots/mo/lab');
	await believed();
	assert.equal(await authorize(byChain()), 'CertChainError Invalid');
	assert.equal(await authorize(byHash()), 'CertChainError Invalid', 'no answer of OCSP can be checked without a root');
	await forget();
	assert.equal(await authorize(byHash()), 'Accepted Accepted');
});

test('hash data that are of no contract open nothing, whatever OCSP says of them', async () => {
	await forget();
	await put('v2g', 'lab', ocsp.file('v2g-roots.pem'));
	const only = (iso15118CertificateHashData) => authorize({ iso15118CertificateHashData });
	const [leaf, sub2, sub1] = ocsp.hashes('contract');
	assert.equal(await only(ocsp.hashes('secc')), 'CertChainError Invalid', "of the charger's own certificate");
	assert.match(await why(), /not known to sign contracts/);
	assert.equal(await only([sub2]), 'CertChainError Invalid', 'of a sub-CA alone');
	assert.match(await why(), /authorities alone/);
	assert.equal(await only([sub2, sub1].filter(Boolean)), 'CertChainError Invalid');
	assert.equal(await only([leaf, ocsp.hashes('contract-revoked')[0]]), 'CertChainError Invalid', 'of two contracts');
	const lone = await d.api('PUT', '/contract-roots/mo/lone', { certificates: ocsp.file('mo-sub2.pem') });
	assert.equal(lone.status, 422);
	assert.match(lone.json.detail, /the root comes first.*Lab MO Sub-CA 2/);
	// A sub-CA that depotd does not know, but its issuer and OCSP do.
	await put('mo', 'lab', ocsp.file('mo-root.pem') + ocsp.file('mo-sub1.pem'));
	assert.equal(await only([sub2]), 'CertChainError Invalid', 'of a sub-CA that depotd does not know');
	await put('mo', 'lab', ocsp.file('mo-root.pem'));
	assert.equal(await only([sub1]), 'CertChainError Invalid');
	await put('mo', 'lab', ocsp.file('mo-roots.pem'));
	assert.equal(await only([leaf]), 'Accepted Accepted');
	assert.equal((await d.api('DELETE', '/contract-roots/v2g/lab?why=over')).status, 200);
	await believed();
	const { events } = (await d.api('GET', '/journal?stream=trust/lab&type=ContractRootChanged&limit=1000')).json;
	assert.match(JSON.stringify(events.reduce((a, b) => (a.seq > b.seq ? a : b)).payload), /over/);
});

test('an answer of OCSP that is not worth it is no answer', async () => {
	const leaf = 'mo-sub2';
	const flip = (res, der) => { der[der.length - 200] ^= 1; res.end(der); };
	const lies = {
		'signed by the responder of another authority': { signer: 'ocsp-mo-sub1' },
		'signed by the vehicle itself': { signer: 'contract' },
		'signed by another authority': { signer: 'mo-sub1' },
		'about the certificates of another authority': { index: 'mo-sub1', signer: 'ocsp-mo-sub1' },
		'whose bytes were changed': { raw: flip },
		'cut short': { raw: (res, der) => res.end(der.subarray(0, 300)) },
		'with something behind it': { raw: (res, der) => res.end(Buffer.concat([der, Buffer.from('x')])) },
		'of nothing': { raw: (res) => res.end() },
		'of a web page': { raw: (res) => res.end('<html>') },
		'of 10 MB': { raw: (res) => res.end(Buffer.alloc(10e6, 0x30)) },
		'of a refusal': { raw: (res) => { res.statusCode = 500; res.end('no'); } },
		'"try later"': { raw: (res) => res.end(Buffer.from('30030a0103', 'hex')) },
		'elsewhere': { raw: (res) => { res.writeHead(302, { location: `http://127.0.0.1:${trap.address().port}/redirected` }); res.end(); } },
		'that hangs up': { raw: (res) => res.destroy() },
	};
	for (const [what, way] of Object.entries(lies)) {
		await forget();
		ocsp.lie(leaf, way);
		assert.equal(await authorize(byHash()), 'CertChainError Invalid', `an answer ${what}`);
	}
	assert.deepEqual(trapped, []);
	await forget();
	ocsp.ways = {};
	const [first] = ocsp.hashes('contract');
	assert.equal(await authorize({ iso15118CertificateHashData: [{ ...first, serialNumber: 'DEAD' }] }), 'CertChainError Invalid');
	assert.match(await why(), /does not know/);
	assert.equal(await authorize({ iso15118CertificateHashData: [{ ...first, serialNumber: `00${first.serialNumber.toLowerCase()}` }] }), 'Accepted Accepted');
});

test('an answer that was made for another question is refused, one without a nonce is taken', async () => {
	await forget();
	assert.equal(await authorize(byHash()), 'Accepted Accepted');
	let old;
	ocsp.lie('mo-sub2', { raw: (res, der) => { old ??= der; res.end(old); } });
	await forget();
	assert.equal(await authorize(byHash()), 'Accepted Accepted');
	await forget();
	assert.equal(await authorize(byHash()), 'CertChainError Invalid', 'played again, with the nonce of before');
	assert.match(await why(), /nonce/);
	const { iso15118CertificateHashData: [{ serialNumber }] } = byHash();
	const made = join(ocsp.dir, 'made.der');
	const file = (n) => join(ocsp.lab, n);
	execFileSync('openssl', ['ocsp', '-sha256', '-issuer', file('mo-sub2.pem'), '-serial', `0x${serialNumber}`, '-no_nonce', '-reqout', `${made}.req`]);
	execFileSync('openssl', ['ocsp', '-reqin', `${made}.req`, '-index', file('mo-sub2.index'), '-CA', file('mo-sub2.pem'),
		'-rsigner', file('mo-sub2.pem'), '-rkey', file('mo-sub2.key'), '-ndays', '1', '-respout', made]);
	ocsp.lie('mo-sub2', { raw: (res) => res.end(execFileSync('cat', [made])) });
	assert.equal(await authorize(byHash()), 'Accepted Accepted', 'made beforehand, and signed by the authority itself');
});

test('a slow responder costs no more than it may, and holds up nobody else', async () => {
	await forget();
	ocsp.lie('mo-sub2', { raw: () => {} });
	const from = Date.now();
	const slow = authorize(byHash());
	assert.equal((await s.call('Authorize', { idToken: { idToken: 'NOBODYS', type: 'ISO14443' } })).idTokenInfo.status, 'Unknown');
	await s.call('Heartbeat', {});
	assert.ok(!(await Promise.race([slow, false])), 'the loop is free meanwhile');
	assert.equal(await slow, 'CertChainError Invalid');
	assert.ok(Date.now() - from < 20000, 'ocsp_timeout_ms is 4000');
});

test('no station leads depotd to a place that the config does not name', async () => {
	await forget();
	const port = trap.address().port;
	const urls = [
		`http://127.0.0.1:${port}/`, `http://localhost:${port}/`, `http://LOCALHOST:${port}/`, `http://localhost.:${port}/`,
		`http://2130706433:${port}/`, `http://0x7f000001:${port}/`, `http://0177.0.0.1:${port}/`, `http://127.1:${port}/`, `http://0:${port}/`,
		`http://[::1]:${port}/`, `http://[::ffff:127.0.0.1]:${port}/`, `http://[::ffff:7f00:1]:${port}/`, `http://[0:0:0:0:0:ffff:7f00:0001]:${port}/`,
		`http://127.0.0.1:${ocsp.port}@127.0.0.1:${port}/`, `http://user:pw@127.0.0.1:${ocsp.port}/`, `http://127.0.0.1:${ocsp.port}#@127.0.0.1:${port}/x`,
		`http://127.0.0.1:${ocsp.port}\\@127.0.0.1:${port}/`, `http://127.0.0.1:${port}?127.0.0.1:${ocsp.port}`, `http://127.0.0.1%3a${port}/`,
		`http://127.0.0.1%00.example:${port}/`, `http://127.0.0.1:${port}%20/`, `http:127.0.0.1:${port}/`, `http:///127.0.0.1:${port}/`,
		`//127.0.0.1:${port}/`, `ftp://127.0.0.1:${port}/`, `gopher://127.0.0.1:${port}/_x`, `file:///etc/passwd`, `dict://127.0.0.1:${port}/`,
		`unix:///${d.data}/depotd.sock`, `http://①②⑦.0.0.1:${port}/`, `http://127。0。0。1:${port}/`, `http://127.0.0.1:${ocsp.port}:${port}/`,
		`http://127.0.0.1:${ocsp.port + 65536}/`, `http://127.0.0.1:-1/`, `http://127.0.0.1:0/`, ` http://127.0.0.1:${port}/`, `http://127.0.0.1:${port}/ HTTP/1.1\r\nX: y`,
		'http://169.254.169.254/latest/meta-data/', 'http://127.0.0.1.nip.example/', 'http://responder.example:22/', '',
	];
	const attempts = new Map([
		[`http://127.0.0.1:${port}/`, 'an OCSP responder at this machine'], [`http://2130706433:${port}/`, 'the same as one number'],
		[`http://0177.0.0.1:${port}/`, 'the same in octal'], [`http://[::ffff:127.0.0.1]:${port}/`, 'the same by IPv6'],
		[`http://127.0.0.1:${ocsp.port}@127.0.0.1:${port}/`, 'a listed host as the user name'], ['file:///etc/passwd', 'a file'],
		[`unix:///${d.data}/depotd.sock`, 'our own Unix socket'], [`gopher://127.0.0.1:${port}/_x`, 'gopher'],
		[`http://127.0.0.1:${port}/ HTTP/1.1\r\nX: y`, 'a line end behind the address'], ['http://169.254.169.254/latest/meta-data/', 'the metadata of a cloud'],
	]);
	const [leaf] = ocsp.hashes('contract');
	for (const responderURL of urls) {
		const data = { ...leaf, responderURL };
		if (responderURL.includes('#@')) ocsp.lie('', { raw: (res) => res.end('x') });
		assert.equal(await authorize({ iso15118CertificateHashData: [data] }), 'CertChainError Invalid', responderURL);
		const had = await countAsked('CertificateStatusAsked');
		const { status } = await s.call('GetCertificateStatus', { ocspRequestData: data });
		assert.equal(status, 'Failed', responderURL);
		assert.equal(await countAsked('CertificateStatusAsked'), had + 1, `one line for ${responderURL}`);
		if (attempts.has(responderURL)) ours.prove(attempts.get(responderURL), status);
	}
	assert.deepEqual(ours.rest(), [], 'all that the matrix claims of addresses was tried');
	assert.deepEqual(trapped, [], 'localhost and 2130706433 are listed, but lead to an address that is not');
	assert.match((await lastAsked('CertificateStatusAsked')).why, /names no responder/);
});

test('rule 51: the status of a certificate is passed on as it came', async () => {
	await forget();
	await put('v2g', 'lab', ocsp.file('v2g-roots.pem'));
	const [leaf, sub2] = ocsp.hashes('contract');
	const ask = (ocspRequestData) => s.call('GetCertificateStatus', { ocspRequestData });
	let r = await ask(sub2);
	assert.equal(r.status, 'Accepted');
	assert.equal(r.ocspResult, ocsp.last.der.toString('base64'));
	const n = ocsp.asked.length;
	assert.deepEqual(await ask(sub2), r, 'kept');
	assert.equal(ocsp.asked.length, n);
	const [revoked] = ocsp.hashes('contract-revoked');
	r = await ask(revoked);
	assert.equal(r.status, 'Accepted', 'there is an answer, whatever it says');
	ocsp.lie('mo-sub2', { raw: (res) => { res.statusCode = 503; res.end(); } });
	assert.deepEqual(await ask(leaf), { status: 'Failed' });
	assert.match((await lastAsked('CertificateStatusAsked')).why, /200/);
	ocsp.lie('mo-sub2', { signer: 'ocsp-mo-sub1' });
	assert.deepEqual(await ask(leaf), { status: 'Failed' }, 'a forged one is not passed on');
	ocsp.lie('mo-sub2', { args: ['-rother', join(ocsp.lab, 'mo-roots.pem'), '-rother', join(ocsp.lab, 'v2g-roots.pem')] });
	assert.equal((await ask(leaf)).status, 'Accepted');
	assert.deepEqual(await ask({ ...leaf, issuerNameHash: 'aa' }), { status: 'Failed' });
	assert.equal((await d.api('DELETE', '/contract-roots/v2g/lab')).status, 200);
	await believed();
});

test('rule 51: an authority that nobody knows is passed on too, and believed by nobody', async () => {
	await d.api('DELETE', '/contract-roots/mo/lab');
	await believed();
	const [leaf] = ocsp.hashes('contract');
	assert.equal((await s.call('GetCertificateStatus', { ocspRequestData: leaf })).status, 'Accepted');
	assert.equal(await authorize({ iso15118CertificateHashData: [leaf] }), 'CertChainError Invalid');
	assert.match(await why(), /install the sub-CA/);
	await forget();
});

const install = (more = {}) => s.call('Get15118EVCertificate', {
	iso15118SchemaVersion: 'urn:iso:15118:2:2013:MsgDef', action: 'Install', exiRequest: 'ZXhpIHJlcXVlc3Q=', ...more });

test('rule 52: what a vehicle asks goes to the pool and back as it is', async () => {
	assert.deepEqual(await install(), { status: 'Accepted', exiResponse: pool.exi });
	assert.deepEqual(await install({ action: 'Update' }), { status: 'Accepted', exiResponse: pool.exi });
	assert.deepEqual(pool.asked[0], { certificateInstallationReq: 'ZXhpIHJlcXVlc3Q=', xsdMsgDefNamespace: 'urn:iso:15118:2:2013:MsgDef' });
	assert.deepEqual(pool.faults, []);
	const { exi_length, status, answer_length } = await lastAsked('ContractAsked');
	assert.deepEqual([exi_length, status, answer_length], [16, 'Accepted', pool.exi.length]);
});

test('rule 52: 5600 characters, and as many more as the station says', async () => {
	const usual = pool.exi;
	const answer = async (length) => {
		pool.exi = 'A'.repeat(length);
		const r = await install();
		return [r.status, r.exiResponse.length];
	};
	assert.deepEqual(await answer(5600), ['Accepted', 5600]);
	assert.deepEqual(await answer(5604), ['Failed', 0]);
	assert.match((await lastAsked('ContractAsked')).why, /5604 characters, the station takes 5600/);
	const say = (value) => s.call('NotifyReport', { requestId: 1, generatedAt: new Date().toISOString(), seqNo: 0, tbc: false, reportData: [{
		component: { name: 'OCPPCommCtrlr' }, variable: { name: 'FieldLength', instance: 'Get15118EVCertificateResponse.exiResponse' },
		variableAttribute: [{ value: String(value) }] }] });
	await say(7500);
	assert.deepEqual(await until('7500 to be known', async () => { const a = await answer(7500); return a[1] && a; }), ['Accepted', 7500]);
	assert.deepEqual(await answer(7504), ['Failed', 0]);
	await say(10);
	assert.deepEqual(await answer(5600), ['Accepted', 5600], 'never less than OCPP says');
	pool.exi = usual;
});

test('rule 52: a pool that fails is tried once more, one that is slow is not waited for', async () => {
	const fail = (status) => (res) => { res.statusCode = status; res.end('no'); };
	const n = pool.asked.length;
	pool.answers = [fail(503)];
	assert.equal((await install()).status, 'Accepted');
	assert.equal(pool.asked.length, n + 2);
	pool.answers = [fail(503), fail(503)];
	assert.deepEqual(await install(), { status: 'Failed', exiResponse: '' });
	pool.answers = [fail(404)];
	assert.deepEqual(await install(), { status: 'Failed', exiResponse: '' });
	assert.equal(pool.asked.length, n + 5, 'what cannot pass is not tried again');
	for (const body of ['', 'x', '{}', '{"CCPResponse":{"emaidContent":[]}}', '{"CCPResponse":{"emaidContent":[{"messageDef":{"certificateInstallationRes":"not base64!"}}]}}']) {
		pool.answers = [(res) => res.end(body)];
		assert.deepEqual(await install(), { status: 'Failed', exiResponse: '' }, body);
	}
	assert.equal((await install({ exiRequest: '"},{' })).status, 'Failed');
	pool.answers = [() => {}];
	const from = Date.now();
	const slow = install();
	await s.call('Heartbeat', {});
	assert.deepEqual(await slow, { status: 'Failed', exiResponse: '' });
	assert.ok(Date.now() - from < 15000, 'it has 3.8 s, since ISO 15118-2 waits 4.5');
});

test('the pool\'s token is not in the log, and a root is refused that is none', async () => {
	assert.ok(!d.logged().includes(TOKEN));
	const refused = async (certificates) => (await d.api('PUT', '/contract-roots/mo/bad', { certificates })).status;
	assert.equal(await refused('nothing'), 422);
	assert.equal(await refused(ocsp.file('contract.pem')), 422);
	assert.equal(await refused(ocsp.file('mo-root.pem') + ocsp.file('mo-root.key')), 422);
	assert.equal((await d.api('PUT', '/contract-roots/mo/..%2F..%2Fx', { certificates: ocsp.file('mo-root.pem') })).status, 400);
	assert.equal((await d.api('PUT', '/contract-roots/oem/x', { certificates: ocsp.file('mo-root.pem') })).status, 404);
	const { roots } = (await d.api('GET', '/contract-roots')).json;
	assert.deepEqual(roots.map((r) => [r.kind, r.name, r.certificates]), [['mo', 'lab', 3]]);
});
