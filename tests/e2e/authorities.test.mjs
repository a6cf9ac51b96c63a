// Who else may sign certificates of stations: an EST server (RFC 7030), a program, and keys in a token.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { Maker } from './maker.mjs';
import { Station, register } from './peer.mjs';

let make;
const running = [];

before(() => {
	make = new Maker();
	// an authority of the operator's: a root and what signs below it; the server's own certificate too
	make.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'root.key',
		'-out', 'root.pem', '-days', '30', '-subj', '/O=Operator/CN=Operator root');
	make.write('sub.ext', 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n');
	make.write('leaf.ext', 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n');
	make.write('server.ext', 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
	for (const [name, ca, subject, ext] of [['sub', 'root', '/O=Operator/CN=Operator stations', 'sub.ext'],
		['server', 'root', '/O=Operator/CN=localhost', 'server.ext'], ['us', 'root', '/O=Operator/CN=depotd', 'leaf.ext']]) {
		make.openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`,
			'-out', `${name}.csr`, '-subj', subject);
		sign(`${name}.csr`, `${name}.pem`, ca, ext);
	}
});

after(async () => {
	for (const d of running) await d.clean();
	make.clean();
});

/** Valid a day ago: no clock is exact. */
function sign(csr, out, ca, ext) {
	const from = new Date(Date.now() - 86400e3), to = new Date(Date.now() + 20 * 86400e3);
	const stamp = (t) => t.toISOString().replace(/[-:T]|\.\d+/g, '');
	if (!existsSync(make.file(`${ca}.index`))) {
		make.write(`${ca}.index`, '');
		make.write(`${ca}.cnf`, `[ca]\ndefault_ca=d\n[d]\ndatabase=${make.file(`${ca}.index`)}\nnew_certs_dir=${make.dir}\nrand_serial=yes
default_md=sha256\npolicy=p\nunique_subject=no\nstring_mask=utf8only\n[p]\norganizationName=optional\ncommonName=supplied\n`);
	}
	make.openssl('ca', '-batch', '-config', `${ca}.cnf`, '-in', csr, '-out', out, '-notext', '-cert', `${ca}.pem`, '-keyfile', `${ca}.key`,
		'-startdate', stamp(from), '-enddate', stamp(to), '-extfile', ext, '-preserveDN');
}

async function start(trust) {
	const d = await new Depotd({ config: `trust: ${JSON.stringify(trust)}\ndevice: {inventory: off}\n` }).start();
	running.push(d);
	return d;
}

/** A station that asks once; { status, chain, requests }. */
async function asks(d, id, { type = 'ChargingStationCertificate', ...options } = {}) {
	await register(d, id);
	const s = new Station(d, id, { handlers: { CertificateSigned: ({ certificateChain }) => {
		s.chain = certificateChain;
		return { status: 'Accepted' };
	} } });
	await s.connect();
	await s.call('BootNotification', { reason: 'PowerUp', chargingStation: { model: 'M', vendorName: 'V', serialNumber: `SN-${id}` } });
	s.answer = await s.call('SignCertificate', { csr: make.csr({ cn: `SN-${id}`, ...options }), ...(type && { certificateType: type }) });
	s.request = async () => (await d.api('GET', `/certificate-requests?station=${id}`)).json.requests[0];
	return s;
}

/** A small EST server: what it was asked, and how it answers next. */
async function estServer(options = {}) {
	const est = { asked: [], next: [] };
	const pkcs7 = (...files) => {
		make.openssl('crl2pkcs7', '-nocrl', ...files.flatMap((f) => ['-certfile', f]), '-outform', 'DER', '-out', 'p7.der');
		return readFileSync(make.file('p7.der')).toString('base64').replace(/.{64}/g, '$&\n');
	};
	est.server = https.createServer({ key: make.read('server.key'), cert: make.read('server.pem'), ca: make.read('root.pem'),
		requestCert: true, rejectUnauthorized: false, ...options }, (req, res) => {
		let body = '';
		req.on('data', (b) => (body += b));
		req.on('end', () => {
			est.asked.push({ path: req.url, method: req.method, headers: req.headers, body,
				client: req.socket.authorized && req.socket.getPeerCertificate().subject.CN });
			const how = est.next.shift();
			if (how) return how(res);
			if (req.headers.authorization !== `Basic ${Buffer.from('depot:s3cret').toString('base64')}`) return res.writeHead(401).end();
			res.setHeader('content-type', 'application/pkcs7-mime; smime-type=certs-only');
			if (req.url === '/.well-known/est/cacerts') return res.end(pkcs7('root.pem', 'sub.pem'));
			const n = make.n++;
			make.write(`est${n}.csr`, `-----BEGIN CERTIFICATE REQUEST-----\n${body}-----END CERTIFICATE REQUEST-----\n`);
			sign(`est${n}.csr`, `est${n}.pem`, 'sub', 'leaf.ext');
			res.end(pkcs7(`est${n}.pem`));
		});
	});
	await new Promise((ok) => est.server.listen(0, '127.0.0.1', ok));
	est.url = `https://localhost:${est.server.address().port}/.well-known/est`;
	return est;
}

test('EST (RFC 7030): the chain from cacerts, the certificate from simpleenroll, in time and after 202', async () => {
	const est = await estServer();
	make.write('password', 's3cret\n');
	const d = await start({ authority: 'est', est: { url: est.url, ca: make.file('root.pem'), username: 'depot',
		password_file: make.file('password'), cert: make.file('us.pem'), key: make.file('us.key') } });
	const s = await asks(d, 'EST-1');
	assert.equal(s.answer.status, 'Accepted');
	const chain = await until('the certificate', () => s.chain);
	assert.equal(Maker.split(chain).length, 2, 'leaf and sub-CA, no root');
	assert.ok(make.verifies(chain, make.read('root.pem')));
	assert.deepEqual(est.asked.map((a) => [a.method, a.path.split('/').at(-1)]), [['GET', 'cacerts'], ['POST', 'simpleenroll']]);
	const { headers, client } = est.asked[1];
	assert.deepEqual([headers['content-type'], headers['content-transfer-encoding'], client], ['application/pkcs10', 'base64', 'depotd']);
	assert.ok(!d.logged().includes('s3cret'));
	// not at once: 202 says when; a server that is down is asked again; one that says no is believed
	est.next.push((res) => res.writeHead(202, { 'retry-after': '1' }).end());
	const late = await asks(d, 'EST-2');
	await until('the certificate after the wait', () => late.chain, 20000);
	est.next.push((res) => res.writeHead(400).end('the key is on the list of stolen ones'));
	const no = await asks(d, 'EST-3');
	const r = await until('the refusal', async () => { const x = await no.request(); return x.state === 'refused' && x; });
	assert.match(r.note, /stolen ones/);
	assert.ok((await d.api('GET', '/alarms')).json.alarms.some((a) => a.kind === 'certificate-failed' && a.subject === 'EST-3'));
	est.next.push(...[1, 2].map(() => (res) => res.writeHead(503).end()));
	const down = await asks(d, 'EST-4');
	await until('the alarm', async () => (await d.api('GET', '/alarms')).json.alarms.some((a) => a.kind === 'authority-silent'), 20000);
	await until('the certificate in the end', () => down.chain, 40000);
	await until('the alarm to clear', async () => !(await d.api('GET', '/alarms')).json.alarms.some((a) => a.kind === 'authority-silent'));
	// a certificate for another key, or no chain at all, never reaches a station
	est.next.push((res) => res.writeHead(200).end(readFileSync(make.file('p7.der')).toString('base64')));
	const wrong = await asks(d, 'EST-5');
	const w = await until('the judgement', async () => { const x = await wrong.request(); return x.state === 'waiting' && x; });
	assert.match(w.note, /none of its certificates is of the key/);
	assert.equal(wrong.chain, undefined);
	for (const x of [s, late, no, down, wrong]) await x.close();
	est.server.close();
});

test('a program signs: the request on its input, the chain on its output; no shell, no patience without end', async () => {
	const script = (name, body) => {
		make.write(name, `#!/bin/sh\n${body}\n`);
		execFileSync('chmod', ['755', make.file(name)]);
		return make.file(name);
	};
	const sh = script('sign.sh', `cd ${make.dir} || exit 1
case "$DEPOTD_NAME" in SN-CMD-NO) exit 65;; SN-CMD-SLOW) sleep 30;; esac
echo "$# $1 $DEPOTD_PROFILE $DEPOTD_DAYS \${SECRET_OF_DEPOTD:-none}" > asked
cat > cmd.csr
openssl x509 -req -in cmd.csr -CA sub.pem -CAkey sub.key -set_serial 0x1234 -days 20 -extfile leaf.ext 2>/dev/null && cat sub.pem`);
	process.env.SECRET_OF_DEPOTD = 'x';
	const d = await start({ authority: 'command', command: [sh, 'a b; touch pwned'], command_s: 2 });
	const s = await asks(d, 'CMD-1');
	const chain = await until('the certificate', () => s.chain, 20000);
	assert.ok(make.verifies(chain, make.read('root.pem')));
	assert.equal(make.read('asked').trim(), '1 a b; touch pwned station 365 none');
	assert.ok(!existsSync(make.file('pwned')));
	const no = await asks(d, 'CMD-NO');
	await until('the refusal', async () => (await no.request()).state === 'refused');
	assert.match((await no.request()).note, /status 65/);
	const slow = await asks(d, 'CMD-SLOW');
	await until('the end of patience', async () => (await slow.request()).state === 'waiting', 15000);
	assert.match((await slow.request()).note, /not done within 2 s/);
	for (const x of [s, no, slow]) await x.close();
});

const V2G = { type: 'V2GCertificate', cn: 'SECC-1' };
const shipped = (name) => readFileSync(new URL(`../../etc/pki/${name}.yaml`, import.meta.url), 'utf8');

test('V2G certificates are of the profile: that of ISO 15118-20 wants P-521, below a root of its own', async () => {
	const d = await start({ v2g_profile: 'iso15118-20' });
	const root = readFileSync(join(d.data, 'pki', 'charger-roots', 'depot-v2g-p521.pem'), 'utf8');
	assert.match(make.x509(root, '-text'), /P-521/);
	const old = await asks(d, 'V2G-OLD', V2G);
	await until('the refusal', async () => /EC P-256: .* keys on P-521 here$/.test((await old.request()).note));
	const key = make.key({ curve: 'secp521r1' });
	const s = await asks(d, 'V2G-NEW', { ...V2G, cn: 'SECC-2', key });
	const chain = await until('the certificate', () => s.chain);
	assert.ok(make.verifies(chain, root));
	assert.match(make.x509(chain, '-text'), /Digital Signature, Key Agreement\s+X509v3 Extended Key Usage:\s+TLS Web Server[^]*ecdsa-with-SHA512/);
	// one for both logs in to depotd as a client
	const both = await asks(d, 'V2G-BOTH', { type: null, key: make.key({ curve: 'secp521r1' }) });
	const combined = await until('the combined one', () => both.chain);
	assert.ok(make.verifies(combined, root));
	assert.doesNotMatch(make.x509(combined, '-text'), /Extended Key Usage/, 'A00.FR.514');
	// stations' own certificates go on as before, on either curve
	const plain = await asks(d, 'V2G-NOT');
	assert.ok(make.verifies(await until('its certificate', () => plain.chain), readFileSync(join(d.data, 'pki', 'station-roots', 'depot.pem'), 'utf8')));
	for (const x of [old, s, both, plain]) await x.close();
});

test('V2G certificates are of the profile: a file of one\'s own counts, a wrong one is said with its line', async () => {
	const config = 'trust: {v2g_profile: mine.yaml}\ndevice: {inventory: off}\n';
	const d = new Depotd({ config });
	running.push(d);
	const text = shipped('iso15118-2');
	assert.match(text, /days: 90/);
	writeFileSync(join(d.dir, 'mine.yaml'), text.replace('days: 90', 'days: 7').replace('domain: CPO', 'domain: CPX'));
	await d.start();
	const s = await asks(d, 'V2G-MINE', V2G);
	const chain = await until('the certificate', () => s.chain);
	const root = (name) => readFileSync(join(d.data, 'pki', 'charger-roots', name), 'utf8');
	const old = root('depot-v2g.pem');
	assert.ok(make.verifies(chain, old));
	const to = Date.parse(/notAfter=(.*)/.exec(make.x509(chain, '-dates'))[1]);
	assert.ok(Math.abs(to - Date.now() - 7 * 86400e3) < 2 * 3600e3, new Date(to).toISOString());
	assert.match(make.x509(chain, '-subject', '-nameopt', 'RFC2253'), /DC=CPX/);
	await s.close();
	await d.stop();
	// another curve for the root alone: a root of its own, the sub-CA is made anew below it, the old root stays
	assert.match(text, /role: v2g-root[^]{0,120}curve: P-256/);
	writeFileSync(join(d.dir, 'mine.yaml'), text.replace('curve: P-256', 'curve: P-521'));
	await d.start();
	const s2 = await asks(d, 'V2G-MOVED', { ...V2G, cn: 'SECC-2' });
	assert.ok(make.verifies(await until('the certificate below the new root', () => s2.chain), root('depot-v2g-p521.pem')));
	assert.equal(root('depot-v2g.pem'), old);
	await s2.close();
	await d.stop();
	writeFileSync(join(d.dir, 'mine.yaml'), text.replace('days: 90', 'days: 9000'));
	const line = text.split('\n').findIndex((l) => /days: 90$/.test(l)) + 1;
	for (const more of [[], ['--check']]) {
		const { status, stderr } = spawnSync(join(BUILD, 'depotd'), ['--config', join(d.dir, 'depotd.yaml'), '--data', d.data, ...more], { timeout: 20000 });
		assert.equal(status, 1);
		assert.ok(String(stderr).includes(`mine.yaml:${line}: certificates[3].days: must be at most 700`), String(stderr));
	}
});

const MODULE = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
	'/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so'].find(existsSync);

test('keys in a token (PKCS #11): depotd-ca signs with them and no key lies in a file', async () => {
	assert.ok(MODULE, 'softhsm2 is installed (make deps-test)');
	mkdirSync(make.file('tokens'));
	process.env.SOFTHSM2_CONF = make.write('softhsm2.conf', `directories.tokendir = ${make.file('tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`);
	const run = (program, ...args) => execFileSync(program, args, { cwd: make.dir, stdio: ['ignore', 'pipe', 'pipe'], env: process.env });
	run('softhsm2-util', '--init-token', '--free', '--label', 'depot', '--pin', '4321', '--so-pin', '8765');
	for (const [label, type, id] of [['root', 'EC:prime256v1', '01'], ['ecdsa', 'EC:prime256v1', '02'], ['rsa', 'rsa:2048', '03']])
		run('pkcs11-tool', '--module', MODULE, '--login', '--pin', '4321', '--keypairgen', '--key-type', type, '--label', label, '--id', id);
	make.write('pin', '4321\n');
	const uri = (label) => `pkcs11:token=depot;object=${label};type=private`;
	const pkcs11 = { module: MODULE, root: uri('root'), ecdsa: uri('ecdsa'), rsa: uri('rsa'), pin_file: make.file('pin') };
	const d = await start({ pkcs11 });
	const root = readFileSync(join(d.data, 'pki', 'station-roots', 'depot.pem'), 'utf8');
	for (const [id, key] of [['HSM-1', make.key()], ['HSM-2', make.key({ rsa: 2048 })]]) {
		const s = await asks(d, id, { key });
		const chain = await until('the certificate', () => s.chain, 20000);
		assert.ok(make.verifies(chain, root));
		await s.close();
	}
	assert.deepEqual(readdirSync(join(d.data, 'pki', 'ca')).filter((n) => n.endsWith('.key')), []);
	assert.match((await d.api('GET', '/authority')).json.is, /keys in a token/);
	// the same keys and certificates after a restart
	await d.stop();
	await d.start();
	assert.equal(readFileSync(join(d.data, 'pki', 'station-roots', 'depot.pem'), 'utf8'), root);
	const again = await asks(d, 'HSM-3');
	assert.ok(make.verifies(await until('the certificate', () => again.chain, 20000), root));
	await again.close();
	await d.stop();
	// a profile for whose curve the token has no key
	const other = await start({ pkcs11, v2g_profile: 'iso15118-20' });
	await until('the reason', () => /the token's key .* is not on P-521/.test(readFileSync(other.log, 'utf8')));
});

test('off: requests are rejected; a wrong config is said at the start', async () => {
	const d = await start({ authority: 'off' });
	assert.equal((await asks(d, 'OFF-1')).answer.status, 'Rejected');
	for (const [trust, words] of [[{ authority: 'est', est: { url: 'http://localhost/est' } }, /no https/], [{ authority: 'command' }, /trust\.command/]]) {
		const wrong = new Depotd({ config: `trust: ${JSON.stringify(trust)}\n` });
		running.push(wrong);
		const { status, stderr } = spawnSync(join(BUILD, 'depotd'), ['--config', join(wrong.dir, 'depotd.yaml'), '--data', wrong.data], { timeout: 20000 });
		assert.equal(status, 1);
		assert.match(String(stderr), words);
	}
});
