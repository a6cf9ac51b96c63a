// Files inside depotd: logs that stations bring, firmware that they fetch.
// Real HTTPS, real signatures by openssl, uploads that are slow, cut off, too long, or huge.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync, rmSync, readdirSync, statSync, existsSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { BUILD, Depotd, sleep, until } from './harness.mjs';
import { Station, booted, percentile, register } from './peer.mjs';
import { signedBy } from '../certification/pki.mjs';

const MB = 1024 * 1024;
const sha256 = (b) => createHash('sha256').update(b).digest('hex');
const hasCurl = spawnSync('curl', ['--version']).status === 0;

let d, work;

before(async () => {
	work = mkdtempSync(join(tmpdir(), 'files-test-'));
	d = await new Depotd({ config: `files: {max_upload_mb: 300, quota_mb: 320, keep_days: 30}\n` }).start();
});

after(async () => {
	await d?.clean();
	rmSync(work, { recursive: true, force: true });
});

/** The token-bearing address, reached over loopback. */
function where(url) {
	const u = new URL(url);
	return { lib: u.protocol === 'https:' ? https : http, options: { host: '127.0.0.1', port: u.port,
		path: u.pathname, servername: u.hostname, ca: existsSync(d.root()) ? readFileSync(d.root()) : undefined,
		headers: { host: u.host }, agent: false } };
}

/** One request to such an address: body may be a Buffer or a function that writes. */
function send(method, url, body, headers = {}) {
	const { lib, options } = where(url);
	return new Promise((ok, bad) => {
		const req = lib.request({ ...options, method, headers: { ...options.headers, ...headers } }, (res) => {
			const parts = [];
			res.on('data', (p) => parts.push(p));
			res.on('end', () => ok({ status: res.statusCode, headers: res.headers, body: Buffer.concat(parts) }));
			res.on('error', bad);
		});
		req.on('error', bad);
		req.setTimeout(60000, () => req.destroy(new Error('no answer in 60 s')));
		if (typeof body === 'function') body(req);
		else req.end(body);
	});
}

/** A station that takes GetLog and UpdateFirmware, and says so in `asked`. */
async function station(id, handlers = {}, options = {}) {
	const asked = [];
	const take = (answer) => (payload) => {
		asked.push(payload);
		return answer;
	};
	const s = await booted(d, id, { handlers: {
		GetLog: take({ status: 'Accepted', filename: 'log.txt' }),
		UpdateFirmware: take({ status: 'Accepted' }),
		PublishFirmware: take({ status: 'Accepted' }),
		...handlers,
	}, ...options });
	return Object.assign(s, { asked });
}

/** Asks the station for its log; the request that it got. */
async function askLog(s, post = {}) {
	const n = s.asked.length;
	const r = await d.api('POST', `/stations/${s.id}/logs`, post);
	assert.equal(r.status, 200, r.text);
	assert.equal(s.asked.length, n + 1);
	return { command: r.json, request: s.asked[n], url: s.asked[n].log.remoteLocation };
}

const files = async (query = '') => (await d.api('GET', `/files${query}`)).json;
const command = async (id) => (await d.api('GET', `/commands/${id}`)).json;
const journal = async (type, stream = '') =>
	(await d.api('GET', `/journal?type=${type}&limit=100&order=newest${stream && `&stream=${stream}`}`)).json.events;

async function said(s, status, requestId, action = 'LogStatusNotification') {
	await s.call(action, { status, ...(requestId !== undefined && { requestId }) });
}

// -- logs ------------------------------------------------------------------------------------------

test('N01: a log is asked for, brought by PUT over HTTPS, followed to its end, and read by a person', async () => {
	const s = await station('LOG-1');
	const log = randomBytes(700000);
	const { command: k, request, url } = await askLog(s, { type: 'SecurityLog', oldest: '2026-01-01T00:00:00Z', why: 'test' });
	assert.match(url, /^https:\/\/localhost:\d+\/files\/in\/[A-Za-z0-9]{40}$/);
	assert.equal(request.logType, 'SecurityLog');
	assert.equal(request.log.oldestTimestamp, '2026-01-01T00:00:00Z');
	assert.equal(request.log.latestTimestamp, undefined);
	assert.equal(k.state, 'running');
	assert.equal(k.request_id, request.requestId);
	await said(s, 'Uploading', request.requestId);
	const r = await send('PUT', url, log, { 'content-disposition': 'attachment; filename="../../etc/lo g.zip"' });
	assert.equal(r.status, 200, r.body.toString());
	// What was answered is on disk and in the list.
	const list = await files(`?station=LOG-1`);
	assert.equal(list.files.length, 1);
	const f = list.files[0];
	assert.equal(f.name, 'lo_g.zip');
	assert.equal(f.size, log.length);
	assert.equal(f.sha256, sha256(log));
	assert.equal(f.request_id, request.requestId);
	assert.equal(list.quota_bytes, 320 * MB);
	await said(s, 'Uploaded', request.requestId);
	await until('the command to be done', async () => (await command(k.id)).state === 'done');
	const got = await d.api('GET', `/files/${f.id}`, undefined);
	assert.equal(got.status, 200);
	const whole = await send('GET', `https://localhost:${d.ports.console}/api/v1/files/${f.id}`);
	assert.equal(whole.status, 401);
	assert.equal(statSync(join(d.data, 'files', f.id)).mode & 0o777, 0o600);
	assert.deepEqual(readFileSync(join(d.data, 'files', f.id)), log);
	const view = (await d.api('GET', '/stations/LOG-1')).json;
	assert.equal(view.log_status, 'Uploaded');
	assert.equal(view.log_request, request.requestId);
	const e = (await journal('FileReceived', 'station/LOG-1'))[0].payload;
	assert.deepEqual([e.file_id, e.size, e.sha256, e.request_id, e.name], [f.id, log.length, sha256(log), request.requestId, 'lo_g.zip']);
	// It is used up, for whomever.
	assert.equal((await send('PUT', url, 'again')).status, 410);
	assert.equal((await send('PUT', url.slice(0, -4) + 'AAAA', 'x')).status, 404);
	assert.equal((await send('GET', url)).status, 410);
	assert.equal((await d.api('DELETE', `/files/${f.id}`)).status, 200);
	assert.equal((await d.api('GET', `/files/${f.id}`)).status, 404);
	await until('the bytes to go', () => !existsSync(join(d.data, 'files', f.id)));
	assert.match((await files('?station=LOG-1&removed=1')).files[0].removed_why, /by hand/);
	s.close();
});

