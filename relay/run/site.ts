// What the relay serves to pages, built from its source: once, or at every save.
// Knows the build and what it is made of; never knows the relay.
import { existsSync, watch } from 'node:fs';
import path from 'node:path';
import { ROOT } from './engine.ts';
import type { MakeSite } from './serve.ts';
import { messageOf, report, say } from './terminal.ts';

type Builder = typeof import('../../widget/build/build.ts');

/** Builds site and relay once. What builds is loaded then, so that a start in vain is told so before. */
export const makeSite: MakeSite = async () => {
	say('Building widget, demo and relay …');
	const builder = await import('../../widget/build/build.ts');
	await builder.buildSite();
	await builder.buildObjects();
	return async () => {};
};

/** Builds now, and again at every save. */
export const watchSite: MakeSite = async () => {
	const builder = await import('../../widget/build/build.ts');
	await builder.buildSite();
	let built = 0;
	const watcher = await builder.watchSite((error) => {
		if (error) report(`widget: ${error.message}`, true);
		else if (++built > 1) report('widget rebuilt');
	});
	const closeDemo = watchDemo(builder);
	return async () => {
		closeDemo();
		await watcher.close();
	};
};

function watchDemo(builder: Builder): () => void {
	const demo = path.join(ROOT, 'demo');
	if (!existsSync(demo)) return () => {};
	let timer: NodeJS.Timeout | undefined;
	const pages = watch(demo, { recursive: true }, () => {
		clearTimeout(timer);
		timer = setTimeout(() => {
			builder.copyDemo().then(
				() => report('demo copied'),
				(error) => report(`demo: ${messageOf(error)}`, true),
			);
		}, 100);
	});
	return () => pages.close();
}
