// How the widget is built: `--mode site` makes the one script a page loads, `--mode package` the entry points of the npm package.
// Knows files and formats; never knows what is in them.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { minifyScript } from './minify-script.ts';
import { minifyTemplates } from './minify-templates.ts';
import { prunePackages } from './prune-packages.ts';

const fromRoot = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));

export default defineConfig(({ mode }) => ({
	root: fromRoot('.'),
	publicDir: false,
	logLevel: 'warn',
	plugins: [minifyTemplates(), ...(mode === 'package' ? [] : [prunePackages(), minifyScript()])],
	// What every browser answers, so that code for other places goes. (`navigator.product`: WHATWG HTML, 8.10.1.1)
	...(mode === 'package' ? {} : { define: { process: 'undefined', 'navigator.product': '"Gecko"' } }),
	build: {
		target: 'es2022',
		// A relay that is running serves this directory: it must never be seen empty.
		emptyOutDir: false,
		modulePreload: false,
		...(mode === 'package' ? packageBuild : siteBuild),
	},
}));

const siteBuild = {
	outDir: fromRoot('dist/site/script'),
	minify: false, // minify-script.ts does
	lib: { entry: fromRoot('widget/drop-in.ts'), formats: ['es' as const], fileName: () => 'live-feed.js' },
	// What is loaded later lies beside the script, under names that change with the content.
	rolldownOptions: {
		// What both need stays in the script, so that the first row takes one request.
		preserveEntrySignatures: 'allow-extension' as const,
		output: { chunkFileNames: 'live-feed/[name]-[hash].js' },
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
