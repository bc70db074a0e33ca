// Which language the panel speaks: the first of those wished for which there are words; English until they are here.
// Knows where the words of a language are; never knows one of them, or where they are shown.
import { english, type Words } from './words.ts';
import { laterEnglish } from './words-later.ts';

/** Makes the words of a language for one of its regions, such as `ar-EG`, since regions write numbers differently. */
type Speak = (locale: string) => Words;

/** Languages besides English, each loaded only where it is used. */
const LANGUAGES: Record<string, () => Promise<Speak>> = {
	ar: async () => (await import('./words/ar.ts')).arabic,
};

/** One that could not be loaded is tried again after this long, milliseconds. */
const AGAIN_MS = 60_000;

/** Whom the panel speaks for: the element, as far as language goes. */
export interface Speaker {
	/** The page's own words. */
	readonly messages: Partial<Words> | undefined;
	closest(selector: '[lang]'): Element | null;
}

/** The language of one panel. */
export class Language {
	/** How dates and numbers are written: as the words are, or as the page is where it has words of its own. */
	locale = 'en';
	readonly #onLoaded: () => void;
	readonly #languages: typeof LANGUAGES;
	readonly #spoken = new Map<string, Speak>();
	/** When each was asked for last, by `performance.now()`. */
	readonly #askedAt = new Map<string, number>();
	#words: Words | undefined;
	/** What the words were made of. */
	#made: readonly unknown[] = [];

	/** @param onLoaded other words are here, to be chosen at the next draw */
	constructor(onLoaded: () => void, languages = LANGUAGES) {
		this.#onLoaded = onLoaded;
		this.#languages = languages;
	}

	/** The words for now, the same object as long as nothing has changed; sets `locale`. May be called at every draw. */
	choose(speaker: Speaker): Words {
		const { messages } = speaker;
		const lang = speaker.closest('[lang]')?.getAttribute('lang') ?? '';
		const wished = [lang, ...navigator.languages];
		const found = findLanguage(wished, ['en', ...Object.keys(this.#languages)]);
		const speak = this.#spoken.get(found);
		if (!speak) this.#load(found);
		const words = findLocale(speak ? found : 'en', wished);
		this.locale = messages && lang ? findLocale(languageOf(lang), wished) : words;
		const made = [speak, words, this.locale, messages];
		if (!this.#words || made.some((part, i) => part !== this.#made[i])) {
			this.#made = made;
			this.#words = { ...english, ...laterEnglish, ...speak?.(words), ...messages };
		}
		return this.#words;
	}

	/** In the background: what cannot be loaded leaves the words as they are. */
	#load(language: string): void {
		const load = this.#languages[language];
		const now = performance.now();
		if (!load || now - (this.#askedAt.get(language) ?? -AGAIN_MS) < AGAIN_MS) return;
		this.#askedAt.set(language, now);
		load().then(
			(speak) => {
				this.#spoken.set(language, speak);
				this.#onLoaded();
			},
			() => {},
		);
	}
}

/** `ar` of `ar-EG`. */
function languageOf(locale: string): string {
	return locale.replace(/[-_].*/s, '').toLowerCase();
}

/** The first language wished that is among the known ones; English where none is. */
export function findLanguage(wished: readonly string[], known: readonly string[]): string {
	return wished.map(languageOf).find((language) => known.includes(language)) ?? 'en';
}

/** A language with the region that is wished, which decides how dates are written. */
export function findLocale(language: string, wished: readonly string[]): string {
	return wished.find((locale) => locale.includes('-') && languageOf(locale) === language) ?? language;
}