test('a token is in no record: not in the journal, not in the wire log, not in the log', async () => {
	const s = await station('LOG-2');
	const { url, command: k } = await askLog(s);
	const token = url.split('/').pop();
	for (const path of ['/journal?limit=1000&order=newest', '/wire?station=LOG-2&limit=100', '/calls?station=LOG-2', `/commands/${k.id}`]) {
		const r = await until(`GetLog in ${path}`, async () => {
			const x = await d.api('GET', path);
			return x.status === 200 && /GetLog/.test(x.text) && x;
		});
		assert.ok(!r.text.includes(token), path);
	}
	assert.ok(!d.logged().includes(token));
	s.close();
});

test('bodies of all kinds: chunked PUT, POST, POST as multipart/form-data, a name behind the token', async () => {
	const s = await station('LOG-3');
	const cases = [
		['PUT', (req) => { req.write('chunk'); setTimeout(() => req.end('ed'), 50); }, {}, 'chunked', /^DiagnosticsLog-\d+$/],
		['POST', Buffer.from('posted'), { 'content-type': 'application/octet-stream',
			'content-disposition': 'form-data; name="uploadfile"; filename="logfile_20210420.zip"' }, 'posted', /^logfile_20210420\.zip$/],
		['POST', Buffer.from('--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\nnoise\r\n--XX\r\n' +
			'Content-Disposition: form-data; name="f"; filename="c:\\temp\\d.log"\r\nContent-Type: text/plain\r\n\r\nformed\r\n--X\r\n--XX--\r\n'),
			{ 'content-type': 'multipart/form-data; boundary=XX' }, 'formed\r\n--X', /^d\.log$/],
	];
	for (const [method, body, headers, content, name] of cases) {
		const { url } = await askLog(s);
		const r = await send(method, url, body, headers);
		assert.equal(r.status, 200, r.body.toString());
		const f = (await files('?station=LOG-3')).files[0];
		assert.match(f.name, name);
		assert.equal((await d.api('GET', `/files/${f.id}`)).text, content);
	}
	const { url } = await askLog(s);
	assert.equal((await send('PUT', `${url}/deep/named.txt`, 'x')).status, 200);
	assert.equal((await files('?station=LOG-3')).files[0].name, 'named.txt');
	s.close();
});

test('broken uploads: a form without a file, a form without an end, no body, another method', async () => {
	const s = await station('LOG-4');
	const { url } = await askLog(s);
	const form = { 'content-type': 'multipart/form-data; boundary=XX' };
	assert.equal((await send('POST', url, '--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\nnoise\r\n--XX--', form)).status, 400);
	assert.equal((await send('POST', url, '--XX\r\nContent-Disposition: form-data; filename="a"\r\n\r\nno end', form)).status, 400);
	assert.equal((await send('POST', url, 'x', { 'content-type': 'multipart/form-data' })).status, 415);
	assert.equal((await send('PUT', url, '')).status, 405);
	assert.equal((await send('PATCH', url, 'x')).status, 405);
	assert.equal((await send('GET', url)).status, 405);
	assert.equal((await send('PUT', url.replace('/in/', '/out/'), 'x')).status, 404);
	// None of these used it up, and nothing is left on the disk.
	assert.equal((await send('PUT', url, 'good')).status, 200);
	await until('the disk to be tidy', () => !readdirSync(join(d.data, 'files')).some((n) => n.endsWith('.part')));
	s.close();
});

test('an upload that is cut off leaves nothing and can be begun anew; the newest wins', async () => {
	const s = await station('LOG-5');
	const { url } = await askLog(s);
	const part = () => readdirSync(join(d.data, 'files')).filter((n) => n.endsWith('.part')).length;
	const { options } = where(url);
	const begin = () => {
		const req = https.request({ ...options, method: 'PUT', headers: { ...options.headers, 'content-length': 2000000 } });
		req.on('error', () => {});
		req.write(randomBytes(500000));
		return req;
	};
	const first = begin();
	await until('the first to arrive', () => part() === 1);
	const hung = new Promise((r) => first.on('close', r));
	const second = begin();
	await hung; // its place was taken
	await until('only the second', () => part() === 1);
	second.destroy();
	await until('nothing', () => part() === 0);
	assert.equal((await files('?station=LOG-5')).files.length, 0);
	assert.equal((await send('PUT', url, 'whole')).status, 200);
	assert.equal((await files('?station=LOG-5')).files.length, 1);
	s.close();
});

