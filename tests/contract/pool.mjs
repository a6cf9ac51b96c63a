// A contract certificate pool for the tests: the one call of OPCP that depotd makes.
import http from 'node:http';

export const TOKEN = 'pool-token-0123456789';

export class Pool {
	constructor() {
		this.asked = []; // { method, path, headers, body }
		this.faults = [];
		this.exi = Buffer.from('an answer in EXI').toString('base64');
		this.answers = []; // functions of (res) that stand in for the next answers
	}

	async start() {
		this.server = http.createServer((req, res) => this.serve(req, res));
		await new Promise((r) => this.server.listen(0, '127.0.0.1', r));
		this.url = `http://127.0.0.1:${this.server.address().port}`;
		return this;
	}

	check(what, is, wanted) {
		if (is !== wanted) this.faults.push(`${what}: ${is}, not ${wanted}`);
	}

	async serve(req, res) {
		let text = '';
		for await (const part of req) text += part;
		this.check('method', req.method, 'POST');
		this.check('path', req.url, '/opcp/v1/ccp/signedContractData');
		this.check('authorization', req.headers.authorization, `Bearer ${TOKEN}`);
		this.check('content-type', req.headers['content-type'], 'application/json');
		const body = JSON.parse(text);
		this.check('fields', Object.keys(body).sort().join(), 'certificateInstallationReq,xsdMsgDefNamespace');
		this.asked.push(body);
		const other = this.answers.shift();
		if (other) return other(res);
		res.setHeader('content-type', 'application/json');
		res.end(JSON.stringify({
			CCPResponse: { emaidContent: [{ messageDef: { certificateInstallationRes: this.exi, emaid: 'NLLABC00000001' } }] },
			xsdMsgDefNamespace: body.xsdMsgDefNamespace,
		}));
	}

	stop() {
		this.server.closeAllConnections();
		this.server.close();
	}
}
