/*
 * Chargers: what is wrong with this charger, what did it say?
 */
import { say } from "../../messages/say.ts";
import { overview } from "../../store/store.ts";
import { Link } from "../../ui/link.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { ChargerDetail } from "./detail.tsx";
import { ChargerList } from "./list.tsx";

export function ChargersPage({ id }: { id: string | undefined }) {
	const data = overview.value;
	if (!data) return <Skeleton />;
	if (id === undefined) {
		return (
			<div class="page">
				<div class="say" aria-live="polite">
					<h1>{data.stations_sentence}</h1>
					<p class="sub">{data.stations_sub}</p>
				</div>
				<ChargerList />
			</div>
		);
	}
	const station = data.stations.find((s) => s.id.toLowerCase() === id.toLowerCase());
	if (station) return <ChargerDetail key={station.id} station={station} />;
	return (
		<div class="page">
			<div class="say"><h1>{say.noSuchCharger}</h1><p class="sub"><Link to="/chargers">{say.allChargers}</Link></p></div>
		</div>
	);
}
