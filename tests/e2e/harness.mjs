// Starts a depotd of its own in a temporary folder, on free ports of the loopback, and talks to it
// from outside as people and stations do.
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync, readFileSync, existsSync, rmSync, appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import http from 'node:http';
import https from 'node:https';

export const BUILD = resolve(process.env.BUILD ?? 'build');

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

/** Waits until `fn` returns something true; fails with `what` after `ms`. */
export async function until(what, fn, ms = 10000) {
	const end = Date.now() + ms;
	let last;
	for (;;) {
		try {
			const v = await fn();
			if (v) return v;
			last = v;
		} catch (e) {
			last = e;
		}
		if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}; last: ${last?.stack ?? last}`);
		await sleep(25);
	}
}

export const DEPOT = `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 60000}
  - {id: feeder, kind: feeder, parent: site, limit_w: 50000}
stations:
  - id: CP-1
    node: feeder
    evses:
      - {id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: 4140}
      - {id: 2, kind: ac, max_w: 22000, min_w: 4140, tail_w: 4140}
vehicles:
  - {id: VAN-1, token: AABBCCDD, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 80000, min_w: 4140, need_wh: 20000, departs: "06:00"}
`;

export class Depotd {
	/** `listen`: more lines of that section. `wrap`: a command and its arguments that start the program given behind them. */
	constructor({ depot = DEPOT, config = '', listen = '', args = [], dir, wrap = [] } = {}) {
		this.dir = dir ?? mkdtempSync(join(tmpdir(), 'depotd-test-'));
		this.data = join(this.dir, 'data');
		this.log = join(this.dir, 'depotd.log');
		this.args = args;
		this.wrap = wrap;
		if (depot) writeFileSync(join(this.dir, 'depot.yaml'), depot);
		if (!dir || config)
			writeFileSync(
				join(this.dir, 'depotd.yaml'),
				`depot: depot.yaml
meter_maps: ${resolve('etc/meters')}
listen:
  console: {address: 127.0.0.1, port: 0}
  profile1: {address: 127.0.0.1, port: 0}
  profile2: {address: 127.0.0.1, port: 0}
  hosts: [localhost]
${listen}${config}`,
			);
	}

	async start() {
		for (const name of ['console', 'profile1', 'profile2', 'profile3'])
			rmSync(join(this.data, `${name}.port`), { force: true });
		const [program, ...args] = [...this.wrap, join(BUILD, 'depotd'), '--config', join(this.dir, 'depotd.yaml'),
			'--data', this.data, '--console', join(BUILD, 'console'), ...this.args];
		this.child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
		this.child.stderr.on('data', (d) => appendFileSync(this.log, d));
		this.exited = new Promise((r) => this.child.on('exit', (code, signal) => r({ code, signal })));
		let gone;
		this.exited.then((e) => (gone = e));
		await until('depotd to listen', () => {
			if (gone) throw new Error(`depotd ended: ${JSON.stringify(gone)}\n${this.logged()}`);
			return existsSync(join(this.data, 'console.port'));
		}).catch((e) => {
			throw new Error(`${e.message}\n${this.logged()}`);
		});
		await until('depotd to be ready', async () => (await this.api('GET', '/readyz')).status === 200);
		/* Not before: a file may be there and still be empty. */
		this.ports = Object.fromEntries(
			['console', 'profile1', 'profile2', 'profile3']
				.filter((n) => existsSync(join(this.data, `${n}.port`)))
				.map((n) => [n, Number(readFileSync(join(this.data, `${n}.port`), 'utf8'))]),
		);
		return this;
	}

	logged() {
		return existsSync(this.log) ? readFileSync(this.log, 'utf8') : '';
	}

	/** One request over the Unix socket; JSON in, JSON out. */
	api(method, path, body, headers = {}) {
		return this.request(http, { socketPath: join(this.data, 'depotd.sock') }, method, path, body, headers);
	}

	/** One request over HTTPS, trusting the depot's root. */
	https(method, path, body, headers = {}) {
		const where = {
			host: '127.0.0.1', port: this.ports.console, servername: 'localhost',
			ca: readFileSync(this.root()),
		};
		return this.request(https, where, method, path, body, { host: `localhost:${this.ports.console}`, ...headers });
	}

	root() {
		return join(this.data, 'pki', 'root.pem');
	}

	request(lib, where, method, path, body, headers) {
		const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
		const full = /^\/(livez|readyz|metrics|api\/)/.test(path) || path === '/' ? path : `/api/v1${path}`;
		return new Promise((ok, bad) => {
			const req = lib.request(
				{ ...where, method, path: full, agent: false,
					headers: { ...(text !== undefined && { 'content-type': 'application/json',
						'content-length': Buffer.byteLength(text) }), ...headers } },
				(res) => {
					let out = '';
					res.setEncoding('utf8');
					res.on('data', (d) => (out += d));
					res.on('end', () => {
						let json;
						try { json = JSON.parse(out); } catch { json = undefined; }
						ok({ status: res.statusCode, headers: res.headers, text: out, json });
					});
				},
			);
			req.on('error', bad);
			req.setTimeout(30000, () => req.destroy(new Error('no answer in 30 s')));
			if (text !== undefined) req.write(text);
			req.end();
		});
	}

	/** SIGHUP; waits until depotd has read certificates, roots and lists again, and what it says of that. */
	async reload(expected = /certificates reloaded/) {
		const lines = () => this.logged().split('\n').filter((l) => /certificates (were not )?reloaded/.test(l));
		const had = lines().length;
		this.child.kill('SIGHUP');
		await until('the reload', () => lines().length > had);
		const said = lines().at(-1);
		if (!expected.test(said)) throw new Error(`depotd says: ${said}`);
	}

	stop(signal = 'SIGTERM') {
		this.child?.kill(signal);
		return this.exited;
	}

	async clean() {
		if (this.child && this.child.exitCode === null && this.child.signalCode === null) await this.stop();
		rmSync(this.dir, { recursive: true, force: true });
	}
}
