// The files of this repository and what each of them imports.
// Knows syntax and paths; never knows which import is allowed.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';

/** The directory that holds package.json, without a slash at the end. */
export const ROOT = path.resolve(fileURLToPath(new URL('../..', import.meta.url)));

export interface Import {
	/** The importing file, from the root, with forward slashes. */
	from: string;
	/** A file from the root, or a package's name with its path. */
	to: string;
	isPackage: boolean;
}

/** Source files below the directories, from the root, with forward slashes. */
export function listSources(directories: readonly string[], endings = /\.(ts|mjs|js|html)$/): string[] {
	return directories
		.flatMap((directory) =>
			readdirSync(path.join(ROOT, directory), { recursive: true }).map((file) => `${directory}/${file}`),
		)
		.map((file) => file.split(path.sep).join('/'))
		.filter((file) => endings.test(file) && !file.endsWith('.d.ts'))
		.sort();
}

/** Everything a file imports: static, dynamic, re-exported, types too. For a page, its scripts and their imports. */
export function readImports(from: string): Import[] {
	const text = readFileSync(path.join(ROOT, from), 'utf8');
	const specifiers = from.endsWith('.html') ? readPage(text) : readModule(from, text);
	return specifiers.map((specifier) => {
		const isPackage = !/^[./]/.test(specifier);
		const to = specifier.startsWith('.') ? path.posix.join(path.posix.dirname(from), specifier) : specifier;
		return { from, to, isPackage };
	});
}

function readPage(html: string): string[] {
	const sources = [...html.matchAll(/<script\b[^>]*\bsrc\s*=\s*["']([^"']+)/gi)].map((match) => match[1] ?? '');
	const scripts = [...html.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script>/gi)].map((match) => match[1] ?? '');
	return [...sources, ...scripts.flatMap((script) => readModule('page.js', script))];
}

function readModule(name: string, text: string): string[] {
	const { program, module, errors } = parseSync(name, text);
	if (errors.length > 0) throw new Error(`${name} cannot be read: ${errors[0]?.message}`);
	const found = [
		...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
		...module.staticExports.flatMap(({ entries }) => entries.map((entry) => entry.moduleRequest?.value)),
	];
	visit(program, (node) => {
		// `import('x')` as an expression, and in a type
		if (node.type !== 'ImportExpression' && node.type !== 'TSImportType') return;
		const { source } = node as { source?: { value?: unknown } };
		if (typeof source?.value === 'string') found.push(source.value);
	});
	return [...new Set(found.filter((specifier) => specifier !== undefined))];
}

/** Every node of a syntax tree, parents first. */
export function visit(node: unknown, onNode: (node: { type: string }) => void): void {
	if (typeof node !== 'object' || node === null) return;
	if ('type' in node && typeof node.type === 'string') onNode(node as { type: string });
	for (const child of Object.values(node)) visit(child, onNode);
}
