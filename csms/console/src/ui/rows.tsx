/*
 * Long tables: their rows in blocks, of which only those near the window are drawn. A block that is far
 * away is one empty row as high as the block was, so that nothing moves. Short lists are one block, and
 * on paper every block is drawn.
 */
import { Component, createRef, type ComponentChildren } from "preact";

export const LONG = 60; /* rows; shorter lists are drawn whole */
const BLOCK = 6;
const NEAR = "400px"; /* some ten rows above and below the window */
const LATE_MS = 1000; /* a block that is drawn and not seen follows so much later, with the next update … */
const LAST_MS = 500; /* … or alone, when none came for so long after that */

type Heard = (isIn: boolean, height: number) => void;

/* Who hears when an element comes into the window, or near it, and goes out. */
function watcher(rootMargin: string): (element: Element, on: Heard) => () => void {
	const heard = new WeakMap<Element, Heard>();
	let watch: IntersectionObserver | undefined;
	return (element, on) => {
		watch ??= new IntersectionObserver((seen) => {
			for (const e of seen) heard.get(e.target)?.(e.isIntersecting, e.boundingClientRect.height);
		}, { rootMargin });
		heard.set(element, on);
		watch.observe(element);
		return () => {
			heard.delete(element);
			watch?.unobserve(element);
		};
	};
}

const watchNear = watcher(`${NEAR} 0px`);
const watchSeen = watcher("0px");

interface BlockProps<T> {
	items: readonly T[];
	rowHeight: number;
	columns: number;
	isNear: boolean; /* to begin with */
	row: (item: T) => ComponentChildren;
}

/* Of a long table some hundred blocks are far away at each moment: an update of all rows costs them
 * nothing. Those that are near, and not in the window, follow when they are seen, or a second later. */
class Block<T> extends Component<BlockProps<T>, { isDrawn: boolean }> {
	private readonly body = createRef<HTMLTableSectionElement>();
	private height: number;
	private isSeen: boolean;
	private drawnMs = 0;
	private late: ReturnType<typeof setTimeout> | undefined;
	private stop: (() => void) | undefined;

	constructor(props: BlockProps<T>) {
		super(props);
		this.height = props.items.length * props.rowHeight;
		this.isSeen = props.isNear;
		this.state = { isDrawn: props.isNear };
	}

	private readonly print = () => this.setState({ isDrawn: true });

	override componentDidMount(): void {
		const body = this.body.current!;
		const stops = [
			watchNear(body, (near, h) => {
				/* The row with the focus stays: keys go on from it. */
				if (!near && body.contains(document.activeElement)) return;
				if (!near && h > 0) this.height = h;
				if (near !== this.state.isDrawn) this.setState({ isDrawn: near });
			}),
			watchSeen(body, (seen) => {
				this.isSeen = seen;
				if (seen && this.late !== undefined) this.follow();
			}),
		];
		window.addEventListener("beforeprint", this.print);
		this.stop = () => {
			for (const stop of stops) stop();
			window.removeEventListener("beforeprint", this.print);
		};
	}

	override componentWillUnmount(): void {
		clearTimeout(this.late);
		this.stop?.();
	}

	private readonly follow = () => {
		this.settle();
		this.forceUpdate();
	};

	private settle(): void {
		clearTimeout(this.late);
		this.late = undefined;
	}

	override shouldComponentUpdate(next: BlockProps<T>, state: { isDrawn: boolean }): boolean {
		const isResized = next.items.length !== this.props.items.length;
		if (isResized) this.height = next.items.length * next.rowHeight;
		if (isResized || state.isDrawn !== this.state.isDrawn) return true;
		if (!state.isDrawn) return false;
		if (this.isSeen || performance.now() - this.drawnMs >= LATE_MS) return true;
		this.late ??= setTimeout(this.follow, LATE_MS + LAST_MS);
		return false;
	}

	override componentDidUpdate(): void {
		this.drawnMs = performance.now();
		this.settle();
	}

	override render({ items, columns, row }: BlockProps<T>, { isDrawn }: { isDrawn: boolean }): ComponentChildren {
		return (
			<tbody role="rowgroup" class="block" ref={this.body}>
				{isDrawn ? items.map(row) : (
					<tr role="presentation" class="far"><td role="presentation" colSpan={columns} style={{ height: `${this.height}px` }} /></tr>
				)}
			</tbody>
		);
	}
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
				<Block key={i} items={items} rowHeight={rowHeight} columns={columns} isNear={i < 3} row={row} />
			))}
		</>
	);
}
