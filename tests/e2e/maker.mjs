// Keys, requests and certificates of stations, by the openssl program.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own with what is made in it. */
export class Maker {
	constructor() {
		this.dir = mkdtempSync(join(tmpdir(), 'pki-test-'));
		this.n = 0;
	}

	openssl(...args) {
		return execFileSync('openssl', args, { cwd: this.dir, stdio: ['ignore', 'pipe', 'pipe'] }).toString();
	}

	file(name) {
		return join(this.dir, name);
	}

	read(name) {
		return readFileSync(this.file(name), 'utf8');
	}

	write(name, text) {
		writeFileSync(this.file(name), text);
		return this.file(name);
	}

	/** A new key: its file. */
	key({ rsa = 0, curve = 'prime256v1' } = {}) {
		const name = `k${this.n++}.key`;
		const how = rsa ? ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${rsa}`]
			: ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`];
		this.openssl('genpkey', ...how, '-out', name);
		return name;
	}

	/** A request in PEM; `key`: a file, or made new. */
	csr({ cn, o = 'Depot', key = this.key(), digest = 'sha256', ext = [], subject } = {}) {
		const out = `r${this.n++}.csr`;
		const subj = subject ?? `${o ? `/O=${o}` : ''}${cn ? `/CN=${cn.replaceAll('/', '\\/')}` : ''}`;
		this.openssl('req', '-new', '-key', key, `-${digest}`, '-utf8', '-subj', subj || '/', '-out', out,
			...ext.flatMap((e) => ['-addext', e]));
		return this.read(out);
	}

	/** What `openssl x509` says of the first certificate of a PEM. */
	x509(pem, ...args) {
		return this.openssl('x509', '-in', this.write(`c${this.n++}.pem`, pem), '-noout', ...args).trim();
	}

	/** The certificates of a PEM, one by one. */
	static split(pem) {
		return pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n/g) ?? [];
	}

	/** Does `openssl verify` say that the chain leads to a root? */
	verifies(chain, root) {
		const [leaf, ...rest] = Maker.split(chain);
		const n = this.n++;
		const args = ['-CAfile', this.write(`root${n}.pem`, root)];
		if (rest.length) args.push('-untrusted', this.write(`rest${n}.pem`, rest.join('')));
		return /OK/.test(this.openssl('verify', ...args, this.write(`leaf${n}.pem`, leaf)));
	}

	clean() {
		rmSync(this.dir, { recursive: true, force: true });
	}
}
