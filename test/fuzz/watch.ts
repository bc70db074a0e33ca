// The relay's process while it is fuzzed: what it prints, whether it is the same one, what its prototypes look like.
// Knows what an uncaught error looks like; never knows what was sent.
import type { TestRelay } from '../support/relay.ts';
import { Histogram } from './histogram.ts';

/** What PartyKit says of itself and of each request, and the relay of what it has refused. */
const ORDINARY = [
	/^🎈 PartyKit|^-+$|^Build succeeded|^\[pk:inf\] (Ready on|- http)/u,
	/^\[pk:inf\] [\x21-\x7e]+ [\s\S]* \d{3}[\s\S]*\(\d+ms\)$/,
	/^(✘ \[ERROR\])?\s*\{"level":"(info|warning)",/,
	/^(✘ \[ERROR\])?\s*(stack:)?[^:]*\/workerd@[0-9a-f]+[^:]*$/,
];

/**
 * What the engine or PartyKit, in front of the relay, says of bytes that are no request and of clients that leave:
 * no error of the relay's, which has not seen them; counted all the same.
 */
const IN_FRONT: readonly [RegExp, string][] = [
	[/disconnected: |worker_do_not_log/, 'a connection that broke off'],
	[/Uncaught \(in (response|promise)\) Error: Network connection lost/, 'a connection that broke off'],
	[/invalid hostname when stringifying URL|Invalid URL string/, 'a host that is none'],
	[/CONNECT is not implemented|export a connect\(\) function/, 'CONNECT'],
	[/invalid Content-Length header value/, 'a length that is none'],
	[/unknown transfer encoding/, 'an unknown transfer encoding'],
	[/invalid HTTP chunk/, 'a broken chunk'],
	[/WebSocket must be initiated with a GET request|jsg\.Error: internal error/, 'an upgrade that is no GET'],
	[/another message send is already in progress/, 'control frames amid a message'],
	[/failed: (remote\.jsg\.Error: )?WebSocket protocol error;/, 'frames that are none'],
];

/** Before what PartyKit reads of the engine's errors in one go, which may begin or end within a line. */
const MARK = '✘ [ERROR] ';
/** Never the other half of a line. */
const UNMISTAKABLE = /"level":"error"|Uncaught \(|[A-Z]\w*Error\b/;

export class Watch {
	readonly failures: string[] = [];
	readonly #inFront = new Histogram();
	#lines = 0;
	#errors = 0;
	#last = '';
	#strange: string | undefined;
	#relay: TestRelay | undefined;
	#enginePid = 0;
	#hasExited = false;
	#prototypes = '';

	/** Every line that the engine prints. */
	readonly log = (line: string): void => {
		this.#lines++;
		const isTorn = line.startsWith(MARK) && !UNMISTAKABLE.test(line);
		const whole = isTorn ? this.#last + line.slice(MARK.length) : line;
		if (this.#isKnown(line)) this.#complain();
		else if (isTorn && this.#isKnown(whole)) this.#strange = undefined;
		else {
			this.#complain();
			this.#strange = line;
		}
		this.#last = whole;
	};

	/** Of what is strange, its other half may follow; once it does not, it is an error. */
	#complain(): void {
		if (this.#strange !== undefined) {
			this.#errors++;
			if (this.failures.length < 50) this.failures.push(`the relay printed: ${this.#strange.slice(0, 1000)}`);
		}
		this.#strange = undefined;
	}

	#isKnown(line: string): boolean {
		if (line.includes('"level":"error"')) return false; // a fault of the relay's, whatever it says
		if (ORDINARY.some((pattern) => pattern.test(line))) return true;
		const known = IN_FRONT.find(([pattern]) => pattern.test(line));
		if (known) this.#inFront.add(known[1]);
		return known !== undefined;
	}

	async start(relay: TestRelay): Promise<void> {
		this.#relay = relay;
		this.#enginePid = relay.engine?.enginePid ?? 0;
		relay.engine?.exited.then(() => {
			this.#hasExited = true;
		});
		this.#prototypes = await this.#readPrototypes();
		if (!this.#prototypes.includes('hasOwnProperty'))
			this.failures.push(`the prototypes cannot be seen: ${this.#prototypes.slice(0, 200)}`);
	}

	/** To be asked before the relay is stopped. */
	async finish(): Promise<string> {
		const { engine, url } = this.#relay ?? {};
		const isSame = !this.#hasExited && engine?.enginePid === this.#enginePid;
		if (!isSame) this.failures.push('the engine is another process than at the beginning');
		const health = await fetch(`${url}/health`);
		if (health.status !== 200) this.failures.push(`/health says ${health.status}`);
		const prototypes = await this.#readPrototypes();
		const isUnchanged = prototypes === this.#prototypes;
		if (!isUnchanged) this.failures.push(`the prototypes have changed: ${prototypes.slice(0, 1000)}`);
		this.#complain();
		const about = this.#inFront.total > 0 ? `; in front of it: ${this.#inFront.sentence}` : '';
		return `${this.#errors} uncaught errors in ${this.#lines.toLocaleString('en-US')} lines of its log, ${isSame ? 0 : 1} restarts, Object.prototype ${isUnchanged ? 'unchanged' : 'changed'}${about}`;
	}

	async #readPrototypes(): Promise<string> {
		const response = await fetch(`${this.#relay?.url}/fuzz/prototypes`);
		return response.text();
	}
}
