/*
 * Tariffs: what energy costs now and soon, where that is known from, and what another would cost.
 */
import { useState } from "preact/hooks";
import type { TariffList, TariffView } from "../../api/types_tariffs.ts";
import { useAsked, useCommand } from "../../lib/ask.ts";
import { clockNear } from "../../lib/format.ts";
import { go } from "../../store/place.ts";
import { now, zone } from "../../store/store.ts";
import { stateOf, type TariffState } from "../../store/tariffs.ts";
import { Act, Failure } from "../../ui/act.tsx";
import { Answer, Heading } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/confirm.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { State, type Status } from "../../ui/state.tsx";
import { Compare } from "./compare.tsx";
import { TariffEditor } from "./editor.tsx";
import { Prices, Series } from "./prices.tsx";
import { w } from "./words.ts";

const STATUS: Record<TariffState, Omit<Status, "word">> = {
	force: { icon: "ok", tone: "ok", isTag: false }, waits: { icon: "wait", tone: "plain", isTag: false },
	over: { icon: "closed", tone: "plain", isTag: false }, compare: { icon: "free", tone: "plain", isTag: false },
};

export const tariffPath = (id: string): string => `/tariffs/${encodeURIComponent(id)}`;

function Row({ t, all, onGone }: { t: TariffView; all: readonly TariffView[]; onGone: () => void }) {
	const state = stateOf(t, all);
	const [asks, setAsks] = useState(false);
	const { isBusy, error, send } = useCommand();
	const name = t.name || t.id;
	const remove = async () => {
		if (await send("DELETE", `/tariffs/${encodeURIComponent(t.id)}`)) {
			setAsks(false);
			onGone();
		}
	};
	return (
		<tr role="row" data-row data-tariff={t.id} tabIndex={-1}>
			<th role="rowheader" scope="row"><Link to={tariffPath(t.id)} kind="name">{name}</Link> <span class="cap">{t.id} · {t.currency}</span></th>
			<td role="cell" data-label={w.state}><State status={{ ...STATUS[state], word: w.states[state] }} /></td>
			<td role="cell" data-label={w.from}>{t.valid_from ?? w.always}</td>
			<td role="cell" data-label={w.changed}>
				<time dateTime={t.changed_at}>{clockNear(Date.parse(t.changed_at), now.peek(), zone.value)}</time>{" "}
				<span class="cap">{t.from_file ? w.file : t.changed_by}</span>
			</td>
			<td role="cell" class="wide"><div class="acts">
				<button type="button" class="btn" onClick={() => go(`${tariffPath(t.id)}?copy=1`)}>{w.copy}</button>
				<Act to="price" onAct={() => setAsks(true)}>{w.remove}</Act>
			</div>
			{asks && (
				<Confirm title={w.removeTitle(name)} verb={w.removeVerb} to="price" isBusy={isBusy} onYes={() => void remove()} onNo={() => setAsks(false)}>
					<p>{w.removeWhat}</p><Failure text={error} />
				</Confirm>
			)}</td>
		</tr>
	);
}

function List() {
	const asked = useAsked<TariffList>("/tariffs", 10_000);
	const all = asked.data?.tariffs ?? [];
	return (
		<div class="page">
			<Heading said={asked.data} name={w.title} />
			<Prices />
			<Panel id="tariffs" title={w.title} caption={w.caption}
				end={<button type="button" class="btn" onClick={() => go("/tariffs/new")}>{w.make}</button>}>
				<Answer of={asked} />
				{asked.data && all.length === 0 && <Empty title={w.none}>{w.noneWhy}</Empty>}
				{all.length > 0 && (
					<table role="table" class="cards rows" aria-labelledby="tariffs-h">
						<thead role="rowgroup"><tr role="row">
							{[w.name, w.state, w.from, w.changed, ""].map((h) => <th key={h} role="columnheader" scope="col">{h || <span class="vh">{w.remove}</span>}</th>)}
						</tr></thead>
						<tbody role="rowgroup">{all.map((t) => <Row key={t.id} t={t} all={all} onGone={asked.again} />)}</tbody>
					</table>
				)}
			</Panel>
			<div class="g-even">
				{asked.data && <Compare tariffs={all} />}
				<Series />
			</div>
		</div>
	);
}

export function TariffsPage({ id }: { id: string | undefined }) {
	return id === undefined ? <List /> : <TariffEditor key={id} id={id} />;
}
