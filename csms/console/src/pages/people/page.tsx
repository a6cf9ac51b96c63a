/*
 * Users: who may sign in, as what and where; programs' tokens; what waits for a second person; oneself.
 */
import { useState } from "preact/hooks";
import type { ApiTokenList, ApiTokenView, ApprovalList, ApprovalView, PermissionList, UserList, UserView } from "../../api/types_people.ts";
import { type Asked, useAsked } from "../../lib/ask.ts";
import { csvText, saveFile } from "../../lib/csv.ts";
import { clockNear } from "../../lib/format.ts";
import { now, session, zone } from "../../store/store.ts";
import { Act, isAllowedTo } from "../../ui/act.tsx";
import { Answer, Heading } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { State } from "../../ui/state.tsx";
import { DecideDialog, FactorDialog, PersonDialog, ResetDialog, RevokeDialog, TokenDialog, WallDialog } from "./dialogs.tsx";
import { SessionsDialog } from "./open_sessions.tsx";
import { roleWord, w } from "./words.ts";
import { say } from "../../messages/say.ts";
import { You } from "./you.tsx";

const EVERY_MS = 15_000;

const time = (iso: string | undefined): string => (iso === undefined ? w.never : clockNear(Date.parse(iso), now.value, zone.value));
const places = (nodes: string[] | undefined): string => (nodes === undefined || nodes.length === 0 ? w.whole : nodes.join(", "));

const factorWord = (u: UserView): string => {
	if (u.factor) return w.hasFactor;
	if (u.provider !== undefined) return w.theirs(u.provider);
	return u.password ? w.noFactor : w.noPassword;
};

function Heads({ words }: { words: string[] }) {
	return (
		<thead role="rowgroup"><tr role="row">
			{words.map((x, i) => (x === "" ? <td key={i} role="cell" /> : <th key={x} role="columnheader" scope="col">{x}</th>))}
		</tr></thead>
	);
}

interface PersonRowProps {
	user: UserView;
	onChange: () => void;
	onReset: () => void;
	onFactor: () => void;
	onSessions: () => void;
}

function PersonRow({ user: u, onChange, onReset, onFactor, onSessions }: PersonRowProps) {
	return (
		<tr role="row" data-row data-user={u.name} tabIndex={-1}>
			<th role="rowheader" scope="row"><b>{u.name}</b>{u.disabled && <State status={{ icon: "closed", tone: "risk", isTag: true, word: w.disabled }} />}
				{u.subject !== undefined && <span class="cap">{u.provider}: {u.subject}</span>}</th>
			<td role="cell" data-label={w.role}>{roleWord(u.role)}</td>
			<td role="cell" data-label={w.where}>{places(u.nodes)}</td>
			<td role="cell" data-label={w.factor}>{factorWord(u)}</td>
			<td role="cell" data-label={w.sessions}>{w.open(u.sessions)}</td>
			<td role="cell" data-label={w.seen}>{time(u.signed_in)}</td>
			<td role="cell" class="wide"><div class="acts">
				<Act to="govern" onAct={onChange}>{w.change}</Act>
				{u.provider === undefined && <Act to="govern" onAct={onReset}>{w.reset}</Act>}
				{u.factor && <Act to="govern" onAct={onFactor}>{w.resetFactor}</Act>}
				{u.sessions > 0 && <Act to="govern" onAct={onSessions}>{w.sessionsShow}</Act>}
			</div></td>
		</tr>
	);
}

function People({ asked }: { asked: Asked<UserList> }) {
	const [changed, setChanged] = useState<UserView | "new" | undefined>(undefined);
	const [reset, setReset] = useState<UserView | undefined>(undefined);
	const [factorOf, setFactorOf] = useState<UserView | undefined>(undefined);
	const [sessionsOf, setSessionsOf] = useState<UserView | undefined>(undefined);
	const users = asked.data?.users ?? [];
	const end = () => {
		setChanged(undefined);
		setReset(undefined);
		setFactorOf(undefined);
		setSessionsOf(undefined);
		asked.again();
	};
	const save = () => saveFile("users.csv", "text/csv", csvText([[w.name, w.role, w.where, w.factor, w.sessions, w.seen],
		...users.map((u) => [u.name, u.role, places(u.nodes), factorWord(u), u.sessions, u.signed_in])]));
	return (
		<Panel id="people" title={w.people} caption={w.peopleCap} end={<div class="acts"><button type="button" class="btn" onClick={save}>CSV</button><Act to="govern" onAct={() => setChanged("new")}>{w.add}</Act></div>}>
			<table role="table" class="cards rows people" aria-labelledby="people-h">
				<Heads words={[w.name, w.role, w.where, w.factor, w.sessions, w.seen, ""]} />
				<tbody role="rowgroup">
					{users.map((u) => <PersonRow key={u.name} user={u} onChange={() => setChanged(u)} onReset={() => setReset(u)} onFactor={() => setFactorOf(u)} onSessions={() => setSessionsOf(u)} />)}
				</tbody>
			</table>
			<Answer of={asked} />
			{changed !== undefined && <PersonDialog user={changed === "new" ? undefined : changed} onEnd={end} />}
			{reset && <ResetDialog user={reset} onEnd={end} />}
			{factorOf && <FactorDialog user={factorOf} onEnd={end} />}
			{sessionsOf && <SessionsDialog name={sessionsOf.name} onEnd={end} />}
		</Panel>
	);
}

