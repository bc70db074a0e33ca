// What a page declares by `data-live-feed-publish`: its clicks, a form's submits, become events.
// Knows elements and what one gesture is; never knows what a draft is made of, nor where it goes.
import { FeedError } from '../relay/protocol/errors.ts';
import { LiveFeedEvent, type LiveFeedEvents } from './events.ts';
import { findOutlet } from './markup-channel.ts';
import { readDraft } from './markup-draft.ts';

const DECLARED = 'data-live-feed-publish';

/** Each press is another one; what follows from it by itself, and the second half of a double click, is not. */
let press = 0;
/** The press by which a form was submitted last. */
const submitted = new WeakMap<Element, number>();
/** A label that was clicked is about to click its control, unless the page prevents it. */
let echo: { event: Event; element: Element; control: EventTarget } | undefined;
/** Submits do not leave a shadow root: these are listened to themselves. */
const heard = new WeakSet<Node>();
/** What the console was told. */
const said = new Set<string>();

document.addEventListener('pointerdown', () => endEcho(), true);
document.addEventListener(
	'keydown',
	(event) => {
		endEcho();
		// In a field of a form that has no button it submits, and nothing is clicked.
		if (event.key !== 'Enter' || event.repeat) return;
		press++;
		hearSubmits(event.composedPath());
	},
	true,
);

function endEcho(): void {
	echo = undefined;
}

/** Publishes what the page has declared for a click or a submit; nothing, where that is nothing. */
export function publish([event, path]: readonly [event: Event, path: EventTarget[]]): void {
	const elements = path.filter((node) => node instanceof Element);
	if (event instanceof SubmitEvent) {
		const [form] = elements;
		if (!form?.hasAttribute(DECLARED) || submitted.get(form) === press) return;
		submitted.set(form, press);
		send(form, elements, event.submitter);
		return;
	}
	const { type, button, detail } = event as MouseEvent; // what else is listened to
	hearSubmits(path);
	if (type === 'click' && detail < 2) press++;
	const at = elements.findIndex((element) => element.hasAttribute(DECLARED));
	const element = elements[at];
	if (!element || element instanceof HTMLFormElement) return;
	if (elements.some((one) => one.matches(':disabled:not(fieldset), [aria-disabled=true]'))) return;
	// The middle button opens links, and does nothing to anything else.
	if (type === 'auxclick' && (button !== 1 || !elements.some((one) => one.matches('a[href], area[href]')))) return;
	const isEcho = echo?.element === element && echo.control === path[0] && !echo.event.defaultPrevented;
	const control = elements.find((one) => one instanceof HTMLLabelElement)?.control;
	echo = control && control !== path[0] ? { event, element, control } : undefined;
	if (!isEcho) send(element, elements.slice(at), null);
}

/** Listens in the shadow roots that a form may be about to be submitted in. */
function hearSubmits(path: EventTarget[]): void {
	for (const root of path) {
		if (!(root instanceof ShadowRoot) || heard.has(root)) continue;
		heard.add(root);
		root.addEventListener('submit', (event) => publish([event, [...event.composedPath(), ...pathOf(root.host)]]), true);
	}
}

/** An element and all around it, out of every shadow root. */
function pathOf(element: Element): Element[] {
	const root = element.getRootNode();
	const around = element.parentElement ?? (root instanceof ShadowRoot ? root.host : undefined);
	return [element, ...(around ? pathOf(around) : [])];
}

/** @param around The element, and all around it. */
function send(element: Element, around: readonly Element[], submitter: HTMLElement | null): void {
	const tell = <K extends keyof LiveFeedEvents>(type: K, fields: LiveFeedEvents[K], cancelable = false) => {
		const event = new LiveFeedEvent(type, fields, cancelable) as LiveFeedEvent<K> & LiveFeedEvents[K]; // which it assigns
		return element.dispatchEvent(event) && event;
	};
	const fail = (error: unknown) => {
		tell('live-feed-error', { error });
		say(error instanceof FeedError ? error.message : String(error), element);
	};
	try {
		const outlet = findOutlet(around);
		const draft = readDraft(element, submitter, (message) => say(message, element));
		const before = tell('live-feed-publish', { draft }, true);
		if (!before) return; // as the page wants it
		outlet(before.draft).then((receipt) => tell('live-feed-published', { draft: before.draft, receipt }), fail);
	} catch (error) {
		fail(error);
	}
}

/** In the console, once: whoever writes the page looks for it there. */
function say(message: string, element: Element): void {
	if (said.has(message)) return;
	said.add(message);
	// By another name: the build takes partysocket's own lines away.
	const { console: page } = globalThis;
	page.error(`live-feed: ${message}`, element);
}
