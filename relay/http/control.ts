// What whoever runs the relay asks of it.
// Knows its secret; never knows who asks, nor how channels are told.
import { FeedError } from '../protocol/errors.ts';
import type { MachineReadings } from '../storage-state.ts';
import { answerJson } from './answers.ts';

export interface Control {
	/** Given to the relay when it was started; without one nothing can be asked. */
	secret: string | undefined;
	/** Tells all who are connected that the relay is about to stop; resolves once they have been sent it. */
	goAway: () => Promise<void>;
	/** Sets what only the starter of the engine sees, and does what is due at intervals. */
	setMachine: (readings: MachineReadings) => Promise<void>;
}

const GO_AWAY = '/control/goaway';
const MACHINE = '/control/machine';
export const CONTROLS: readonly string[] = [GO_AWAY, MACHINE];

const encoder = new TextEncoder();

/** `POST /control/goaway` and `POST /control/machine`. To whoever does not know the secret there is nothing here. */
export async function answerControl(request: Request, control: Control): Promise<Response> {
	const { secret } = control;
	const given = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1];
	if (request.method !== 'POST' || !secret || !given || !(await isSame(given, secret))) {
		throw new FeedError('not-found', 'There is nothing at this address.');
	}
	if (new URL(request.url).pathname === GO_AWAY) await control.goAway();
	else await control.setMachine((await request.json()) as MachineReadings); // of the starter alone
	return answerJson({ status: 'told' });
}

/** Compares digests and all of them, so that the time says nothing of how much was right. */
async function isSame(given: string, secret: string): Promise<boolean> {
	const digest = async (text: string) => new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)));
	const [a, b] = [await digest(given), await digest(secret)];
	return a.reduce((differences, byte, index) => differences | (byte ^ (b[index] as number)), 0) === 0; // both have 32
}
