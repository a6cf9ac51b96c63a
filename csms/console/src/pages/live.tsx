/*
 * Tonight: the sentence and its figures, who needs help, vans, chargers.
 */
import { isHere, sentence, subSentence } from "../store/store.ts";
import { Chargers } from "./evses.tsx";
import { Facts } from "./facts.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { NeedsYou, Vans } from "./vans.tsx";

function Say() {
	return (
		<div class="say" aria-live="polite">
			<h1>{sentence.value}</h1>
			<p class="sub">{subSentence.value}</p>
		</div>
	);
}

export function Live() {
	if (!isHere.value) return <Skeleton />;
	return (
		<div class="page">
			<div class="say-facts"><Say /><Facts /></div>
			<NeedsYou />
			<Vans />
			<Chargers />
		</div>
	);
}
