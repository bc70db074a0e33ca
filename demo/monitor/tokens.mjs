// Tokens by the command `live-feed token`: the secret goes to it in the environment, and no cryptography is written here.
// Knows how the command is run; never knows who may have which token.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const manifest = import.meta.resolve('live-feed/package.json');
const command = new URL(JSON.parse(readFileSync(new URL(manifest), 'utf8')).bin['live-feed'], manifest);
const run = promisify(execFile);

/** Signs one with LIVE_FEED_SECRET: `{ subject: 'ada', channels: 'monitor', can: 'read', for: '5m' }`. */
export async function signToken(grant) {
	const options = Object.entries(grant).flatMap(([name, value]) => [`--${name}`, value]);
	const { stdout } = await run(process.execPath, [fileURLToPath(command), 'token', ...options]);
	return stdout.trim();
}
