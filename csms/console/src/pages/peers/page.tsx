/*
 * Grid operators that speak OSCP: is each registered and heard, what did it send and refuse, what limits
 * of its hold or wait for an answer. A limit is tried before it is accepted (Envelopes).
 */
import { useState } from "preact/hooks";
import type { OscpPeerList, OscpPeerView } from "../../api/types_trust.ts";
import { useAsked, useCommand } from "../../lib/ask.ts";
import { clockNear, decimal, duration } from "../../lib/format.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { AnswerPage } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { State, type Status } from "../../ui/state.tsx";
import { Envelopes } from "../energy/envelopes.tsx";
import { Ask, type PeerAct } from "./asks.tsx";
import { w } from "./words.ts";

const time = (iso: string | undefined): string => (iso === undefined ? w.never : clockNear(Date.parse(iso), now.value, zone.value));
const ago = (iso: string | undefined): string => (iso === undefined ? w.never : w.ago(duration(Math.max(0, now.value - Date.parse(iso)) / 1000)));

function statusOf(p: OscpPeerView): Status {
	const word = w.states[p.state] ?? p.state;
	if (p.state !== "registered") return { icon: "closed", tone: "plain", isTag: false, word };
	return p.online ? { icon: "ok", tone: "ok", isTag: false, word: `${word}, ${w.heard}` } : { icon: "off", tone: "risk", isTag: true, word: `${word}, ${w.silent}` };
}

function Facts({ p }: { p: OscpPeerView }) {
	const nodes = new Map((overview.value?.tree.nodes ?? []).map((n) => [n.id, n.name || n.id] as const));
	const rows: [string, string | undefined][] = [
		[w.facts.groups, p.groups.map((g) => w.groupAt(g.group, nodes.get(g.node) ?? g.node)).join(", ")],
		[w.facts.changed, p.changed_at && time(p.changed_at)],
		[w.facts.heartbeat, ago(p.last_heartbeat)],
		[w.facts.offline, p.offline_at && time(p.offline_at)],
		[w.facts.handshake, time(p.handshake_at)],
		[w.facts.ours, p.heartbeat_s === undefined ? undefined : duration(p.heartbeat_s)],
		[w.facts.wants, p.measurements.join(", ").toLowerCase() || undefined],
		[w.facts.measurements, w.sentN(decimal(p.measurements_sent, 0))],
		[w.facts.url, p.url], [w.facts.endpoint, p.endpoint],
	];
	return <dl class="facts">{rows.filter(([, x]) => x).map(([name, x]) => <div key={name}><dt>{name}</dt><dd>{x}</dd></div>)}</dl>;
}

function Traffic({ p }: { p: OscpPeerView }) {
	const rows: [string, number, boolean][] = [
		[w.counts.received, p.received, false], [w.counts.refused, p.refused, true], [w.counts.duplicates, p.duplicates, false],
		[w.counts.sent, p.sent, false], [w.counts.failed, p.failed, true],
	];
	return (
		<div class="traffic">
			<h3>{w.traffic}</h3>
			<dl class="facts">{rows.map(([name, n, isBad]) => <div key={name} class={isBad && n > 0 ? "odd" : ""}><dt>{name}</dt><dd>{decimal(n, 0)}</dd></div>)}</dl>
			<p class="cap">{w.countsWhy}</p>
			{p.last_error !== undefined && <p><b>{w.lastError(time(p.last_error_at))}</b> {p.last_error}</p>}
			{p.adjust_at !== undefined && <p>{w.asked(time(p.adjust_at))} {p.adjust_granted_at === undefined ? w.notGranted : w.granted(time(p.adjust_granted_at))}</p>}
		</div>
	);
}

function Peer({ p, again }: { p: OscpPeerView; again: () => void }) {
	const [act, setAct] = useState<PeerAct | undefined>(undefined);
	const { isBusy, error, send } = useCommand();
	const isRegistered = p.state === "registered";
	const end = () => {
		setAct(undefined);
		again();
	};
	return (
		<Panel id={`peer-${p.id}`} title={p.name || p.id} caption={p.id} end={<State status={statusOf(p)} />}>
			{p.next !== undefined && <p class="pad-line" data-next><b>{w.next}:</b> {p.next}</p>}
			{isRegistered && !p.online && <p class="pad-line">{w.fallback}{p.online_why !== undefined && ` (${p.online_why})`}</p>}
			<div class="g-peer"><Facts p={p} /><Traffic p={p} /></div>
			<div class="pad-line acts">
				{isRegistered && <Act to="limit" onAct={() => setAct("adjust")}>{w.adjust}</Act>}
				{isRegistered && <Act to="limit" isOff={isBusy} onAct={() => void send("POST", `/oscp/peers/${encodeURIComponent(p.id)}/handshake`).then(again)}>{w.handshakeAgain}</Act>}
				{p.state === "ended" && <Act to="trust" isMain onAct={() => setAct("register")}>{w.register}</Act>}
				{p.state !== "ended" && <Act to="trust" onAct={() => setAct("end")}>{w.end}</Act>}
				<Failure text={error} />
			</div>
			{act !== undefined && <Ask p={p} act={act} onEnd={end} />}
		</Panel>
	);
}

export function PeersPage() {
	const asked = useAsked<OscpPeerList>("/oscp/peers", 5000);
	if (!overview.value) return <Skeleton />;
	return (
		<AnswerPage of={asked} name={w.title}>{({ peers }) => (
			<>
				{peers.length === 0 && <Panel id="peers" title={w.title}><Empty title={w.none}>{w.noneWhy}</Empty></Panel>}
				{peers.map((p) => <Peer key={p.id} p={p} again={asked.again} />)}
				{peers.length > 0 && <Envelopes owner="oscp/" />}
			</>
		)}</AnswerPage>
	);
}