test('a slow upload is served, and two stations at once', async () => {
	const a = await station('LOG-6'), b = await station('LOG-7');
	const [x, y] = [await askLog(a), await askLog(b)];
	const slow = (req) => {
		let n = 0;
		const more = () => (++n < 20 ? (req.write(Buffer.alloc(1000, n)), setTimeout(more, 40)) : req.end());
		more();
	};
	const both = await Promise.all([send('PUT', x.url, slow), send('PUT', y.url, randomBytes(3 * MB))]);
	assert.deepEqual(both.map((r) => r.status), [200, 200]);
	assert.equal((await files('?station=LOG-6')).files[0].size, 19000);
	assert.equal((await files('?station=LOG-7')).files[0].size, 3 * MB);
	a.close();
	b.close();
});

test('rule 41: a station that cannot is heard: every status, in any order, AcceptedCanceled, Idle without a request', async () => {
	const s = await station('LOG-8', { GetLog: undefined });
	let answer = 'Accepted';
	s.handlers.GetLog = (p) => (s.asked.push(p), { status: answer });
	const one = await askLog(s);
	answer = 'AcceptedCanceled';
	const two = await askLog(s);
	assert.equal((await command(one.command.id)).state, 'cancelled');
	await said(s, 'AcceptedCanceled', one.request.requestId);
	assert.equal((await command(two.command.id)).state, 'running');
	await said(s, 'Idle');
	await said(s, 'UploadFailure', two.request.requestId);
	await until('the second to fail', async () => (await command(two.command.id)).state === 'failed');
	answer = 'Rejected';
	const r = await d.api('POST', '/stations/LOG-8/logs', {});
	assert.equal(r.json.state, 'refused');
	// A place of the asker's own stays as it is.
	const own = await d.api('POST', '/stations/LOG-8/commands', { action: 'GetLog',
		payload: { logType: 'DiagnosticsLog', log: { remoteLocation: 'https://elsewhere.example/up' } } });
	assert.equal(own.json.state, 'refused');
	assert.equal(s.asked.at(-1).log.remoteLocation, 'https://elsewhere.example/up');
	s.close();
	await until('it to be away', async () => !(await d.api('GET', '/stations/LOG-8')).json.connected);
	assert.equal((await d.api('POST', '/stations/LOG-8/logs', {})).status, 409);
	assert.equal((await d.api('POST', '/stations/NONE/logs', {})).status, 404);
});

test('N01: "Uploaded" of a station is no success while the file is not here', async () => {
	const s = await station('LOG-10');
	const none = await askLog(s);
	await said(s, 'Uploading', none.request.requestId);
	await said(s, 'Uploaded', none.request.requestId);
	const k = await command(none.command.id);
	assert.deepEqual([k.state, k.status], ['failed', 'Uploaded']);
	assert.match(k.note, /no file came here/);
	assert.equal((await files('?station=LOG-10')).files.length, 0);
	// Said while the last bytes are on their way: it is over when they are here.
	const { url, command: l, request } = await askLog(s);
	let finish;
	const slow = (req) => {
		req.write(Buffer.alloc(1000, 1));
		finish = () => req.end(Buffer.alloc(1000, 2));
	};
	const sent = send('PUT', url, slow);
	await until('the upload to begin', () => readdirSync(join(d.data, 'files')).some((f) => f.endsWith('.part')));
	await said(s, 'Uploaded', request.requestId);
	const early = await command(l.id);
	assert.deepEqual([early.state, early.status], ['running', 'Uploaded']);
	assert.match(early.note, /still coming/);
	finish();
	assert.equal((await sent).status, 200);
	await until('its end', async () => (await command(l.id)).state === 'done');
	assert.equal((await files('?station=LOG-10')).files[0].size, 2000);
	// Elsewhere only the station's word counts.
	const own = await d.api('POST', '/stations/LOG-10/commands', { action: 'GetLog',
		payload: { logType: 'DiagnosticsLog', log: { remoteLocation: 'https://elsewhere.example/up' } } });
	await said(s, 'Uploaded', own.json.request_id);
	await until('its end too', async () => (await command(own.json.id)).state === 'done');
	s.close();
});

test('curl uploads as firmware of many stations does', { skip: !hasCurl }, async () => {
	const s = await station('LOG-9');
	const file = join(work, 'curl.bin');
	writeFileSync(file, randomBytes(2 * MB));
	for (const args of [['-T', file], ['--data-binary', `@${file}`, '-H', 'content-type: application/octet-stream'],
		['-F', `upload=@${file};filename=form.bin`]]) {
		const { url } = await askLog(s);
		const child = spawnSyncAsync('curl', ['-sS', '-o', '-', '-w', '%{http_code}', '--cacert', d.root(), ...args, url]);
		const out = await child;
		assert.match(out, /200$/);
		assert.equal((await files('?station=LOG-9')).files[0].sha256, sha256(readFileSync(file)));
	}
	s.close();
});

