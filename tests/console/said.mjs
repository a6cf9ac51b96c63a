/* What a stream last said of each thing, so that its patches name only what changed, as depotd's do. */

/* The members that changed; null for those that are gone. */
function difference(was, is) {
	const gone = Object.keys(was).filter((k) => !(k in is)).map((k) => [k, null]);
	const news = Object.entries(is).filter(([k, v]) => JSON.stringify(v) !== JSON.stringify(was[k]));
	return Object.fromEntries([...news, ...gone]);
}

export class Said {
	things = new Map(); /* "GROUP ID" → the thing */

	/* A whole overview was said. */
	hold(overview) {
		const { tree, stations, vehicles, meters, alarms, envelopes } = structuredClone(overview);
		this.things.clear();
		for (const s of stations) for (const e of s.evses) this.things.set(`evses ${s.id}/${e.id}`, e);
		const without = stations.map(({ evses: _, ...station }) => station);
		for (const [group, list] of Object.entries({ nodes: tree.nodes, stations: without, vehicles, meters, alarms, envelopes })) {
			for (const thing of list) this.things.set(`${group} ${thing.id}`, thing);
		}
	}

	/* A patch with whole things, as it is sent. */
	patch(body) {
		return Object.fromEntries(Object.entries(body).map(([group, things]) => [group, this.#news(group, things)]));
	}

	#news(group, things) {
		if (group === "heard" || typeof things !== "object") return things;
		return Object.fromEntries(Object.entries(things).map(([id, thing]) => {
			const key = `${group} ${id}`;
			const was = this.things.get(key) ?? {};
			if (thing === null) this.things.delete(key);
			else this.things.set(key, structuredClone(thing));
			return [id, thing && difference(was, thing)];
		}));
	}
}
