/* What a person may ask of a grid operator, each after a yes. */
import { useState } from "preact/hooks";
import type { OscpPeerReply, OscpPeerView } from "../../api/types_trust.ts";
import { useCommand } from "../../lib/ask.ts";
import { fromLocal, toLocal } from "../../lib/local_clock.ts";
import { now, zone } from "../../store/store.ts";
import { Failure } from "../../ui/act.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { w } from "./words.ts";

export type PeerAct = "adjust" | "register" | "end";

interface Props {
	p: OscpPeerView;
	onEnd: () => void;
}

function End({ p, onEnd }: Props) {
	const { isBusy, error, send } = useCommand();
	const go = async () => {
		if (await send("DELETE", `/oscp/peers/${encodeURIComponent(p.id)}`)) onEnd();
	};
	return (
		<Confirm title={w.endTitle(p.name || p.id)} verb={w.endVerb} to="trust" isBusy={isBusy} onYes={() => void go()} onNo={onEnd}>
			<p>{w.endWhat}</p><Failure text={error} />
		</Confirm>
	);
}

function Register({ p, onEnd }: Props) {
	const [url, setUrl] = useState("");
	const [token, setToken] = useState("");
	const [reply, setReply] = useState<OscpPeerReply | undefined>(undefined);
	const { isBusy, error, send } = useCommand();
	const go = async () => {
		if (reply) {
			onEnd();
			return;
		}
		setReply(await send<OscpPeerReply>("POST", "/oscp/peers", { peer: p.id, ...(url && { url }), ...(token && { token }) }));
	};
	return (
		<Confirm title={w.registerTitle(p.name || p.id)} verb={reply ? "OK" : w.registerVerb} to="trust" isBusy={isBusy} onYes={() => void go()} onNo={onEnd}>
			{!reply && (
				<>
					<p>{w.registerWhat}</p>
					<label>{w.registerUrl}<input type="url" maxLength={400} value={url} onInput={(e) => setUrl(e.currentTarget.value.trim())} /></label>
					<label>{w.registerToken}<input type="password" autocomplete="off" maxLength={512} value={token} onInput={(e) => setToken(e.currentTarget.value.trim())} /></label>
				</>
			)}
			{reply && <p role="status">{reply.next}</p>}
			{reply?.token !== undefined && <p>{w.tokenOnce} <code class="mono">{reply.token}</code></p>}
			<Failure text={error} />
		</Confirm>
	);
}

const HOUR_MS = 3_600_000;

function Adjust({ p, onEnd }: Props) {
	const start = Math.ceil(now.peek() / HOUR_MS) * HOUR_MS;
	const [group, setGroup] = useState(p.groups[0]?.group ?? "");
	const [type, setType] = useState("CONSUMPTION");
	const [from, setFrom] = useState(toLocal(start, zone.value).slice(0, 16));
	const [to, setTo] = useState(toLocal(start + HOUR_MS, zone.value).slice(0, 16));
	const [kw, setKw] = useState("");
	const { isBusy, error, send } = useCommand();
	const block = { from: fromLocal(from, zone.value), to: fromLocal(to, zone.value), capacity: Number(kw), unit: "KW" };
	const go = async () => {
		if (await send("POST", `/oscp/peers/${encodeURIComponent(p.id)}/adjust`, { group, type, blocks: [block] }, crypto.randomUUID())) onEnd();
	};
	return (
		<Confirm title={w.adjustTitle(p.name || p.id)} verb={w.adjustVerb} to="limit" isBusy={isBusy} isOff={kw === "" || !block.from || !block.to}
			onYes={() => void go()} onNo={onEnd}>
			<p>{w.adjustWhat}</p>
			<label>{w.group}<select value={group} onChange={(e) => setGroup(e.currentTarget.value)}>{p.groups.map((g) => <option key={g.group} value={g.group}>{g.group}</option>)}</select></label>
			<label>{w.kind}<select value={type} onChange={(e) => setType(e.currentTarget.value)}>{Object.keys(w.kinds).map((k) => <option key={k} value={k}>{w.kinds[k]}</option>)}</select></label>
			<label>{w.from}<input type="datetime-local" value={from} onChange={(e) => setFrom(e.currentTarget.value)} /></label>
			<label>{w.to}<input type="datetime-local" value={to} onChange={(e) => setTo(e.currentTarget.value)} /></label>
			<label>{w.capacity}<input type="number" min="0" step="any" value={kw} onInput={(e) => setKw(e.currentTarget.value)} /></label>
			<Failure text={error} />
		</Confirm>
	);
}

export function Ask({ p, act, onEnd }: Props & { act: PeerAct }) {
	switch (act) {
	case "adjust": return <Adjust p={p} onEnd={onEnd} />;
	case "register": return <Register p={p} onEnd={onEnd} />;
	default: return <End p={p} onEnd={onEnd} />;
	}
}