async function spawnSyncAsync(program, args, options = {}) {
	const { spawn } = await import('node:child_process');
	const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
	let out = '', err = '';
	child.stdout.on('data', (p) => (out += p));
	child.stderr.on('data', (p) => (err += p));
	const code = await new Promise((r) => child.on('exit', r));
	if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${code}\n${out}${err}`);
	return out;
}

// -- limits ------------------------------------------------------------------------------------------

test('too long: refused at the head when it is announced, cut when it is not', async () => {
	const s = await station('BIG-1');
	const { url } = await askLog(s);
	const head = await send('PUT', url, (req) => req.flushHeaders(), { 'content-length': 301 * MB });
	assert.equal(head.status, 413);
	assert.match(head.body.toString(), /max_upload_mb/);
	s.close();
});

test('200 MB come in while the heartbeats of others stay quick; the quota then drops the oldest log first', async () => {
	const s = await station('BIG-2'), other = await station('BIG-3');
	const { url, request } = await askLog(s);
	const before = (await files()).files.length;
	assert.ok(before > 3);
	const block = randomBytes(4 * MB);
	let done = false;
	const beats = [];
	const beat = (async () => {
		while (!done) {
			const t = performance.now();
			await other.call('Heartbeat', {});
			beats.push(performance.now() - t);
			await sleep(10);
		}
	})();
	const hash = createHash('sha256');
	const r = await send('PUT', url, async (req) => {
		for (let i = 0; i < 50; i++) {
			hash.update(block);
			if (!req.write(block)) await new Promise((k) => req.once('drain', k));
		}
		req.end();
	}, { 'content-length': 200 * MB });
	done = true;
	await beat;
	assert.equal(r.status, 200, r.body.toString());
	const f = (await files('?station=BIG-2')).files[0];
	assert.equal(f.size, 200 * MB);
	assert.equal(f.sha256, hash.digest('hex'));
	assert.equal(f.request_id, request.requestId);
	// The sender shares this thread with the one who measures, so it is the middle that counts here;
	// the longest shows that nobody waited for the whole upload.
	assert.ok(beats.length > 10, `${beats.length} heartbeats`);
	assert.ok(percentile(beats, 0.5) < 100, `median ${percentile(beats, 0.5)} ms`);
	assert.ok(Math.max(...beats) < 2000, `longest ${Math.max(...beats)} ms`);
	// 200 + 130 MB do not fit into 320: the oldest have to go, the newest stay.
	const two = await askLog(s);
	const r2 = await send('PUT', two.url, async (req) => {
		for (let i = 0; i < 33; i++) if (!req.write(block)) await new Promise((k) => req.once('drain', k));
		req.end();
	});
	assert.equal(r2.status, 200, r2.body.toString());
	const left = (await files()).files;
	assert.equal(left[0].size, 132 * MB);
	assert.ok((await files()).used_bytes <= 320 * MB);
	assert.ok((await journal('FileRemoved')).some((e) => /quota/.test(e.payload.why)));
	for (const x of left) await d.api('DELETE', `/files/${x.id}`);
	s.close();
	other.close();
});

// -- firmware ----------------------------------------------------------------------------------------

const openssl = (...args) => execFileSync('openssl', args, { cwd: work, stdio: ['ignore', 'pipe', 'pipe'] });

/** A root and a signing certificate below it: {root, cert, key} as PEM and file names. */
function maker(name, newkey, extra = []) {
	const ext = (lines) => (writeFileSync(join(work, `${name}.ext`), lines), `${name}.ext`);
	openssl('req', '-x509', '-newkey', ...newkey, '-nodes', '-keyout', `${name}-root.key`, '-out', `${name}-root.pem`, '-days', '30',
		'-subj', `/O=${name}/CN=${name} root`, '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign');
	openssl('req', '-new', '-newkey', ...newkey, '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/O=${name}/CN=signer`);
	openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${name}-root.pem`, '-CAkey', `${name}-root.key`, '-CAcreateserial', '-days', '20',
		'-out', `${name}.pem`, '-extfile', ext('basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n'), ...extra);
	return { root: readFileSync(join(work, `${name}-root.pem`), 'utf8'), cert: readFileSync(join(work, `${name}.pem`), 'utf8'), key: `${name}.key` };
}

function sign(image, key, ...options) {
	writeFileSync(join(work, 'image'), image);
	openssl('dgst', '-sha256', ...options, '-sign', key, '-out', 'image.sig', 'image');
	return readFileSync(join(work, 'image.sig')).toString('base64');
}

const image = randomBytes(3 * MB + 17);

/** Adds an image by the API's stream, over the Unix socket. */
function addFirmware(bytes, query) {
	return new Promise((ok, bad) => {
		const req = http.request({ socketPath: join(d.data, 'depotd.sock'), method: 'POST', path: `/api/v1/firmware?${new URLSearchParams(query)}`,
			headers: { 'content-length': bytes.length, 'content-type': 'application/octet-stream' } }, (res) => {
			let out = '';
			res.on('data', (p) => (out += p));
			res.on('end', () => ok({ status: res.statusCode, json: JSON.parse(out), text: out }));
		});
		req.on('error', bad);
		req.end(bytes);
	});
}

test('L01: an image whose maker signed it is verified, handed out with its certificate, and followed until Installed', async () => {
	const ec = maker('acme', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
	const rsa = maker('rsaco', ['rsa:2048']);
	const weak = maker('weakco', ['rsa:1024']);
	const r = await addFirmware(image, { vendor: 'V', model: 'M', version: '2.0.0', name: 'fw-2.0.0.bin' });
	assert.equal(r.status, 200, r.text);
	const fw = r.json;
	assert.equal(fw.sha256, sha256(image));
	assert.equal(fw.md5, createHash('md5').update(image).digest('hex'));
	assert.equal(fw.verified, false);
	const put = (signature, certificate) => d.api('PUT', `/firmware/${fw.id}/signature`, { signature, certificate });
	const good = sign(image, ec.key);
	// Nobody is trusted before a person said so.
	let bad = await put(good, ec.cert);
	assert.equal(bad.status, 422);
	assert.match(bad.text, /root/);
	assert.equal((await d.api('PUT', '/manufacturer-roots/acme', { certificate: ec.cert })).status, 422);
	assert.equal((await d.api('PUT', '/manufacturer-roots/acme', { certificate: 'no' })).status, 422);
	for (const [name, m] of [['acme', ec], ['rsaco', rsa], ['weakco', weak]])
		assert.equal((await d.api('PUT', `/manufacturer-roots/${name}`, { certificate: m.root })).status, 200);
	assert.deepEqual((await d.api('GET', '/manufacturer-roots')).json.roots.map((x) => x.name).sort(), ['acme', 'rsaco', 'weakco']);
	// Wrong ones are refused, each for its reason.
	const other = Buffer.from(image);
	other[12345] ^= 1;
	assert.match((await put(sign(other, ec.key), ec.cert)).text, /does not fit/);
	assert.match((await put(sign(image, rsa.key), ec.cert)).text, /does not fit/);
	assert.match((await put('***', ec.cert)).text, /base64/);
	assert.match((await put(sign(image, weak.key), weak.cert)).text, /chain|key too small|CA/);
	assert.match((await put(good, ec.root)).text, /may not be used for signatures/);
	assert.equal((await d.api('GET', '/firmware')).json.firmware.find((x) => x.id === fw.id).verified, false);
	const s = await station('FW-1');
	const early = await d.api('POST', '/stations/FW-1/firmware', { firmware: fw.id });
	assert.equal(early.status, 409);
	assert.match(early.text, /not signed/);
	assert.equal(s.asked.length, 0);
	// Good ones of all kinds.
	assert.equal((await put(sign(image, rsa.key), rsa.cert)).json.algorithm, 'RSA-SHA256');
	assert.equal((await put(sign(image, rsa.key, '-sigopt', 'rsa_padding_mode:pss'), rsa.cert)).json.algorithm, 'RSA-PSS-SHA256');
	const ok = await put(good, ec.cert);
	assert.equal(ok.status, 200, ok.text);
	assert.equal(ok.json.algorithm, 'ECDSA-SHA256');
	assert.match(ok.json.signer, /CN=signer/);

	const k = await d.api('POST', '/stations/FW-1/firmware', { firmware: fw.id, install_at: '2030-01-01T02:00:00Z' });
	assert.equal(k.json.state, 'running', k.text);
	const u = s.asked[0];
	assert.equal(u.firmware.signature, good);
	assert.equal(u.firmware.signingCertificate, ec.cert);
	assert.equal(u.firmware.installDateTime, '2030-01-01T02:00:00Z');
	assert.ok(Math.abs(Date.parse(u.firmware.retrieveDateTime) - Date.now()) < 60000);
	assert.match(u.firmware.location, /^https:\/\/localhost:\d+\/files\/out\/[A-Za-z0-9]{40}\/fw-2\.0\.0\.bin$/);
	// As often as it likes, whole or in parts.
	const whole = await send('GET', u.firmware.location);
	assert.equal(whole.status, 200);
	assert.ok(whole.body.equals(image));
	const head = await send('HEAD', u.firmware.location);
	assert.equal(head.headers['content-length'], String(image.length));
	assert.equal(head.headers['accept-ranges'], 'bytes');
	const ranges = [['bytes=0-99', 0, 100], ['bytes=100-', 100, image.length], ['bytes=-5', image.length - 5, image.length],
		['bytes=3000000-999999999', 3000000, image.length]];
	for (const [range, from, to] of ranges) {
		const p = await send('GET', u.firmware.location, undefined, { range });
		assert.equal(p.status, 206, range);
		assert.equal(p.headers['content-range'], `bytes ${from}-${to - 1}/${image.length}`);
		assert.ok(p.body.equals(image.subarray(from, to)), range);
	}
	assert.equal((await send('GET', u.firmware.location, undefined, { range: `bytes=${image.length}-` })).status, 416);
	assert.equal((await send('GET', u.firmware.location, undefined, { range: 'bytes=0-9', 'if-range': '"other"' })).status, 200);
	assert.equal((await send('GET', u.firmware.location, undefined, { range: 'bytes=0-9', 'if-range': head.headers.etag })).status, 206);
	assert.equal((await send('PUT', u.firmware.location, 'x')).status, 405);
	assert.equal((await send('GET', u.firmware.location.replace(/out\/..../, 'out/AAAA'))).status, 404);
	// rule 41: statuses in any order, with a security event between them.
	for (const status of ['Downloading', 'Downloaded', 'SignatureVerified', 'InstallScheduled', 'Downloading'])
		await said(s, status, u.requestId, 'FirmwareStatusNotification');
	assert.equal((await command(k.json.id)).state, 'running');
	assert.equal((await command(k.json.id)).status, 'Downloading');
	await s.call('SecurityEventNotification', { type: 'FirmwareUpdated', timestamp: '2026-03-01T10:00:00Z', techInfo: 'from 1 to 2' });
	await said(s, 'Installed', u.requestId, 'FirmwareStatusNotification');
	await until('Installed', async () => (await command(k.json.id)).state === 'done');
	await said(s, 'Idle', undefined, 'FirmwareStatusNotification');
	const view = (await d.api('GET', '/stations/FW-1')).json;
	assert.equal(view.firmware_status, 'Idle');
	assert.deepEqual((await d.api('GET', '/stations/FW-1/security-events')).json.events.map((e) => [e.type, e.at, e.tech_info]),
		[['FirmwareUpdated', '2026-03-01T10:00:00Z', 'from 1 to 2']]);
	// What is for another maker or model is not sent.
	const foreign = await addFirmware(Buffer.from('x'), { vendor: 'Another', version: '1' });
	const no = await d.api('POST', '/stations/FW-1/firmware', { firmware: foreign.json.id, allow_unsigned: true });
	assert.equal(no.status, 409);
	assert.match(no.text, /made by V/);
	assert.equal((await d.api('DELETE', `/firmware/${foreign.json.id}`)).status, 200);
	s.close();
});

test("rule 41: firmware of somebody else goes with certificate and signature, or without by name only", async () => {
	const s = await station('FW-5');
	const update = (firmware, more = {}) => d.api('POST', '/stations/FW-5/commands', { action: 'UpdateFirmware',
		payload: { firmware: { retrieveDateTime: '2026-03-01T10:00:00Z', ...firmware }, ...more } });
	const url = 'https://elsewhere.example/fw.bin';
	for (const [firmware, words] of [
		[{ location: url }, /signingCertificate and signature.*firmware-unsigned:URL/],
		[{ location: url, signature: 'AAAA' }, /L01\.FR\.11/],
		[{ location: url, signingCertificate: 'PEM' }, /L01\.FR\.11/],
		[{ location: `firmware-unsigned:${url}`, signature: 'AAAA' }, /go together/],
		[{ location: 'firmware-unsigned:none' }, /there is no such firmware/],
	]) {
		const r = await update(firmware);
		assert.equal(r.status, 409, r.text);
		assert.match(r.json.detail, words);
	}
	assert.deepEqual(s.asked, []);
	// Whoever signed it: a root of its maker must be behind it, and a signature that may be of that key.
	const { root, signed } = signedBy('Maker elsewhere');
	const no = async (firmware, words) => {
		for (const path of ['commands', 'calls']) {
			const r = await d.api('POST', `/stations/FW-5/${path}`, { action: 'UpdateFirmware', force: true,
				payload: { firmware: { location: url, retrieveDateTime: '2026-03-01T10:00:00Z', ...firmware } } });
			assert.equal(r.status, 422, r.text);
			assert.match(r.json.detail, words);
			assert.match(r.json.detail, /depotctl firmware trust.*firmware-unsigned:URL/);
		}
	};
	await no({ signature: 'AAAA', signingCertificate: 'PEM' }, /not a certificate in PEM/);
	await no(signed, /known manufacturer's root|no manufacturer's root/);
	assert.equal((await d.api('PUT', '/manufacturer-roots/elsewhere', { certificate: root })).status, 200);
	await no({ ...signed, signature: 'AAAA' }, /none of the key/);
	await no({ ...signed, signature: '!' }, /none of the key/);
	for (const location of [`firmware-unsigned:${url}`, 'elsewhere.example/fw.bin', 'FIRMWARE:x'])
		await no({ ...signed, signature: 'AAAA', location }, /none of the key/);
	await no(signedBy('Somebody else').signed, /does not chain to a known manufacturer's root/);
	assert.deepEqual(s.asked, []);
	const whole = { location: url, ...signed, retrieveDateTime: '2026-03-01T10:00:00Z' };
	assert.equal((await update(whole)).json.state, 'running');
	assert.deepEqual(s.asked[0].firmware, whole);
	const bare = await update({ location: `firmware-unsigned:${url}` }, { requestId: 77, retries: 2, retryInterval: 60 });
	assert.equal(bare.json.state, 'running', bare.text);
	const sent = s.asked[1].firmware;
	assert.deepEqual([sent.location, Date.parse(sent.retrieveDateTime), sent.signature, sent.signingCertificate], [url, Date.parse('2026-03-01T10:00:00Z'), undefined, undefined]);
	assert.deepEqual([s.asked[1].requestId, s.asked[1].retries, s.asked[1].retryInterval], [77, 2, 60]);
	const published = await d.api('POST', '/stations/FW-5/commands', { action: 'PublishFirmware', payload: { location: `firmware-unsigned:${url}`, checksum: 'a' } });
	assert.equal(published.status, 409, published.text);
	s.close();
});

test('L02: an unsigned update has to be asked for; L03, L04: a Local Controller gets the checksum', async () => {
	const fw = (await addFirmware(Buffer.from('unsigned image'), { vendor: 'V', version: '3' })).json;
	const s = await station('FW-2', { UnpublishFirmware: () => ({ status: 'Unpublished' }) });
	assert.equal((await d.api('POST', '/stations/FW-2/firmware', { firmware: fw.id })).status, 409);
	const k = await d.api('POST', '/stations/FW-2/firmware', { firmware: fw.id, allow_unsigned: true });
	assert.equal(k.json.state, 'running', k.text);
	assert.equal(s.asked[0].firmware.signature, undefined);
	assert.equal((await send('GET', s.asked[0].firmware.location)).body.toString(), 'unsigned image');
	await said(s, 'InstallationFailed', s.asked[0].requestId, 'FirmwareStatusNotification');
	await until('failed', async () => (await command(k.json.id)).state === 'failed');
	const p = await d.api('POST', '/stations/FW-2/commands', { action: 'PublishFirmware', payload: { location: `firmware-unsigned:${fw.id}` } });
	assert.equal(p.json.state, 'running', p.text);
	assert.equal(s.asked[1].checksum, createHash('md5').update('unsigned image').digest('hex'));
	await s.call('PublishFirmwareStatusNotification', { status: 'Published', requestId: s.asked[1].requestId,
		location: ['http://lc/fw', 'ftp://lc/fw'] });
	await until('published', async () => (await command(p.json.id)).state === 'done');
	assert.equal((await d.api('GET', '/stations/FW-2')).json.publish_status, 'Published');
	assert.deepEqual((await journal('TransferStatusChanged', 'station/FW-2'))[0].payload.locations, ['http://lc/fw', 'ftp://lc/fw']);
	const un = await d.api('POST', '/stations/FW-2/commands', { action: 'UnpublishFirmware', payload: { checksum: s.asked[1].checksum } });
	assert.equal(un.json.state, 'done');
	// Withdrawn: its address ends.
	const url = s.asked[0].firmware.location;
	assert.equal((await d.api('DELETE', `/firmware/${fw.id}`)).status, 200);
	assert.equal((await send('GET', url)).status, 410);
	s.close();
});

test('a campaign updates many stations, so many at a time, and tells of each', async () => {
	const fw = (await addFirmware(Buffer.from('campaign image'), { vendor: 'V', version: '4' })).json;
	const all = [];
	for (const id of ['CA-1', 'CA-2', 'CA-3']) all.push(await station(id));
	await register(d, 'CA-4'); // not there yet
	const r = await d.api('POST', '/campaigns', { firmware: fw.id, stations: ['CA-1', 'ca-2', 'CA-3', 'CA-4', 'CA-1'], at_once: 2, allow_unsigned: true });
	assert.equal(r.status, 200, r.text);
	assert.equal(r.json.stations.length, 4);
	const asked = () => all.filter((s) => s.asked.length).length;
	await until('two to be asked', () => asked() === 2);
	await sleep(2500); // one look later it is still two
	assert.equal(asked(), 2);
	await said(all[0], 'Installed', all[0].asked[0].requestId, 'FirmwareStatusNotification');
	await said(all[1], 'InvalidSignature', all[1].asked[0].requestId, 'FirmwareStatusNotification');
	await until('the third', () => asked() === 3);
	// Another campaign waits until a station has done with the first.
	const second = await d.api('POST', '/campaigns', { firmware: fw.id, stations: ['CA-3'], allow_unsigned: true });
	assert.equal(second.status, 200, second.text);
	await sleep(2500);
	assert.equal(all[2].asked.length, 1);
	await said(all[2], 'Installed', all[2].asked[0].requestId, 'FirmwareStatusNotification');
	await until('the second campaign', () => all[2].asked.length === 2);
	await said(all[2], 'Installed', all[2].asked[1].requestId, 'FirmwareStatusNotification');
	const look = async () => (await d.api('GET', `/campaigns/${r.json.id}`)).json;
	await until('three results', async () => (await look()).stations.filter((x) => ['done', 'failed'].includes(x.state)).length === 3);
	assert.deepEqual((await look()).stations.map((x) => [x.station, x.state]),
		[['CA-1', 'done'], ['CA-2', 'failed'], ['CA-3', 'done'], ['CA-4', 'waiting']]);
	assert.equal((await look()).stations[1].status, 'InvalidSignature');
	assert.equal((await look()).state, 'running');
	// The one that was away is asked when it comes, also after a restart of depotd.
	for (const s of all) s.close();
	await d.stop();
	await d.start();
	const late = await station('CA-4');
	await until('the late one', () => late.asked.length === 1);
	assert.equal((await send('GET', late.asked[0].firmware.location)).body.toString(), 'campaign image');
	await said(late, 'Installed', late.asked[0].requestId, 'FirmwareStatusNotification');
	await until('the end', async () => (await look()).state === 'done');
	assert.equal((await d.api('DELETE', `/campaigns/${r.json.id}`)).status, 404);
	late.close();
});

test('what was promised outlives a restart: addresses, files, states', async () => {
	const s = await station('RE-1');
	const { url, request } = await askLog(s);
	await said(s, 'Uploading', request.requestId);
	s.close();
	writeFileSync(join(d.data, 'files', 'left-over.part'), 'x');
	await d.stop('SIGKILL');
	await d.start();
	assert.ok(!existsSync(join(d.data, 'files', 'left-over.part')));
	const again = new URL(url);
	again.port = d.ports.console; // the test's ports are any free ones
	assert.equal((await send('PUT', again.href, 'after the restart')).status, 200);
	const f = (await files('?station=RE-1')).files[0];
	assert.equal((await d.api('GET', `/files/${f.id}`)).text, 'after the restart');
	assert.equal((await d.api('GET', '/stations/RE-1')).json.log_status, 'Uploading');
	await d.stop();
	await d.start();
	assert.equal((await send('PUT', Object.assign(new URL(url), { port: d.ports.console }).href, 'x')).status, 410);
	assert.equal((await d.api('GET', `/files/${f.id}`)).text, 'after the restart');
});

test('depotctl: a log into a file, a signed image, an update, the lists', async () => {
	const ctl = (...args) => spawnSyncAsync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args]);
	const s = await station('CTL-1');
	const log = randomBytes(100000), out = join(work, 'ctl.log');
	const busy = (async () => {
		const request = await until('the question', () => s.asked[0]);
		await said(s, 'Uploading', request.requestId);
		assert.equal((await send('PUT', request.log.remoteLocation, log)).status, 200);
		await said(s, 'Uploaded', request.requestId);
	})();
	await ctl('logs', 'CTL-1', '--security', '--wait', '-o', out);
	await busy;
	assert.ok(readFileSync(out).equals(log));
	const listed = await ctl('files', 'CTL-1');
	assert.match(listed, /SecurityLog-\d+ +100 kB/);
	const id = (await files('?station=CTL-1')).files[0].id;
	await ctl('files', 'get', id, '-o', `${out}2`);
	assert.ok(readFileSync(`${out}2`).equals(log));
	const m = maker('ctlco', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']);
	sign(image, m.key);
	writeFileSync(join(work, 'fw.bin'), image);
	await ctl('firmware', 'trust', 'ctlco', join(work, 'ctlco-root.pem'));
	const added = await ctl('firmware', 'add', join(work, 'fw.bin'), '--vendor', 'V', '--release', '9 & more',
		'--signature', join(work, 'image.sig'), '--certificate', join(work, 'ctlco.pem'));
	assert.match(added, /verified: signed by .*CN=signer.* \(ECDSA-SHA256\)/);
	const fw = (await d.api('GET', '/firmware')).json.firmware.find((x) => x.version === '9 & more');
	assert.equal(fw.name, 'fw.bin');
	// as OCPP writes a signature: base64, in lines
	const lines = readFileSync(join(work, 'image.sig')).toString('base64').replace(/.{64}/g, '$&\n');
	writeFileSync(join(work, 'lines.sig'), lines);
	assert.match(await ctl('firmware', 'add', join(work, 'fw.bin'), '--vendor', 'V', '--release', '10',
		'--signature', join(work, 'lines.sig'), '--certificate', join(work, 'ctlco.pem')), /verified/);
	writeFileSync(join(work, 'other.bin'), 'not what was signed');
	await ctl('firmware', 'add', join(work, 'other.bin'), '--vendor', 'V', '--release', '11',
		'--signature', join(work, 'image.sig'), '--certificate', join(work, 'ctlco.pem')).catch((e) => assert.match(`${e}`, /does not fit/));
	assert.equal((await d.api('GET', '/firmware')).json.firmware.some((x) => x.version === '11'), false, 'nothing of it stays');
	await ctl('firmware', 'update', 'CTL-1', fw.id);
	assert.equal(s.asked[1].firmware.signingCertificate, m.cert);
	assert.match(await ctl('firmware', 'list'), /9 & more/);
	assert.match(await ctl('certificates', 'CTL-1'), /None are known/);
	const campaign = await ctl('campaign', 'start', fw.id, 'CTL-1');
	assert.match(campaign, /CTL-1 +(waiting|running)/);
	assert.match(await ctl('campaign', 'list'), /running/);
	await assert.rejects(ctl('firmware', 'update', 'CTL-1', 'none'), /no such firmware/);
	await ctl('files', 'remove', id);
	assert.match(await ctl('files', 'CTL-1'), /No files/);
	s.close();
});

// -- the other listener, and the end -------------------------------------------------------------------

test('a listener of its own: plain HTTP for stations without TLS, and nothing but files on it', async () => {
	const main = d;
	d = await new Depotd({ config: 'files: {quota_mb: 1}\n' });
	writeFileSync(join(d.dir, 'depotd.yaml'), readFileSync(join(d.dir, 'depotd.yaml'), 'utf8')
		.replace('  hosts:', '  files: {address: 127.0.0.1, port: 0}\n  hosts:'));
	await d.start();
	try {
		const s = await station('PL-1');
		const { url } = await askLog(s);
		const port = readFileSync(join(d.data, 'files.port'), 'utf8').trim();
		assert.ok(url.startsWith(`http://localhost:${port}/files/in/`), url);
		for (const path of ['/', '/api/v1/stations', '/metrics', '/files/', '/files/in/', '/files/x'])
			assert.equal((await send('GET', `http://localhost:${port}${path}`)).status, 404, path);
		assert.equal((await send('POST', `http://localhost:${port}/api/v1/sign-in`, '{}')).status, 404);
		assert.equal((await send('PUT', url, 'plain')).status, 200);
		// The quota of 1 MB: what does not fit even alone is refused, and the address stays good.
		const two = await askLog(s);
		const full = await send('PUT', two.url, randomBytes(2 * MB));
		assert.equal(full.status, 507);
		assert.match(full.body.toString(), /quota_mb/);
		assert.equal((await send('PUT', two.url, 'small')).status, 200);
		assert.equal((await files()).files.length, 2); // none had to go in vain
		s.close();
	} finally {
		await d.clean();
		d = main;
	}
});

