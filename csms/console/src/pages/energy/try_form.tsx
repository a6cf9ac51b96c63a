/*
 * A limit of one's own: tried first, put in force only as it was tried.
 */
import { useState } from "preact/hooks";
import type { EnvelopePost, EnvelopeTry, EnvelopeView } from "../../api/types.ts";
import { useCommand } from "../../lib/ask.ts";
import { clock } from "../../lib/format.ts";
import { nextAt } from "../../lib/local_clock.ts";
import { say } from "../../messages/say.ts";
import { treeRows } from "../../store/derive.ts";
import { envelopePath } from "../../store/place.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Icon } from "../../ui/icons.tsx";
import { Link } from "../../ui/link.tsx";
import { Panel } from "../../ui/panel.tsx";
import { limitWords } from "./envelopes.tsx";
import { Trial } from "./trial.tsx";

const HOURS = [1, 2, 4, 8, 12, 24];

interface Form {
	node: string;
	kw: string;
	from: string; /* "": now */
	hours: number;
}

function postOf(f: Form): EnvelopePost | undefined {
	const start = f.from === "" ? now.value : nextAt(f.from, now.value, zone.value);
	const power = Number(f.kw.replace(",", "."));
	if (start === undefined || f.kw.trim() === "" || !Number.isFinite(power) || power < 0) return undefined;
	return {
		node: f.node,
		blocks: [{
			start: new Date(start).toISOString(), end: new Date(start + f.hours * 3_600_000).toISOString(),
			import_w: Math.round(power * 1000),
		}],
	};
}

function Fields({ form, set }: { form: Form; set: (change: Partial<Form>) => void }) {
	return (
		<div class="fields try">
			<label>{say.point}
				<select value={form.node} onChange={(e) => set({ node: e.currentTarget.value })}>
					{treeRows(overview.value?.tree.nodes ?? []).map(({ node, depth }) => (
						<option key={node.id} value={node.id}>{"\u2003".repeat(depth)}{node.name || node.id}</option>
					))}
				</select>
			</label>
			<label>{say.atMostKw}
				<input required inputMode="decimal" maxLength={12} value={form.kw} onInput={(e) => set({ kw: e.currentTarget.value })} />
			</label>
			<label>{say.fromClock}
				<input type="time" value={form.from} onInput={(e) => set({ from: e.currentTarget.value })} />
			</label>
			<label>{say.forHow}
				<select value={String(form.hours)} onChange={(e) => set({ hours: Number(e.currentTarget.value) })}>
					{HOURS.map((h) => <option key={h} value={String(h)}>{say.hours(h)}</option>)}
				</select>
			</label>
		</div>
	);
}

/* What it takes the place of, and what it cannot do. */
function Made({ e }: { e: EnvelopeView }) {
	return (
		<div data-made={e.id}>
			{e.replaces.map((r) => (
				<p key={r.id}>{r.was ? say.tryReplaces(limitWords(r.was), clock(Date.parse(r.was.end), zone.value)) : say.tryReplacesOne}</p>
			))}
			{e.note !== undefined && <p class="st risk"><Icon name="risk" /> {e.note}</p>}
			<p><Link to={envelopePath(e.id)}>{say.seeLimit}</Link></p>
		</div>
	);
}

export function TryLimit() {
	const root = treeRows(overview.value?.tree.nodes ?? [])[0]?.node.id ?? "";
	const [form, setForm] = useState<Form>({ node: root, kw: "", from: "", hours: 2 });
	const [tried, setTried] = useState<{ post: EnvelopePost; result: EnvelopeTry } | undefined>(undefined);
	const [said, setSaid] = useState<string | undefined>(undefined);
	const [made, setMade] = useState<EnvelopeView | undefined>(undefined);
	const { isBusy, error, send } = useCommand();
	const set = (change: Partial<Form>) => {
		setForm((old) => ({ ...old, ...change }));
		setTried(undefined);
		setSaid(undefined);
		setMade(undefined);
	};
	const ask = async () => {
		const post = postOf(form);
		if (!post) {
			setSaid(say.tryNumbers);
			return;
		}
		const result = await send<EnvelopeTry>("POST", "/envelopes/try", post);
		setSaid(undefined);
		setTried(result && { post, result });
	};
	const take = async () => {
		const made = tried && await send<EnvelopeView>("POST", "/envelopes", tried.post);
		if (!made) return;
		setTried(undefined);
		setMade(made);
		setSaid(say.tryDone(clock(Date.parse(made.received_at), zone.value)));
	};
	return (
		<Panel id="try" title={say.tryTitle} caption={say.trySub}>
			<form class="form pad" onSubmit={(event) => {
				event.preventDefault();
				void ask();
			}}>
				<Fields form={form} set={set} />
				<div class="acts">
					<Act to="limit" isMain={!tried} isOff={isBusy}>{isBusy ? say.trialRuns : say.whatIf}</Act>
					{tried && <Act to="limit" isMain isOff={isBusy} onAct={() => void take()}>{say.putInForce}</Act>}
				</div>
				<Failure text={error} />
				{said !== undefined && <p role="status">{said}</p>}
				{made && <Made e={made} />}
				{tried && <Trial result={tried.result} />}
			</form>
		</Panel>
	);
}
