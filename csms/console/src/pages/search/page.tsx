/*
 * Search from anywhere: type a few letters of a van, a charger, an EVSE, a meter, an alarm, a session or
 * a user, and go there. Up and down choose, Enter goes, Esc closes.
 */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { TransactionList } from "../../api/types.ts";
import type { UserList } from "../../api/types_people.ts";
import { useAsked } from "../../lib/ask.ts";
import { clockNear } from "../../lib/format.ts";
import { inLanguage, say } from "../../messages/say.ts";
import { searchDe } from "../../messages/de_search.ts";
import { searchEn } from "../../messages/en_search.ts";
import { ROUTES } from "../../router.ts";
import { go, goRow, searching } from "../../store/place.ts";
import { search, sessionThings, type Thing, thingsOf, userThings } from "../../store/search.ts";
import { now, overview, zone } from "../../store/store.ts";
import { isAllowedTo } from "../../ui/act.tsx";
import { kindWord } from "../alarms/words.tsx";

const w = inLanguage<typeof searchEn>({ en: searchEn, de: searchDe });

/* All that can be found: what the page knows, and the newest sessions and the users, asked for once. */
function useThings(): Thing[] {
	const sessions = useAsked<TransactionList>("/transactions?limit=200");
	const users = useAsked<UserList>(isAllowedTo("govern") ? "/users" : undefined);
	const data = overview.peek();
	return useMemo(() => [
		...(data ? thingsOf(data, kindWord) : []),
		...ROUTES.map((r): Thing => ({ kind: "page", id: r.path, name: r.name, sub: `g ${r.key}`, path: r.path })),
		...sessionThings(sessions.data?.transactions ?? [], data?.vehicles ?? [], (at) => clockNear(Date.parse(at), now.peek(), zone.peek())),
		...userThings(users.data?.users ?? []),
	], [sessions.data, users.data]);
}

function open(t: Thing): void {
	searching.value = false;
	if (t.row === undefined) go(t.path);
	else goRow(t.path, t.row);
}

function Hits({ hits, at, onAt }: { hits: readonly Thing[]; at: number; onAt: (i: number) => void }) {
	return (
		<ul id="search-hits" role="listbox" aria-label={w.hits}>
			{hits.map((t, i) => (
				<li key={`${t.kind} ${t.id}`} id={`search-hit-${i}`} role="option" aria-selected={i === at} data-hit={`${t.kind} ${t.id}`}
					onPointerMove={() => onAt(i)} onClick={() => open(t)}>
					<span class="cap kind">{w.kinds[t.kind]}</span> <b>{t.name}</b> <span class="cap">{t.sub}</span>
				</li>
			))}
		</ul>
	);
}

export function Search() {
	const box = useRef<HTMLDialogElement>(null);
	const [text, setText] = useState("");
	const [at, setAt] = useState(0);
	const things = useThings();
	const hits = useMemo(() => search(things, text), [things, text]);
	const picked = Math.min(at, hits.length - 1);
	useEffect(() => {
		const before = document.activeElement;
		box.current?.showModal();
		return () => {
			if (before instanceof HTMLElement) before.focus({ preventScroll: true });
		};
	}, []);
	const onKey = (event: KeyboardEvent) => {
		const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
		const hit = hits[picked];
		if (step !== 0 && hits.length > 0) setAt((picked + step + hits.length) % hits.length);
		else if (event.key === "Enter" && hit) open(hit);
		else return;
		event.preventDefault();
	};
	return (
		<dialog ref={box} class="search" aria-label={say.search} onClose={() => { searching.value = false; }}
			onClick={(e) => { if (e.target === box.current) box.current?.close(); }}>
			<input type="text" role="combobox" autocomplete="off" spellcheck={false} maxLength={100} aria-label={w.what} placeholder={w.what}
				aria-expanded={hits.length > 0} aria-controls="search-hits" aria-autocomplete="list"
				aria-activedescendant={hits.length > 0 ? `search-hit-${picked}` : undefined}
				value={text} onInput={(e) => {
					setText(e.currentTarget.value);
					setAt(0);
				}} onKeyDown={onKey} />
			<Hits hits={hits} at={picked} onAt={setAt} />
			<p class="cap" role="status">{text.trim() === "" ? w.hint : hits.length === 0 ? w.none(text.trim()) : w.count(hits.length)}</p>
		</dialog>
	);
}
