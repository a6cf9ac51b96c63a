/*
 * Long tables: their rows in blocks, of which only those near the window are drawn. A block that is far
 * away is one empty row as high as the block was, so that nothing moves. Short lists are one block, and
 * on paper every block is drawn.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export const LONG = 60; /* rows; shorter lists are drawn whole */
const BLOCK = 6;
const NEAR = "400px"; /* some ten rows above and below the window */

const heard = new WeakMap<Element, (isNear: boolean, height: number) => void>();
let watch: IntersectionObserver | undefined;

function watchNear(element: Element, on: (isNear: boolean, height: number) => void): () => void {
	watch ??= new IntersectionObserver((seen) => {
		for (const e of seen) heard.get(e.target)?.(e.isIntersecting, e.boundingClientRect.height);
	}, { rootMargin: `${NEAR} 0px` });
	heard.set(element, on);
	watch.observe(element);
	return () => {
		heard.delete(element);
		watch?.unobserve(element);
	};
}

interface BlockProps {
	rows: number;
	rowHeight: number;
	columns: number;
	isNear: boolean; /* to begin with */
	draw: () => ComponentChildren;
}

function Block({ rows, rowHeight, columns, isNear, draw }: BlockProps) {
	const body = useRef<HTMLTableSectionElement>(null);
	const height = useRef(rows * rowHeight);
	const [isDrawn, setDrawn] = useState(isNear);
	useEffect(() => {
		const print = () => setDrawn(true);
		const stop = watchNear(body.current!, (near, h) => {
			/* The row with the focus stays: keys go on from it. */
			if (!near && body.current?.contains(document.activeElement)) return;
			if (!near && h > 0) height.current = h;
			setDrawn(near);
		});
		window.addEventListener("beforeprint", print);
		return () => {
			stop();
			window.removeEventListener("beforeprint", print);
		};
	}, []);
	const style = { height: `${height.current}px` };
	return (
		<tbody role="rowgroup" ref={body}>
			{isDrawn ? draw() : <tr role="presentation" class="far"><td role="presentation" colSpan={columns} style={style} /></tr>}
		</tbody>
	);
}

interface RowsProps<T> {
	list: readonly T[];
	columns: number;
	rowHeight: number; /* about; measured once a block was drawn */
	row: (item: T) => ComponentChildren;
	before?: ComponentChildren; /* above the first row */
	isLong?: boolean; /* where it is a part of a longer list */
}

/* The table's bodies. */
export function Rows<T>({ list, columns, rowHeight, row, before, isLong = list.length > LONG }: RowsProps<T>) {
	if (!isLong) return <tbody role="rowgroup">{before}{list.map(row)}</tbody>;
	const blocks: readonly T[][] = Array.from({ length: Math.ceil(list.length / BLOCK) },
		(_, i) => list.slice(i * BLOCK, (i + 1) * BLOCK));
	return (
		<>
			{before !== undefined && <tbody role="rowgroup">{before}</tbody>}
			{blocks.map((items, i) => (
				<Block key={i} rows={items.length} rowHeight={rowHeight} columns={columns} isNear={i < 3} draw={() => items.map(row)} />
			))}
		</>
	);
}
