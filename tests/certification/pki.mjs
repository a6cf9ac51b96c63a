// Certificates for the certification cases, made by the openssl program.
import { execFileSync } from 'node:child_process';
import { createSign } from 'node:crypto';

const made = new Map();

/** A self-signed certificate and its key, { pem, key }; made once for each name. */
export function certificate(name) {
	if (!made.has(name)) {
		const out = execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
			'-nodes', '-keyout', '-', '-out', '-', '-days', '30', '-subj', `/O=Nobody/CN=${name}`],
		{ stdio: ['ignore', 'pipe', 'ignore'] });
		const part = (label) => new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----\n`).exec(out)[0];
		made.set(name, { pem: part('CERTIFICATE'), key: part('PRIVATE KEY') });
	}
	return made.get(name);
}

/** Firmware of a maker: its root, and what an UpdateFirmware says of who signed the image. */
export function signedBy(name, image = 'image') {
	const { pem, key } = certificate(name);
	return { root: pem, signed: { signingCertificate: pem, signature: createSign('sha256').update(image).sign(key, 'base64') } };
}
