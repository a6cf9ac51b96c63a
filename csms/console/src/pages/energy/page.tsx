/*
 * Energy: where the site is against its limit, what holds vans back, and where the power goes.
 */
import type { Overview } from "../../api/types.ts";
import { waits } from "../../store/envelopes.ts";
import { goSection } from "../../store/place.ts";
import { overview } from "../../store/store.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Chart } from "../chart.tsx";
import { Tree } from "../tree.tsx";
import { EnvelopePage } from "./envelope.tsx";
import { Envelopes, PastEnvelopes } from "./envelopes.tsx";
import { Guard } from "./guard.tsx";
import { Limits } from "./limits.tsx";
import { Stores } from "./stores.tsx";
import { TryLimit } from "./try_form.tsx";

/* What waits for an answer is a way there. */
function Under({ data }: { data: Overview }) {
	if (!data.envelopes.some(waits)) return <>{data.energy_sub}</>;
	return (
		<a href="#envelopes" onClick={(event) => {
			event.preventDefault();
			goSection("envelopes");
		}}>{data.energy_sub}</a>
	);
}

export function Energy({ id }: { id: string | undefined }) {
	const data = overview.value;
	if (!data) return <Skeleton />;
	if (id !== undefined) return <EnvelopePage key={id} id={id} />;
	return (
		<div class="page">
			<div class="say" aria-live="polite">
				<h1>{data.energy_sentence}</h1>
				<p class="sub"><Under data={data} /></p>
			</div>
			<div class="g">
				<div class="stack">
					<Chart />
					<TryLimit />
				</div>
				<div class="stack">
					<Guard />
					<Limits />
					<Stores />
				</div>
			</div>
			<Tree />
			<Envelopes />
			<PastEnvelopes />
		</div>
	);
}
