// An OCSP responder for the tests, over a lab of `depotctl pki lab --one-port`: openssl signs, and it
// lies in whatever way a test asks it to.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BUILD } from '../e2e/harness.mjs';

const run = promisify(execFile);

export class Responder {
	constructor() {
		this.dir = mkdtempSync(join(tmpdir(), 'depotd-ocsp-'));
		this.asked = []; // the authority of each question that came
		this.ways = {}; // authority: how it answers; see sign() and answer()
	}

	/** Listens, and makes the lab whose certificates name this address. */
	async start() {
		this.server = http.createServer((req, res) => this.serve(req, res));
		await new Promise((r) => this.server.listen(0, '127.0.0.1', r));
		this.port = this.server.address().port;
		this.lab = join(this.dir, 'lab');
		execFileSync(join(BUILD, 'depotctl'), ['pki', 'lab', this.lab, '--ocsp', `127.0.0.1:${this.port}`, '--one-port']);
		return this;
	}

	/** The lab's file as text. */
	file(name) {
		return readFileSync(join(this.lab, name), 'utf8');
	}

	/** Hash data of a chain, as a station reports it. */
	hashes(leaf) {
		return JSON.parse(this.file(`${leaf}-hashes.json`));
	}

	/** Answers for `authority` in this way: { signer, index } of other authorities, `raw(res, der)`. */
	lie(authority, way) {
		this.ways[authority] = way;
	}

	async sign(der, authority, { signer = authority, index = authority, args = [] }) {
		const request = join(this.dir, `${this.asked.length}-${authority}.req`);
		const response = `${request}.resp`;
		const file = (name) => join(this.lab, name);
		writeFileSync(request, der);
		await run('openssl', ['ocsp', '-reqin', request, '-respout', response, '-index', file(`${index}.index`),
			'-CA', file(`${index}.pem`), '-rsigner', file(`${signer}.pem`), '-rkey', file(`${signer}.key`), '-ndays', '1', ...args]);
		return readFileSync(response);
	}

	async serve(req, res) {
		const authority = req.url.slice(1);
		const parts = [];
		for await (const part of req) parts.push(part);
		this.asked.push(authority);
		const { raw, ...way } = { signer: `ocsp-${authority}`, ...this.ways[authority] };
		const der = await this.sign(Buffer.concat(parts), authority, way).catch((e) => Buffer.from(String(e)));
		this.last = { der, type: req.headers['content-type'], method: req.method };
		if (raw) return raw(res, der);
		res.setHeader('content-type', 'application/ocsp-response');
		res.end(der);
	}

	stop() {
		this.server.closeAllConnections();
		this.server.close();
		rmSync(this.dir, { recursive: true, force: true });
	}
}