test('depotd stops in the midst of uploads', async () => {
	const s = await station('END-1');
	const { url } = await askLog(s);
	const { options } = where(url);
	const log = https.request({ ...options, method: 'PUT', headers: { ...options.headers, 'content-length': 2000000 } });
	const fw = http.request({ socketPath: join(d.data, 'depotd.sock'), method: 'POST', path: '/api/v1/firmware?vendor=V&version=1',
		headers: { 'content-length': 2000000 } });
	const ends = [log, fw].map((r) => (r.on('error', () => {}), new Promise((k) => r.on('close', k))));
	for (const r of [log, fw]) r.write(randomBytes(300000));
	await until('both to be on their way', () => readdirSync(join(d.data, 'files')).filter((n) => n.endsWith('.part')).length === 2);
	assert.deepEqual(await d.stop(), { code: 0, signal: null });
	await Promise.all(ends);
	await d.start();
	assert.ok(!readdirSync(join(d.data, 'files')).some((n) => n.endsWith('.part')));
});

test('the journal alone gives all of this back', async () => {
	await d.stop();
	const out = execFileSync(join(BUILD, 'depotctl'), ['rebuild', '--check', '--data', d.data]).toString();
	assert.match(out, /are what \d+ events of the journal make them/);
	await d.start();
});
