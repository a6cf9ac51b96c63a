// Certificates of stations for tests, by the openssl program: authorities, good and hostile ones.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, writeFileSync, readFileSync, rmSync } from 'node:fs';
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
const stamp = (days) => new Date(Date.now() + days * 86400e3).toISOString().replace(/[-:T]|\.\d+/g, '').slice(2);

/** Kinds of keys. */
export const EC = ['ec', { namedCurve: 'P-256' }];
export const P192 = ['ec', { namedCurve: 'prime192v1' }];
export const RSA = (bits) => ['rsa', { modulusLength: bits }];

const newKey = (kind) => generateKeyPairSync(...kind).privateKey.export({ type: 'pkcs8', format: 'pem' });

/** A key, and a request for a certificate of it. */
export function request({ cn, o, kind = EC }) {
	const dir = mkdtempSync(join(tmpdir(), 'depotd-csr-'));
	const key = newKey(kind);
	writeFileSync(join(dir, 'key.pem'), key);
	const csr = openssl('req', '-new', '-key', join(dir, 'key.pem'), '-subj', `/O=${o}/CN=${cn}`, '-sha256').toString();
	rmSync(dir, { recursive: true });
	return { key, csr };
}

export class Ca {
	/** `by`: the authority that signs this one; none: it signs itself. */
	constructor(name, { by, extensions = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign', key = EC } = {}) {
		this.dir = mkdtempSync(join(tmpdir(), 'depotd-pki-'));
		this.count = 0;
		mkdirSync(join(this.dir, 'new'));
		writeFileSync(join(this.dir, 'index.txt'), '');
		writeFileSync(join(this.dir, 'serial'), '1000\n');
		writeFileSync(join(this.dir, 'crlnumber'), '01\n');
		writeFileSync(join(this.dir, 'ca.cnf'), `[ca]\ndefault_ca=d\n[d]\ndir=${this.dir}
database=$dir/index.txt\nserial=$dir/serial\ncrlnumber=$dir/crlnumber\nnew_certs_dir=$dir/new
certificate=$dir/ca.pem\nprivate_key=$dir/ca.key\ndefault_md=sha256\npolicy=p\nunique_subject=no\ndefault_crl_days=30
email_in_dn=no\npreserve=yes\nstring_mask=utf8only\n[p]\ncommonName=optional\norganizationName=optional\norganizationalUnitName=optional\n`);
		const subject = `/O=Depot Test/CN=${name}`;
		if (by) {
			const made = by.issue({ subject, extensions, key });
			writeFileSync(join(this.dir, 'ca.key'), made.key);
			writeFileSync(join(this.dir, 'ca.pem'), made.leaf);
			this.chain = made.leaf + by.chain;
		} else {
			writeFileSync(join(this.dir, 'ca.key'), newKey(key));
			writeFileSync(join(this.dir, 'self.cnf'), `[req]\ndistinguished_name=n\nx509_extensions=e\n[n]\n[e]\n${extensions}\nsubjectKeyIdentifier=hash\n`);
			openssl('req', '-x509', '-new', '-key', join(this.dir, 'ca.key'), '-subj', subject, '-days', '3650',
				'-config', join(this.dir, 'self.cnf'), '-out', join(this.dir, 'ca.pem'));
			this.chain = '';
		}
		this.pem = readFileSync(join(this.dir, 'ca.pem'), 'utf8');
	}

	/** { key, leaf, cert }: PEM; `cert` is the leaf and the authorities between it and the root. */
	issue({ cn, o = 'Depot Test', subject = `/O=${o}/CN=${cn}`, extensions = 'keyUsage=critical,digitalSignature', key = EC,
		from = -1, to = 30, digest = 'sha256' } = {}) {
		const at = join(this.dir, `${++this.count}`);
		writeFileSync(`${at}.key`, newKey(key));
		openssl('req', '-new', '-utf8', '-key', `${at}.key`, '-subj', subject, '-out', `${at}.csr`, `-${digest}`);
		writeFileSync(`${at}.ext`, `${extensions}\n`);
		openssl('ca', '-batch', '-config', join(this.dir, 'ca.cnf'), '-in', `${at}.csr`, '-out', `${at}.pem`, '-notext',
			'-startdate', `${stamp(from)}`, '-enddate', `${stamp(to)}`, '-md', digest, '-extfile', `${at}.ext`, '-preserveDN');
		const leaf = readFileSync(`${at}.pem`, 'utf8');
		return { key: readFileSync(`${at}.key`, 'utf8'), leaf, cert: leaf + this.chain, file: `${at}.pem` };
	}

	/** The same certificate with other bytes in it, of the same length, signed anew. */
	forge({ key, leaf }, from, to) {
		const der = Buffer.from(leaf.replace(/-----[^-]+-----|\s/g, ''), 'base64');
		const head = (b, at) => (b[at + 1] < 0x80 ? 2 : 2 + (b[at + 1] & 0x7f));
		const size = (b, at) => (b[at + 1] < 0x80 ? b[at + 1] : b.readUIntBE(at + 2, b[at + 1] & 0x7f)) + head(b, at);
		const start = head(der, 0);
		const tbs = Buffer.from(der.subarray(start, start + size(der, start)));
		const at = tbs.lastIndexOf(from);
		if (at < 0 || Buffer.byteLength(from) !== Buffer.byteLength(to)) throw new Error(`cannot make ${to} of ${from}`);
		Buffer.from(to).copy(tbs, at);
		const algorithm = der.subarray(start + tbs.length, start + tbs.length + size(der, start + tbs.length));
		const signature = sign('sha256', tbs, createPrivateKey(readFileSync(join(this.dir, 'ca.key'))));
		const tlv = (tag, body) => Buffer.concat([body.length < 0x80 ? Buffer.from([tag, body.length])
			: body.length < 0x100 ? Buffer.from([tag, 0x81, body.length]) : Buffer.from([tag, 0x82, body.length >> 8, body.length & 0xff]), body]);
		const whole = tlv(0x30, Buffer.concat([tbs, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature]))]));
		const pem = `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/(.{64})/g, '$1\n').trim()}\n-----END CERTIFICATE-----\n`;
		return { key, leaf: pem, cert: pem + this.chain };
	}

	revoke({ file }) {
		openssl('ca', '-config', join(this.dir, 'ca.cnf'), '-revoke', file);
	}

	/** The revocation list; `over`: one whose time has passed; `before`: one of so many days ago, still of now. */
	crl({ over = false, before = 0 } = {}) {
		return openssl('ca', '-config', join(this.dir, 'ca.cnf'), '-gencrl',
			...(before ? ['-crl_lastupdate', `20${stamp(-before)}`, '-crl_nextupdate', `20${stamp(9)}`] : []),
			...(over ? ['-crl_lastupdate', `20${stamp(-3)}`, '-crl_nextupdate', `20${stamp(-2)}`] : [])).toString();
	}

	clean() {
		rmSync(this.dir, { recursive: true, force: true });
	}
}
