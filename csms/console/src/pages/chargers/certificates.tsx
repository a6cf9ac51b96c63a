/*
 * Certificates: those that the charger was given from here, and those that it says it holds; which ends
 * when.
 */
import type { IssuedCertificateList, StationCertificateList } from "../../api/types.ts";
import { useAsked } from "../../lib/ask.ts";
import { date, duration } from "../../lib/format.ts";
import { memo } from "../../lib/memo.ts";
import { say } from "../../messages/say.ts";
import { now, zone } from "../../store/store.ts";
import { Answer } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";
import { State, type Status } from "../../ui/state.tsx";

const SOON_S = 30 * 86_400;

/* When it ends, as a state. */
export function expiry(notAfter: string | undefined, nowMs: number): Status | undefined {
	if (notAfter === undefined) return undefined;
	const left = (Date.parse(notAfter) - nowMs) / 1000;
	if (left <= 0) return { icon: "miss", tone: "miss", isTag: true, word: say.certEnded };
	if (left < SOON_S) return { icon: "risk", tone: "risk", isTag: true, word: say.certEndsIn(duration(left)) };
	return { icon: "ok", tone: "ok", isTag: false, word: say.certEndsIn(duration(left)) };
}

function Row({ id, name, what, notAfter }: { id: string; name: string; what: string; notAfter: string | undefined }) {
	const status = expiry(notAfter, now.peek());
	return (
		<li data-row data-certificate={id} tabIndex={-1}>
			<span class="grow"><b>{name}</b> <span class="cap">{what}</span></span>
			{status && <State status={status} />}
			{notAfter !== undefined && <span class="cap n">{date(Date.parse(notAfter), zone.value)}</span>}
		</li>
	);
}

export const Certificates = memo(function Certificates({ id, profile }: { id: string; profile: number }) {
	const path = encodeURIComponent(id);
	const held = useAsked<StationCertificateList>(`/stations/${path}/certificates`, 30_000);
	const issued = useAsked<IssuedCertificateList>(`/issued-certificates?station=${path}&limit=10`, 30_000);
	const mine = (issued.data?.certificates ?? []).filter((c) => c.state === "current" || c.state === "pending");
	const list = held.data?.certificates ?? [];
	return (
		<Panel id="certificates" title={say.certTitle} caption={say.securityIs(profile)}>
			<Answer of={held.error === undefined && held.data !== undefined ? issued : held} />
			{held.data && issued.data && mine.length + list.length === 0 && <Empty title={say.certNone}>{say.certNoneWhy}</Empty>}
			<ul class="rows">
				{mine.map((c) => (
					<Row key={c.fingerprint} id={c.fingerprint} name={c.type} notAfter={c.not_after}
						what={`${say.certGiven}, ${c.state}, ${c.subject}`} />
				))}
				{list.map((c) => (
					<Row key={`${c.issuer_key_hash} ${c.serial}`} id={c.serial} name={c.type} notAfter={c.not_after}
						what={[c.listed ? say.certListed : say.certTaken, c.subject ?? say.serialIs(c.serial)].join(", ")} />
				))}
			</ul>
		</Panel>
	);
});
