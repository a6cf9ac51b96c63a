/* The stand-in's part of the API about alarms. */
import { pastAlarms } from "./fixture.mjs";

export class AlarmApi {
	constructor(mock) {
		this.mock = mock;
		this.past = pastAlarms();
		this.refuses = undefined;
	}

	answer(route, body) {
		if (route === "GET /alarms") return [200, { at: new Date(this.mock.now()).toISOString(), alarms: this.past }];
		const act = /^POST \/alarms\/(\w+)\/(take|hand_over|put_aside)$/.exec(route);
		if (!act) return undefined;
		if (this.refuses) return [503, this.refuses];
		const now = new Date(this.mock.now()).toISOString();
		const changes = {
			take: { owner: "user:M. de Wit", taken_at: now },
			hand_over: { owner: body.to, taken_at: now },
			put_aside: { owner: "user:M. de Wit", state: "aside", aside_until: body.until },
		}[act[2]];
		const old = this.mock.data.alarms.find((a) => a.id === act[1]);
		if (!old) return [404, "there is no open alarm of that id"];
		const next = { ...old, ...changes, ...(body.note && { note: body.note }) };
		this.mock.data = { ...this.mock.data, alarms: this.mock.data.alarms.map((a) => (a.id === next.id ? next : a)) };
		this.mock.patch({ alarms: { [next.id]: next } });
		return [200, next];
	}
}
