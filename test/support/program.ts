// Programs of the machine that a test needs and that no package brings.
// Knows how one is looked for and what Debian calls it; never knows what it is for.
import { spawnSync } from 'node:child_process';

/** Program → the package of Debian that has it. */
const PACKAGES = {
	buildah: 'buildah',
	curl: 'curl',
	debootstrap: 'debootstrap',
	nc: 'netcat-openbsd',
	php: 'php-cli',
	python3: 'python3',
	'systemd-analyze': 'systemd',
	unshare: 'util-linux',
} as const;

/** @throws Error that says what to install, where one is missing: a test that is skipped says nothing. */
export function needPrograms(...names: (keyof typeof PACKAGES)[]): void {
	const missing = names.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
	if (missing.length === 0) return;
	const packages = missing.map((name) => PACKAGES[name]).join(' ');
	throw new Error(
		`This test runs ${missing.join(' and ')}, and the machine has none. On Debian: apt-get install ${packages}`,
	);
}
