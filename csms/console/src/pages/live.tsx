/*
 * Tonight: the sentence, who needs help, vans, chargers.
 */
import { overview } from "../store/store.ts";
import { Chargers } from "./evses.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { NeedsYou, Vans } from "./vans.tsx";

export function Live() {
	const data = overview.value;
	if (!data) return <Skeleton />;
	return (
		<div class="page">
			<div class="say" aria-live="polite">
				<h1>{data.sentence}</h1>
				<p class="sub">{data.sub}</p>
			</div>
			<NeedsYou />
			<Vans />
			<Chargers />
		</div>
	);
}
