/*
 * Sessions: what was charged when, by whom, for how much; each with its course and its record.
 */
import { Link } from "../../ui/link.tsx";
import { sessionOf } from "../../store/sessions.ts";
import { overview } from "../../store/store.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { SessionDetail } from "./detail.tsx";
import { SessionList } from "./list.tsx";
import { w } from "./words.ts";

export function SessionsPage({ id }: { id: string | undefined }) {
	if (!overview.value) return <Skeleton />;
	if (id === undefined) return <SessionList />;
	const which = sessionOf(id);
	if (which) return <SessionDetail key={id} station={which.station} id={which.id} />;
	return (
		<div class="page"><div class="say"><h1>{w.gone}</h1><p class="sub"><Link to="/sessions">{w.all}</Link></p></div></div>
	);
}
