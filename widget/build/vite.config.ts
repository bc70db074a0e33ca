// How things are built: `--mode site` makes the one script a page loads, `--mode package` the entry points of the npm package,
// `--mode command` its command, `--mode cloudflare` and `--mode partykit` the relay for an engine, each with all that it needs inside.
// Knows files and formats; never knows what is in them.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, defineConfig, type PluginOption } from 'vite';
import { minifyScript } from './minify-script.ts';
import { minifyTemplates } from './minify-templates.ts';
import { prunePackages } from './prune-packages.ts';

const fromRoot = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

export default defineConfig(({ mode }) => ({
	root: fromRoot('.'),
	publicDir: false,
	logLevel: 'warn',
	plugins: plugins[mode] ?? [],
	// What every browser answers, so that code for other places goes. (`navigator.product`: WHATWG HTML, 8.10.1.1)
	...(mode === 'site' ? { define: { process: 'undefined', 'navigator.product': '"Gecko"' } } : {}),
	// Whoever installs the package for its panel installs nothing for the command.
	...(mode === 'command' ? { ssr: { noExternal: true } } : {}),
	build: {
		target: 'es2022',
		// A relay that is running serves this directory: it must never be seen empty.
		emptyOutDir: false,
		modulePreload: false,
		...(builds[mode] ?? siteBuild),
	},
}));

const plugins: Record<string, PluginOption[]> = {
	site: [minifyTemplates(), prunePackages(), minifyScript()],
	package: [minifyTemplates()],
};

const siteBuild = {
	outDir: fromRoot('dist/site/script'),
	minify: false, // minify-script.ts does
	lib: { entry: fromRoot('widget/drop-in.ts'), formats: ['es' as const], fileName: () => 'live-feed.js' },
	// What is loaded later lies beside the script, under names that change with the content.
	rolldownOptions: {
		checks: { pluginTimings: false }, // minifying takes the most time, as it should
		// What both need stays in the script, so that the first row takes one request.
		preserveEntrySignatures: 'allow-extension' as const,
		output: {
			chunkFileNames: 'live-feed/[name]-[hash].js',
			// Said outright: the bundler itself parts them as soon as it sees a circle.
			codeSplitting: { groups: [{ name: 'live-feed', tags: ['$initial' as const] }] },
		},
	},
};

const packageBuild = {
	outDir: fromRoot('dist'),
	minify: false, // whoever bundles it does that, and everybody else wants to read it
	lib: {
		entry: {
			index: fromRoot('widget/index.ts'),
			element: fromRoot('widget/live-feed.ts'),
			client: fromRoot('widget/client/index.ts'),
			publisher: fromRoot('widget/publisher/index.ts'),
			protocol: fromRoot('relay/protocol/index.ts'),
		},
		formats: ['es' as const],
		fileName: (_format: string, name: string) => `${name}.js`,
	},
	rolldownOptions: {
		external: [/^lit($|\/)/, /^partysocket($|\/)/],
		output: { chunkFileNames: 'shared/[name].js' },
	},
};

const commandBuild = {
	outDir: fromRoot('dist'),
	target: 'node20',
	minify: false,
	ssr: fromRoot('relay/cli/main.ts'),
	rolldownOptions: {
		// `ws` is quicker with these and works without; where they are not, it goes on.
		external: ['bufferutil', 'utf-8-validate'],
		output: {
			entryFileNames: 'cli.js',
			codeSplitting: false,
			footer: () => ['commander', 'jose', 'ws'].map(readLicense).join('\n'),
		},
	},
};

/** The relay for one engine, in one file. */
const relayBuild = (host: string, file: string) => ({
	outDir: fromRoot('dist/relay'),
	minify: false,
	lib: { entry: fromRoot(`relay/hosts/${host}.ts`), formats: ['es' as const], fileName: () => file },
	rolldownOptions: {
		external: ['cloudflare:workers'],
		output: { codeSplitting: false, footer: () => readLicense('jose') },
	},
});

const builds: Record<string, BuildOptions> = {
	package: packageBuild,
	command: commandBuild,
	partykit: relayBuild('partykit', 'server.js'),
	cloudflare: relayBuild('cloudflare', 'cloudflare.js'),
};

/** Their licences ask to go with every copy. */
function readLicense(name: string): string {
	const [file] = ['LICENSE', 'LICENSE.md'].filter((candidate) =>
		existsSync(fromRoot(`node_modules/${name}/${candidate}`)),
	);
	return `/*! Contains ${name}:\n\n${readFileSync(fromRoot(`node_modules/${name}/${file}`), 'utf8').trim()}\n*/`;
}
