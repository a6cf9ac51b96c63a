/*
 * A form made of what the server tells of an action's fields: needed ones first said so, bounds, values.
 */
import type { CommandForm, FormField, FormStruct } from "../../api/types.ts";
import { say } from "../../messages/say.ts";
import { asked, blankItem, type Fault, structOf, type Value, type Values } from "../../store/forms.ts";

interface FieldProps {
	form: CommandForm;
	field: FormField;
	path: string;
	value: Value;
	set: (v: Value) => void;
	faults: readonly Fault[];
}

const bounds = (f: FormField): { min?: number; max?: number; maxLength?: number } => {
	const isNumber = f.kind === "int" || f.kind === "number";
	return {
		...(isNumber && f.min !== undefined && { min: f.min }),
		...(isNumber && f.max !== undefined && { max: f.max }),
		...(!isNumber && f.max !== undefined && { maxLength: f.max }),
	};
};

/* "optional", "1 to 8", "at most 50 characters". */
function hint(f: FormField): string {
	const isNumber = f.kind === "int" || f.kind === "number";
	const range = isNumber ? (f.min === undefined && f.max === undefined ? "" : say.boundsWord(f.min, f.max))
		: f.kind === "string" || f.kind === "ident" ? (f.max === undefined ? "" : say.atMostChars(f.max))
			: f.kind === "datetime" ? say.timeHint : f.kind === "any" ? say.jsonHint : "";
	return [f.required ? "" : say.optional, range].filter(Boolean).join(", ");
}

function Input({ field, path, value, set }: Omit<FieldProps, "form" | "faults">) {
	const text = typeof value === "string" ? value : "";
	const common = { name: path, required: field.required };
	if (field.kind === "enum") {
		return (
			<select {...common} value={text} onChange={(e) => set(e.currentTarget.value)}>
				<option value="">{field.required ? say.chooseOne : say.leftOut}</option>
				{field.values.map((v) => <option key={v} value={v}>{v}</option>)}
			</select>
		);
	}
	if (field.kind === "bool") {
		return (
			<select {...common} value={value === true || value === "true" ? "true" : value === undefined || value === "" ? "" : "false"}
				onChange={(e) => set(e.currentTarget.value)}>
				{!field.required && <option value="">{say.leftOut}</option>}
				<option value="true">true</option>
				<option value="false">false</option>
			</select>
		);
	}
	if (field.kind === "any" || (field.kind === "string" && (field.max ?? 0) > 400)) {
		return <textarea {...common} value={text} spellcheck={false} {...bounds(field)} onInput={(e) => set(e.currentTarget.value)} />;
	}
	if (field.kind === "int" || field.kind === "number") {
		return (
			<input {...common} type="number" step={field.kind === "int" ? 1 : "any"} value={text} {...bounds(field)}
				onInput={(e) => set(e.currentTarget.value)} />
		);
	}
	return (
		<input {...common} type="text" spellcheck={false} autocomplete="off" autocapitalize="off" value={text} {...bounds(field)}
			placeholder={field.kind === "datetime" ? "2026-03-11T22:40:00Z" : ""} onInput={(e) => set(e.currentTarget.value)} />
	);
}

const FAULTS: Record<Fault["is"], () => string> = {
	missing: () => say.faultMissing, number: () => say.faultNumber, json: () => say.faultJson, time: () => say.faultTime,
};

function One({ form, field, path, value, set, faults }: FieldProps) {
	if (field.kind === "struct") {
		return <Struct form={form} struct={structOf(form, field.type)} path={path} values={(value ?? {}) as Values} set={set} faults={faults} />;
	}
	return <Input field={field} path={path} value={value} set={set} />;
}

function Field(props: FieldProps) {
	const { form, field, path, value, set, faults } = props;
	const fault = faults.find((f) => f.path === path && f.is !== "missing");
	const head = <>{field.name}{field.required && <span class="need" title={say.needed}>*</span>} <span class="cap">{hint(field)}</span></>;
	if (field.list) {
		const items = Array.isArray(value) ? value : [];
		const isFull = field.items_max !== undefined && items.length >= field.items_max;
		return (
			<fieldset data-field={path}>
				<legend>{head}</legend>
				{items.map((v, i) => (
					<div key={i} class="item">
						<One {...props} path={`${path}[${i}]`} value={v} set={(x) => set(items.map((y, j) => (j === i ? x : y)))} />
						<button type="button" class="btn small" aria-label={say.removeOne(`${field.name} ${i + 1}`)}
							onClick={() => set(items.filter((_, j) => j !== i))}>×</button>
					</div>
				))}
				{!isFull && (
					<button type="button" class="btn small" onClick={() => set([...items, blankItem(form, field)])}>{say.addOne(field.name)}</button>
				)}
			</fieldset>
		);
	}
	if (field.kind === "struct") {
		return (
			<fieldset data-field={path}>
				<legend>{head}</legend>
				{value === undefined
					? <button type="button" class="btn small" onClick={() => set(blankItem(form, field))}>{say.addOne(field.name)}</button>
					: <One {...props} />}
				{value !== undefined && !field.required && (
					<button type="button" class="btn small" onClick={() => set(undefined)}>{say.removeOne(field.name)}</button>
				)}
			</fieldset>
		);
	}
	return (
		<label data-field={path}>
			<span>{head}</span>
			<One {...props} />
			{fault && <span class="failure">{FAULTS[fault.is]()}</span>}
		</label>
	);
}

interface StructProps {
	form: CommandForm;
	struct: FormStruct | undefined;
	path: string;
	values: Values;
	set: (v: Values) => void;
	faults: readonly Fault[];
	skip?: readonly string[]; /* fields that are chosen already */
}

export function Struct({ form, struct, path, values, set, faults, skip = [] }: StructProps) {
	const fields = asked(struct).filter((f) => !skip.includes(f.name));
	if (fields.length === 0 && skip.length > 0) return null;
	if (fields.length === 0) return <p class="cap">{say.nothingToFill}</p>;
	return (
		<div class="struct">
			{fields.map((f) => (
				<Field key={f.name} form={form} field={f} path={path === "" ? f.name : `${path}.${f.name}`} value={values[f.name]}
					set={(v) => set({ ...values, [f.name]: v })} faults={faults} />
			))}
		</div>
	);
}
