// The draft that an element declares: its attributes, and of a form the fields that are named.
// Knows attributes and controls; never knows where the draft goes. What the page does not name it does not read.
import { FeedError } from '../relay/protocol/errors.ts';
import type { Draft } from '../relay/protocol/event.ts';

/** Never read, even if named: a password that is shown is a text, but says so to those who fill it in. */
const SECRET_TYPE = /^(password|file)$/;
const SECRET_AUTOCOMPLETE = /(^|\s)(cc-\S+|(current|new)-password|one-time-code)(\s|$)/i;

interface Control extends Element {
	name?: string;
	type?: string;
	value?: unknown;
	checked?: boolean;
	selectedOptions?: HTMLCollectionOf<HTMLOptionElement>;
}

/**
 * @param say Told of a field that is named and not read.
 * @throws FeedError `invalid-json`, `invalid-event`
 */
export function readDraft(element: Element, submitter: Element | null, say: (message: string) => void): Draft {
	const read = (name: string) => element.getAttribute(`data-live-feed-${name}`) ?? undefined;
	const url = read('url');
	const data = parseData(read('data'));
	const names = element instanceof HTMLFormElement ? read('fields')?.split(/\s+/).filter(Boolean) : undefined;
	if (names && (Array.isArray(data) || typeof (data ?? {}) !== 'object'))
		throw new FeedError(
			'invalid-event',
			'`data-live-feed-data` of a form with fields is an object, to which they are added.',
		);
	const draft: { [K in keyof Draft]?: unknown } = {
		type: read('publish') || undefined,
		text: read('text'),
		level: read('level'),
		url: url && URL.canParse(url, element.baseURI) ? new URL(url, element.baseURI).href : url,
		status: read('status'),
		data: names ? { ...(data as object), ...readFields(element as HTMLFormElement, names, submitter, say) } : data,
	};
	return JSON.parse(JSON.stringify(draft)); // without what is not there; the relay checks the rest
}

function parseData(json: string | undefined): unknown {
	if (json === undefined) return undefined;
	try {
		return JSON.parse(json);
	} catch {
		throw new FeedError(
			'invalid-json',
			`\`data-live-feed-data\` is JSON, such as \`{"page": 3}\`, and not \`${json}\`.`,
		);
	}
}

/** As the form would send them; several values of one name are an array. */
function readFields(
	form: HTMLFormElement,
	names: readonly string[],
	submitter: Element | null,
	say: (message: string) => void,
): Record<string, string | string[]> {
	// Not the form's own property: a control may have that name.
	const controls = [...Reflect.get(HTMLFormElement.prototype, 'elements', form)] as Control[];
	return Object.fromEntries(
		names.flatMap((name) => {
			const values = controls
				.filter((control) => control.name === name && !control.matches(':disabled'))
				.flatMap((control) => readControl(control, submitter, say));
			return values.length > 0 ? [[name, values.length > 1 ? values : (values[0] as string)]] : []; // it has one
		}),
	);
}

function readControl(control: Control, submitter: Element | null, say: (message: string) => void): string[] {
	const { type = '', name, value, checked, selectedOptions } = control;
	if (SECRET_TYPE.test(type) || SECRET_AUTOCOMPLETE.test(control.getAttribute('autocomplete') ?? '')) {
		say(`The field \`${name}\` is not published: passwords, codes, cards and files never are.`);
		return [];
	}
	if (/^(checkbox|radio)$/.test(type) && !checked) return [];
	if (/^(button|submit|reset|image)$/.test(type) && control !== submitter) return [];
	if (selectedOptions)
		return [...selectedOptions].flatMap((option) => (option.matches(':disabled') ? [] : option.value));
	return typeof value === 'string' ? [value] : [];
}
