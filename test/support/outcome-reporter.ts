// Writes down the outcome of each test that runs in Node as soon as vitest knows it.
// Knows vitest's reporters; never knows who reads what is written.
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule, TestSpecification } from 'vitest/node';
import { writeOutcome } from './outcomes.ts';
import { ROOT } from './sources.ts';

export class OutcomeReporter implements Reporter {
	/** Files with a failed test: their own state says nothing new. */
	readonly #failed = new Set<string>();

	onTestRunStart(specifications: readonly TestSpecification[]): void {
		for (const { moduleId } of specifications) writeOutcome({ kind: 'planned', file: toFile(moduleId) });
	}

	onTestCaseResult(test: TestCase): void {
		const file = toFile(test.module.moduleId);
		const { state, errors = [] } = test.result();
		if (state === 'failed') this.#failed.add(file);
		if (state !== 'pending') writeOutcome({ kind: 'test', file, titles: titlesOf(test), state, ...messageOf(errors) });
	}

	onTestModuleEnd(module: TestModule): void {
		const file = toFile(module.moduleId);
		const errors = [module, ...module.children.allSuites()].flatMap((one) => one.errors());
		const isFailed = errors.length > 0 || (module.state() === 'failed' && !this.#failed.has(file));
		writeOutcome({
			kind: 'file',
			file,
			...(isFailed ? { message: 'failed outside of its tests' } : {}),
			...messageOf(errors),
		});
	}

	onTestRunEnd(_modules: readonly TestModule[], errors: readonly SerializedError[]): void {
		for (const error of errors) writeOutcome({ kind: 'error', message: 'unknown error', ...messageOf([error]) });
	}
}

function toFile(moduleId: string): string {
	return path.relative(ROOT, moduleId).split(path.sep).join('/');
}

function titlesOf(test: TestCase): string[] {
	const titles = [test.name];
	for (let { parent } = test as Pick<TestCase, 'parent'>; parent.type === 'suite'; parent = parent.parent)
		titles.unshift(parent.name);
	return titles;
}

/** The errors as text, with the line of the test that each is about. */
function messageOf(
	errors: readonly { message: string; diff?: string; stacks?: readonly { file: string; line: number }[] }[],
): {
	message?: string;
} {
	if (errors.length === 0) return {};
	const texts = errors.map(({ message, diff, stacks = [] }) => {
		const [top] = stacks;
		return [message, diff, top && `at ${toFile(top.file)}:${top.line}`].filter(Boolean).join('\n');
	});
	return { message: stripVTControlCharacters(texts.join('\n')) };
}
