// Finds a browser on any machine: the one asked for, an installed one, or the one that a development dependency carries.
// Knows places and flags of Chrome, Chromium and Edge; never knows what a test does with them.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium, type LaunchOptions } from 'playwright-core';
import { patience } from './slowness.ts';
import { look } from './spill.ts';

/** The same engine without the program around it, which takes half the time of the processor. */
const SHELL = /headless-shell$/;

const FLAGS = [
	'--no-sandbox', // a container's root has no user namespaces to build one from
	'--disable-dev-shm-usage', // a container's /dev/shm is 64 MB
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

export interface FoundBrowser {
	executablePath: string;
	args: string[];
	/** What the process needs on top of our own environment. */
	env: Record<string, string>;
	/** Where it comes from. */
	source: 'CHROME_PATH' | 'installed' | 'carried';
}

/**
 * `CHROME_PATH` wins, then an installed browser, then the carried one (64-bit Intel Linux only). `isWhole`: an installed one
 * with all that a browser has around its engine, such as a back/forward cache.
 * @throws Error that says what to install
 */
export async function findBrowser({ ignoreInstalled = false, isWhole = false } = {}): Promise<FoundBrowser> {
	const asked = process.env.CHROME_PATH;
	if (asked && !ignoreInstalled) {
		if (!existsSync(asked)) throw new Error(`CHROME_PATH names ${asked}, and there is no such file.`);
		return { executablePath: asked, args: FLAGS, env: {}, source: 'CHROME_PATH' };
	}
	const installed = ignoreInstalled
		? undefined
		: usualPlaces().find((place) => isBrowser(place) && !(isWhole && SHELL.test(place)));
	if (installed !== undefined) return { executablePath: installed, args: FLAGS, env: {}, source: 'installed' };
	return await unpackCarriedBrowser();
}

/** A headless browser for one test file; close it afterwards. */
export async function launch({
	isWhole = false,
	...options
}: LaunchOptions & { isWhole?: boolean } = {}): Promise<Browser> {
	const found = await findBrowser({ isWhole });
	const browser = await chromium.launch({
		...options,
		executablePath: found.executablePath,
		args: [...found.args, ...(options.args ?? [])],
		env: { ...(process.env as Record<string, string>), ...found.env, ...options.env },
	});
	browser.on('context', (context) => {
		context.setDefaultTimeout(patience(30_000));
		context.on('request', (request) => look('addresses', request.url()));
		context.on('console', (message) => look('pages', message.text()));
		context.on('page', (page) => page.on('websocket', (socket) => look('addresses', socket.url())));
	});
	return browser;
}

function usualPlaces(): string[] {
	if (process.platform === 'darwin') {
		const names = ['Google Chrome', 'Chromium', 'Microsoft Edge'];
		const folders = ['/Applications', path.join(process.env.HOME ?? '/', 'Applications')];
		return folders.flatMap((folder) => names.map((name) => `${folder}/${name}.app/Contents/MacOS/${name}`));
	}
	if (process.platform === 'win32') {
		const folders = [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA];
		const names = ['Google\\Chrome\\Application\\chrome.exe', 'Chromium\\Application\\chrome.exe'];
		names.push('Microsoft\\Edge\\Application\\msedge.exe');
		return names.flatMap((name) => folders.filter((f) => f !== undefined).map((folder) => path.join(folder, name)));
	}
	const names = ['chromium-headless-shell', 'chrome-headless-shell', 'google-chrome', 'google-chrome-stable'];
	names.push('chromium', 'chromium-browser');
	names.push('microsoft-edge', 'microsoft-edge-stable');
	const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/bin', '/usr/local/bin', '/snap/bin'];
	return [
		...names.flatMap((name) => folders.filter((f) => f !== '').map((folder) => path.join(folder, name))),
		'/opt/google/chrome/chrome',
		'/opt/microsoft/msedge/msedge',
	];
}

function isBrowser(file: string): boolean {
	if (!existsSync(file)) return false;
	if (process.platform === 'win32') return true; // there `--version` opens a window
	try {
		// On some systems the file is a note that says how to get a browser.
		execFileSync(file, ['--version'], { stdio: 'ignore', timeout: patience(20_000) });
		return true;
	} catch {
		return false;
	}
}

async function unpackCarriedBrowser(): Promise<FoundBrowser> {
	if (process.platform !== 'linux' || process.arch !== 'x64') {
		throw new Error('No browser found. Install Chrome, Chromium or Edge, or name one in CHROME_PATH.');
	}
	const root = fileURLToPath(new URL('../..', import.meta.url));
	const about = path.join(root, 'node_modules', '@sparticuz', 'chromium', 'package.json');
	const { version } = JSON.parse(readFileSync(about, 'utf8')) as { version: string }; // npm wrote it
	const folder = path.join(root, 'node_modules', '.cache', `carried-chromium-${version}`);
	if (!existsSync(folder)) {
		const draft = `${folder}.${process.pid}`;
		mkdirSync(draft, { recursive: true });
		// The package unpacks into the temporary directory, and its own copies of libnss3 and libnspr4
		// only where it believes to run on the cloud service that it is made for.
		const unpack = "import('@sparticuz/chromium').then(({ default: chromium }) => chromium.executablePath())";
		await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', unpack], {
			cwd: root,
			env: { ...process.env, TMPDIR: draft, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' },
		});
		writeFileSync(path.join(draft, 'fonts.conf'), describeFonts(folder));
		try {
			renameSync(draft, folder);
		} catch (error) {
			rmSync(draft, { recursive: true, force: true });
			if (!existsSync(folder)) throw error; // otherwise another process was faster, and its copy is as good
		}
	}
	return {
		executablePath: path.join(folder, 'chromium'),
		args: FLAGS,
		env: { LD_LIBRARY_PATH: path.join(folder, 'al2023', 'lib'), FONTCONFIG_FILE: path.join(folder, 'fonts.conf') },
		source: 'carried',
	};
}

// The package's own description names the places of the cloud service. A browser without any font draws no text at all.
function describeFonts(folder: string): string {
	return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
	<dir>${path.join(folder, 'fonts', 'fonts')}</dir>
	<dir>/usr/share/fonts</dir>
	<cachedir>${path.join(folder, 'fonts-cache')}</cachedir>
</fontconfig>
`;
}
