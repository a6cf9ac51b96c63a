/* What stations hold, who signs for them, and what they asked for. */
import { useState } from "preact/hooks";
import type { StationCertificateList } from "../../api/types.ts";
import type { AuthorityView, CertificateRequestList } from "../../api/types_trust.ts";
import { useAsked } from "../../lib/ask.ts";
import { clockNear, date } from "../../lib/format.ts";
import { chargerPath } from "../../store/place.ts";
import { now, overview, zone } from "../../store/store.ts";
import { Answer } from "../../ui/answer.tsx";
import { Link } from "../../ui/link.tsx";
import { Panel } from "../../ui/panel.tsx";
import { State, type Status } from "../../ui/state.tsx";
import { w } from "./words.ts";

function Held({ id }: { id: string }) {
	const asked = useAsked<StationCertificateList>(`/stations/${encodeURIComponent(id)}/certificates`, 60_000);
	const list = asked.data?.certificates ?? [];
	return (
		<>
			<Answer of={asked} />
			{asked.data && list.length === 0 && <p class="cap">{w.holdsNone}</p>}
			<ul class="ready">
				{list.map((c) => (
					<li key={`${c.issuer_key_hash} ${c.serial}`}>
						<b>{c.type}</b> {c.subject ?? w.serial(c.serial)} <span class="cap why">
							{[c.not_after !== undefined && w.until(date(Date.parse(c.not_after), zone.value)), c.listed ? w.listed : w.taken].filter(Boolean).join(" · ")}
						</span>
					</li>
				))}
			</ul>
			<p><Link to={chargerPath(id)}>{w.charger}</Link></p>
		</>
	);
}

function Station({ id, name }: { id: string; name: string }) {
	const [isOpen, setOpen] = useState(false);
	return (
		<details class="signed" data-holds={id} onToggle={(e) => setOpen(e.currentTarget.open)}>
			<summary><b>{name}</b></summary>
			<div class="pad-line">{isOpen && <Held id={id} />}</div>
		</details>
	);
}

export function Stations() {
	const stations = overview.value?.stations ?? [];
	return (
		<Panel id="holds" title={w.stationsTitle} caption={w.stationsCaption}>
			<div class="tall">{stations.map((s) => <Station key={s.id} id={s.id} name={s.name || s.id} />)}</div>
		</Panel>
	);
}

export function Authority() {
	const asked = useAsked<AuthorityView>("/authority", 60_000);
	const a = asked.data;
	return (
		<Panel id="authority" title={w.authorityTitle} caption={a && w.open(a.open)}>
			<Answer of={asked} />
			{a && <p class="pad-line">{a.is}</p>}
			{a && (
				<dl class="facts">
					<div><dt>{w.validDays}</dt><dd>{w.days(a.days)}</dd></div>
					<div><dt>{w.renewDays}</dt><dd>{w.days(a.renew_days)}</dd></div>
					<div><dt>{w.organizations}</dt><dd>{a.organizations.join(", ") || w.anyOrganization}</dd></div>
				</dl>
			)}
		</Panel>
	);
}

const REQUEST: Record<string, Omit<Status, "word">> = {
	done: { icon: "ok", tone: "ok", isTag: false }, failed: { icon: "miss", tone: "miss", isTag: true }, refused: { icon: "miss", tone: "miss", isTag: true },
};

export function Requests() {
	const asked = useAsked<CertificateRequestList>("/certificate-requests?limit=20", 15_000);
	const list = asked.data?.requests ?? [];
	return (
		<Panel id="requests" title={w.requestsTitle}>
			<Answer of={asked} />
			{asked.data && list.length === 0 && <p class="pad-line">{w.requestsNone}</p>}
			<ul class="tests">
				{list.map((r) => (
					<li key={r.id} class="test" data-request={r.id}>
						<div class="grow">
							<Link to={chargerPath(r.station)} kind="name">{r.station}</Link> <span class="cap">{r.type} · {clockNear(Date.parse(r.changed_at), now.peek(), zone.value)} · {w.tries(r.tries)}</span>
							{r.note !== undefined && <p>{r.note}</p>}
						</div>
						<State status={{ ...(REQUEST[r.state] ?? { icon: "wait", tone: "plain", isTag: false }), word: w.requestStates[r.state] ?? r.state }} />
					</li>
				))}
			</ul>
		</Panel>
	);
}
