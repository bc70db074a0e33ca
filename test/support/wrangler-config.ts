// The configuration by which wrangler deploys the relay.
// Knows its form, JSON with comments on lines of their own; never knows what a value means.
import { readFileSync } from 'node:fs';

export interface WranglerConfig {
	name: string;
	main: string;
	compatibility_date: string;
	durable_objects: { bindings: { name: string; class_name: string }[] };
	migrations: { tag: string; new_sqlite_classes: string[] }[];
	assets: { directory: string; binding: string; html_handling: string; run_worker_first: string[] };
	vars: Record<string, string>;
}

export function readWranglerConfig(file: string): WranglerConfig {
	return JSON.parse(readFileSync(file, 'utf8').replace(/^\s*\/\/.*$/gm, '')) as WranglerConfig; // our own file
}
