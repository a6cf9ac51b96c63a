/* What is changed of people and programs, each after a yes; secrets are shown once. */
import { useState } from "preact/hooks";
import type { ApiTokenReply, ApiTokenView, ApprovalView, LinkReply, UserView } from "../../api/types_people.ts";
import { useCommand } from "../../lib/ask.ts";
import { overview } from "../../store/store.ts";
import { Failure } from "../../ui/act.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Qr } from "../../ui/qr.tsx";
import { roleWord, w } from "./words.ts";
import { say } from "../../messages/say.ts";

interface Props {
	onEnd: () => void;
}

function Role({ role, onRole, isOff = false }: { role: string; onRole: (role: string) => void; isOff?: boolean }) {
	return (
		<label>{w.role}<select value={role} disabled={isOff} onChange={(e) => onRole(e.currentTarget.value)}>
			{Object.keys(say.roles).map((r) => <option key={r} value={r}>{roleWord(r)}</option>)}
		</select></label>
	);
}

/* Nodes of the tree; none ticked is all of it. */
function Where({ nodes, onNodes, isOff = false }: { nodes: string[]; onNodes: (nodes: string[]) => void; isOff?: boolean }) {
	const all = overview.value?.tree.nodes ?? [];
	return (
		<fieldset class="ticks" disabled={isOff}>
			<legend>{w.where}: {nodes.length === 0 ? w.whole : nodes.join(", ")}</legend>
			{all.map((n) => (
				<label key={n.id} class="tick">
					<input type="checkbox" checked={nodes.includes(n.id)}
						onChange={(e) => onNodes(e.currentTarget.checked ? [...nodes, n.id] : nodes.filter((x) => x !== n.id))} />
					{n.name || n.id}
				</label>
			))}
		</fieldset>
	);
}

/* A new user, or one who is there. */
export function PersonDialog({ user, onEnd }: Props & { user: UserView | undefined }) {
	const [name, setName] = useState(user?.name ?? "");
	const [role, setRole] = useState(user?.role ?? "viewer");
	const [nodes, setNodes] = useState(user?.nodes ?? []);
	const [disabled, setDisabled] = useState(user?.disabled ?? false);
	const [why, setWhy] = useState("");
	const { isBusy, error, send } = useCommand();
	const isTheirs = user?.provider !== undefined;
	const go = async () => {
		const put = { role, disabled, ...(nodes.length > 0 && { nodes }), ...(why && { why }) };
		if (await send("PUT", `/users/${encodeURIComponent(name)}`, put)) onEnd();
	};
	return (
		<Confirm title={user ? w.changeTitle(user.name) : w.addTitle} verb={w.changeVerb} to="govern" isBusy={isBusy} isOff={name === ""}
			onYes={() => void go()} onNo={onEnd}>
			{user && <p>{isTheirs ? w.byClaims : w.changeWhat}</p>}
			{!user && <label>{w.name}<input required maxLength={60} autocomplete="off" value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>}
			<Role role={role} onRole={setRole} isOff={isTheirs} />
			<Where nodes={nodes} onNodes={setNodes} isOff={isTheirs} />
			{user && <label class="tick"><input type="checkbox" checked={disabled} onChange={(e) => setDisabled(e.currentTarget.checked)} />{w.disable}</label>}
			<label>{w.why}<input maxLength={200} value={why} onInput={(e) => setWhy(e.currentTarget.value)} /></label>
			<Failure text={error} />
		</Confirm>
	);
}

export function ResetDialog({ user, onEnd }: Props & { user: UserView }) {
	const [link, setLink] = useState<LinkReply | undefined>(undefined);
	const { isBusy, error, send } = useCommand();
	const go = async () => {
		if (link) onEnd();
		else setLink(await send<LinkReply>("POST", `/users/${encodeURIComponent(user.name)}/reset`, {}));
	};
	return (
		<Confirm title={w.resetTitle(user.name)} verb={link ? w.close : w.resetVerb} to="govern" isBusy={isBusy} onYes={() => void go()} onNo={onEnd}>
			{!link && <p>{w.resetWhat}</p>}
			{link && <p role="status">{w.linkOnce} <code class="mono secret">{link.url}</code></p>}
			{link && <Qr text={link.url} label={w.linkQr} />}
			<Failure text={error} />
		</Confirm>
	);
}

export function FactorDialog({ user, onEnd }: Props & { user: UserView }) {
	const { isBusy, error, send } = useCommand();
	const go = async () => {
		if (await send("POST", `/users/${encodeURIComponent(user.name)}/second-factor/remove`, {})) onEnd();
	};
	return (
		<Confirm title={w.resetFactorTitle(user.name)} verb={w.resetFactorVerb} to="govern" isBusy={isBusy} onYes={() => void go()} onNo={onEnd}>
			<p>{w.resetFactorWhat}</p><Failure text={error} />
		</Confirm>
	);
}

