// How the widget is built: `--mode site` makes the one script a page loads, `--mode package` the entry points of the npm package.
// Knows files and formats; never knows what is in them.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { minifyTemplates } from './minify-templates.ts';

const fromRoot = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));

export default defineConfig(({ mode }) => ({
	root: fromRoot('.'),
	publicDir: false,
	logLevel: 'warn',
	plugins: [minifyTemplates()],
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
	minify: true,
	lib: { entry: fromRoot('widget/drop-in.ts'), formats: ['es' as const], fileName: () => 'live-feed.js' },
	// Vite keeps the white space of a library; this one goes to browsers as it is.
	rolldownOptions: {
		output: {
			codeSplitting: false,
			minify: { compress: { dropConsole: true, dropDebugger: true }, mangle: true, codegen: true },
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
