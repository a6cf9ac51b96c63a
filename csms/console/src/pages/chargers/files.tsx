/*
 * Logs that the charger brought when it was asked, to be read.
 */
import type { FileList } from "../../api/types.ts";
import { API } from "../../api/client.ts";
import { useAsked } from "../../lib/ask.ts";
import { clockNear, decimal } from "../../lib/format.ts";
import { memo } from "../../lib/memo.ts";
import { say } from "../../messages/say.ts";
import { now, zone } from "../../store/store.ts";
import { isAllowedTo } from "../../ui/act.tsx";
import { Answer } from "../../ui/answer.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";

const SHOWN = 10;

export const Files = memo(function Files({ id }: { id: string }) {
	const isAllowed = isAllowedTo("inspect");
	const asked = useAsked<FileList>(isAllowed ? `/files?station=${encodeURIComponent(id)}&limit=${SHOWN}` : undefined, 10_000);
	const list = (asked.data?.files ?? []).filter((f) => f.removed_at === undefined);
	return (
		<Panel id="files" title={say.filesTitle} caption={say.filesSub}>
			{!isAllowed && <p class="pad-line sub2">{say.notYours}</p>}
			{isAllowed && <Answer of={asked} />}
			{asked.data && list.length === 0 && <Empty title={say.filesNone}>{say.filesNoneWhy}</Empty>}
			<ul class="rows">
				{list.map((f) => (
					<li key={f.id} data-row data-file={f.id} tabIndex={-1}>
						<a class="grow" href={`${API}/files/${encodeURIComponent(f.id)}`} download={f.name}>{f.name}</a>
						<span class="cap">{decimal(f.size / 1000, f.size < 100_000 ? 1 : 0)}{"\u202f"}kB</span>
						<span class="cap n">{clockNear(Date.parse(f.received_at), now.peek(), zone.value)}</span>
					</li>
				))}
			</ul>
		</Panel>
	);
});