export function TokenDialog({ onEnd }: Props) {
	const [name, setName] = useState("");
	const [role, setRole] = useState("viewer");
	const [nodes, setNodes] = useState<string[]>([]);
	const [days, setDays] = useState("365");
	const [made, setMade] = useState<ApiTokenReply | undefined>(undefined);
	const { isBusy, error, send } = useCommand();
	const go = async () => {
		if (made) onEnd();
		else setMade(await send<ApiTokenReply>("POST", "/api-tokens", { name, role, days: Number(days), ...(nodes.length > 0 && { nodes }) }));
	};
	return (
		<Confirm title={w.addTokenTitle} verb={made ? w.close : w.addTokenTitle} to="govern" isBusy={isBusy} isOff={!made && name === ""}
			onYes={() => void go()} onNo={onEnd}>
			{!made && (
				<>
					<label>{w.name}<input required maxLength={60} autocomplete="off" value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
					<Role role={role} onRole={setRole} />
					<Where nodes={nodes} onNodes={setNodes} />
					<label>{w.days}<input type="number" min="1" max="3650" required value={days} onInput={(e) => setDays(e.currentTarget.value)} /></label>
				</>
			)}
			{made && <p role="status">{w.tokenOnce} <code class="mono secret">{made.token}</code></p>}
			<Failure text={error} />
		</Confirm>
	);
}

/* A token of a viewer that lives long, as the address that a display opens. */
export function WallDialog({ onEnd }: Props) {
	const [name, setName] = useState("");
	const [nodes, setNodes] = useState<string[]>([]);
	const [days, setDays] = useState("3650");
	const [made, setMade] = useState<ApiTokenReply | undefined>(undefined);
	const [isCopied, setCopied] = useState(false);
	const { isBusy, error, send } = useCommand();
	const address = made && `${location.origin}/wall#token=${made.token}`;
	const go = async () => {
		if (made) onEnd();
		else setMade(await send<ApiTokenReply>("POST", "/api-tokens", { name, role: "viewer", days: Number(days), ...(nodes.length > 0 && { nodes }) }));
	};
	return (
		<Confirm title={w.addWallTitle} verb={made ? w.close : w.addWallTitle} to="govern" isBusy={isBusy} isOff={!made && name === ""}
			onYes={() => void go()} onNo={onEnd}>
			<p class="sub2">{w.wallWhy}</p>
			{!made && (
				<>
					<label>{w.name}<input required maxLength={60} autocomplete="off" value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
					<Where nodes={nodes} onNodes={setNodes} />
					<label>{w.days}<input type="number" min="1" max="3650" required value={days} onInput={(e) => setDays(e.currentTarget.value)} /></label>
				</>
			)}
			{address !== undefined && (
				<>
					<p role="status">{w.wallOnce} <code class="mono secret">{address}</code></p>
					<p><button type="button" class="btn" onClick={() => void navigator.clipboard.writeText(address).then(() => setCopied(true), () => undefined)}>
						{isCopied ? w.wallCopied : w.wallCopy}
					</button></p>
				</>
			)}
			<Failure text={error} />
		</Confirm>
	);
}

export function RevokeDialog({ token, onEnd }: Props & { token: ApiTokenView }) {
	const { isBusy, error, send } = useCommand();
	const go = async () => {
		if (await send("DELETE", `/api-tokens/${encodeURIComponent(token.id)}`)) onEnd();
	};
	return (
		<Confirm title={w.revokeTitle(token.name)} verb={w.revokeVerb} to="govern" isBusy={isBusy} onYes={() => void go()} onNo={onEnd}>
			<p>{w.revokeWhat}</p><Failure text={error} />
		</Confirm>
	);
}

/* The second person's yes or no. */
export function DecideDialog({ one, isYes, onEnd }: Props & { one: ApprovalView; isYes: boolean }) {
	const [why, setWhy] = useState("");
	const { isBusy, error, send } = useCommand();
	const go = async () => {
		const path = `/approvals/${encodeURIComponent(one.id)}/${isYes ? "approve" : "refuse"}`;
		if (await send("POST", path, isYes ? {} : { ...(why && { why }) })) onEnd();
	};
	return (
		<Confirm title={isYes ? w.approveTitle : w.refuseTitle} verb={isYes ? w.approveVerb : w.refuseVerb} to="self" isBusy={isBusy}
			onYes={() => void go()} onNo={onEnd}>
			<p>{isYes ? w.approveWhat(one.asked_by) : w.refuseWhat}</p>
			<p class="mono">{one.method} {one.path}</p>
			{one.body !== undefined && <pre class="mono body">{one.body}</pre>}
			{!isYes && <label>{w.why}<input maxLength={200} value={why} onInput={(e) => setWhy(e.currentTarget.value)} /></label>}
			<Failure text={error} />
		</Confirm>
	);
}