function Tokens() {
	const asked = useAsked<ApiTokenList>("/api-tokens", EVERY_MS);
	const [isMaking, setMaking] = useState(false);
	const [isWall, setWall] = useState(false);
	const [revoked, setRevoked] = useState<ApiTokenView | undefined>(undefined);
	const tokens = asked.data?.tokens ?? [];
	const end = () => {
		setMaking(false);
		setWall(false);
		setRevoked(undefined);
		asked.again();
	};
	return (
		<Panel id="tokens" title={w.tokens} caption={w.tokensCap} end={<div class="acts"><Act to="govern" onAct={() => setWall(true)}>{w.addWall}</Act><Act to="govern" onAct={() => setMaking(true)}>{w.addToken}</Act></div>}>
			{asked.data && tokens.length === 0 && <Empty title={w.noTokens}>{w.noTokensWhy}</Empty>}
			{tokens.length > 0 && (
				<table role="table" class="cards rows" aria-labelledby="tokens-h">
					<Heads words={[w.name, w.role, w.where, w.used, w.until, ""]} />
					<tbody role="rowgroup">{tokens.map((t) => (
						<tr role="row" key={t.id} data-row data-token={t.id} tabIndex={-1}>
							<th role="rowheader" scope="row"><b>{t.name}</b></th>
							<td role="cell" data-label={w.role}>{roleWord(t.role)}</td>
							<td role="cell" data-label={w.where}>{places(t.nodes)}</td>
							<td role="cell" data-label={w.used}>{time(t.used_at)}{t.used_from !== undefined && <span class="cap"> {w.usedFrom(t.used_from)}</span>}</td>
							<td role="cell" data-label={w.until}>{time(t.expires)}</td>
							<td role="cell" class="wide"><Act to="govern" onAct={() => setRevoked(t)}>{w.revoke}</Act></td>
						</tr>
					))}</tbody>
				</table>
			)}
			<Answer of={asked} />
			{isMaking && <TokenDialog onEnd={end} />}
			{isWall && <WallDialog onEnd={end} />}
			{revoked && <RevokeDialog token={revoked} onEnd={end} />}
		</Panel>
	);
}

function Waits() {
	const asked = useAsked<ApprovalList>("/approvals", EVERY_MS);
	const [decided, setDecided] = useState<{ one: ApprovalView; isYes: boolean } | undefined>(undefined);
	const list = asked.data?.approvals ?? [];
	return (
		<Panel id="waits" title={w.waits} caption={w.waitsCap}>
			<Answer of={asked} />
			{asked.data && list.length === 0 && <Empty title={w.nothingWaits}>{w.nothingWaitsWhy}</Empty>}
			{list.length > 0 && (
				<table role="table" class="cards rows" aria-labelledby="waits-h">
					<Heads words={[w.asks, w.askedBy, w.waitsUntil, ""]} />
					<tbody role="rowgroup">{list.map((a) => (
						<tr role="row" key={a.id} data-row data-approval={a.id} tabIndex={-1}>
							<th role="rowheader" scope="row" class="mono">{a.method} {a.path}</th>
							<td role="cell" data-label={w.askedBy}>{a.asked_by}</td>
							<td role="cell" data-label={w.waitsUntil}>{time(a.expires)}</td>
							<td role="cell" class="wide"><div class="acts">
								<Act to="self" onAct={() => setDecided({ one: a, isYes: true })}>{w.approve}</Act>
								<Act to="self" onAct={() => setDecided({ one: a, isYes: false })}>{w.refuse}</Act>
							</div></td>
						</tr>
					))}</tbody>
				</table>
			)}
			{decided && <DecideDialog {...decided} onEnd={() => {
				setDecided(undefined);
				asked.again();
			}} />}
		</Panel>
	);
}

/* The one table of depotd: what is in no row nobody may. */
function Table() {
	const asked = useAsked<PermissionList>("/permissions", 3_600_000);
	const roles = Object.keys(say.roles);
	return (
		<Panel id="table" title={w.table} caption={w.tableCap}>
			<Answer of={asked} />
			{asked.data && <div class="scroll" tabIndex={0} role="group" aria-label={w.table}>
				<table class="plain">
					<thead><tr><th scope="col">{w.permission}</th>{roles.map((r) => <th key={r} scope="col">{roleWord(r)}</th>)}</tr></thead>
					<tbody>{(asked.data?.permissions ?? []).map((p) => (
						<tr key={p.name}>
							<th scope="row"><b>{p.name}</b> <span class="cap">{p.help}</span></th>
							{roles.map((r) => <td key={r}>{p.roles.includes(r) && <><span aria-hidden="true">✓</span><span class="vh">{w.yes}</span></>}</td>)}
						</tr>
					))}</tbody>
				</table>
			</div>}
		</Panel>
	);
}

export function PeoplePage() {
	const may = isAllowedTo("govern");
	const asked = useAsked<UserList>(may ? "/users" : undefined, EVERY_MS);
	const users = asked.data?.users ?? [];
	return (
		<div class="page">
			<Heading said={may ? asked.data : { sentence: w.title, sub: w.subYou }} name={w.title} />
			{may && <People asked={asked} />}
			{may && <Tokens />}
			<div class="g-even">
				{isAllowedTo("follow") && <Waits />}
				{(!may || asked.data !== undefined) && <You isOthers={users.some((u) => u.name === session.value?.name && u.provider !== undefined)} />}
			</div>
			<Table />
		</div>
	);
}
